//! The link between one node and the broker fails, while the broker and the other node go on: up to the node's patience nothing is
//! missed, after it the node's people are closed, and have left.

use std::time::Duration;

use wac_tests::{Brokers, Link, Peer, Relay, Server, Setup, wait_until};

use crate::chat::{Chat, assert_same, numbers};
use crate::cut_off::SHORT;
use crate::gone_nodes::{NAMES, is_leave, read_leaves};
use crate::{BACK, CUT_OFF, SILENT, read_to_ends, wait_for_joins};

/// Lines that somebody says or reads.
const SOME: usize = 50;
/// The time after which something is under way in a link that people talk over.
const MOMENT: Duration = Duration::from_millis(300);

/// Starts two nodes, the second of which speaks to the broker through a relay.
fn room(brokers: &Brokers, setup: &Setup) -> (Relay, [Server; 2]) {
    let relay = Relay::to(brokers.address());
    let through_relay = format!("nats://{}", relay.address());
    let through_relay = setup.clone().with("--cluster", &through_relay);
    let nodes = [setup, &through_relay].map(Setup::launch);
    (relay, nodes.map(Server::ready))
}

/// Has people talk while the link is in one state after another for a while, and then open again.
#[track_caller]
fn nothing_is_missed(states: &[(Link, Duration)]) {
    let brokers = Brokers::one();
    let (relay, nodes) = room(&brokers, &brokers.node());
    let mut chat = Chat::begin(&nodes);
    chat.goes_on(SOME);
    for &(link, time) in states {
        relay.set(link);
        chat.listeners[0].reads_for(time);
    }
    relay.set(Link::Open);
    chat.listeners[1].hears(SILENT);
    chat.listeners[1].hears(BACK);
    chat.goes_on(SOME);
    let is_told = |line: &String| line == SILENT || line == BACK;
    assert!(!chat.listeners[0].log.iter().any(is_told));
    chat.end();
}

#[test]
fn nothing_is_missed_over_a_link_that_is_cut_for_a_while() {
    nothing_is_missed(&[(Link::Silent, MOMENT), (Link::Closed, SHORT)]);
}

#[test]
fn nothing_is_missed_over_a_link_that_passes_everything_on_after_a_silence() {
    nothing_is_missed(&[(Link::Silent, SHORT)]);
}

#[test]
fn nothing_is_missed_over_a_link_that_is_cut_after_a_silence() {
    nothing_is_missed(&[(Link::Silent, SHORT), (Link::Closed, Duration::ZERO)]);
}

/// Has a link fail until the other node has declared the one behind it dead, and then opens it again.
#[track_caller]
fn people_leave_once_and_the_node_comes_back(link: Link) {
    let brokers = Brokers::one();
    let (relay, nodes) = room(&brokers, &brokers.node().with_notices());
    let mut listener = nodes[0].connect();
    let mut people = NAMES.map(|name| nodes[1].user(name));
    people.iter_mut().for_each(|person| drop(person.fence()));
    relay.set(link);
    people[0].send("MSG from beyond");
    let mut log = read_leaves(&mut listener);
    for lines in read_to_ends(people.into()) {
        assert_eq!(lines, [SILENT, CUT_OFF]);
    }
    let _others = NAMES.map(|name| nodes[0].user(name));
    relay.set(Link::Open);
    wait_for_joins(&nodes[1..], 2);
    // A link that is closed may have it, too: what the client could not send any more comes with the next connection.
    if link == Link::Silent {
        wait_until("the broker to have what was held up", || {
            brokers.have_kept("beyond")
        });
    }
    log.extend(all_is_read_on_both(&nodes, &mut listener));
    let mut left: Vec<_> = log.iter().filter(|line| is_leave(line)).collect();
    left.sort();
    assert_eq!(left, NAMES.map(|name| format!("* {name} left")).each_ref());
    assert!(!log.iter().any(|line| line.contains("beyond")));
}

/// Has people talk on both nodes, whose logs are to be the same from now on; returns what a listener on the first node reads.
#[track_caller]
fn all_is_read_on_both(nodes: &[Server; 2], listener: &mut Peer) -> Vec<String> {
    let mut newcomer = nodes[1].connect();
    newcomer.fence();
    let mut talkers = [nodes[0].user("ann"), nodes[1].user("bob")];
    for number in 0..SOME {
        for talker in &mut talkers {
            talker.send(&format!("MSG {number}"));
        }
    }
    talkers.iter_mut().for_each(|it| drop(it.fence()));
    talkers[0].send("MSG end");
    let log = listener.lines_until("ann: end");
    let read = newcomer.lines_until("ann: end");
    assert_same(&log[log.len() - read.len()..], &read);
    for name in ["ann", "bob"] {
        assert_eq!(numbers(&read, name), Vec::from_iter(0..SOME));
    }
    log
}

#[test]
fn the_people_behind_a_cut_link_leave_once_and_their_node_comes_back() {
    people_leave_once_and_the_node_comes_back(Link::Closed);
}

#[test]
fn what_a_silent_link_passes_on_after_its_node_was_missed_does_not_count() {
    people_leave_once_and_the_node_comes_back(Link::Silent);
}
