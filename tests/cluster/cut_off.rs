//! Nodes that can't reach the brokers: up to their patience people wait, after it they are closed.

use std::thread;
use std::time::Duration;

use wac_tests::{Brokers, Peer, Server, Signal};

use crate::chat::Chat;
use crate::{BACK, CUT_OFF, SILENT, nodes, read_to_ends, wait_for_joins};

/// Less than the 20 s for which a node waits, by more than what a slow machine needs.
pub(crate) const SHORT: Duration = Duration::from_secs(12);

/// Expects to be told that the others are away, and then that they are back; returns some other lines, which come about then.
#[track_caller]
fn told(peer: &mut Peer, others: usize) -> Vec<String> {
    peer.expect(SILENT);
    let mut lines: Vec<_> = (0..=others).map(|_| peer.line()).collect();
    let back = lines.iter().position(|line| line == BACK);
    lines.remove(back.expect("it is told that they are back"));
    lines
}

#[test]
fn who_speaks_in_a_short_outage_is_heard_after_it() {
    let brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let (mut ann, mut bob) = (nodes[0].user("ann"), nodes[1].user("bob"));
    brokers.signal(0, Signal::SIGSTOP);
    ann.send_bytes(b"MSG 1\nMSG 2\nPING\n");
    bob.send("W ann psst");
    thread::sleep(SHORT);
    brokers.signal(0, Signal::SIGCONT);
    let mut read = told(&mut bob, 2);
    assert_eq!(read, ["ann: 1", "ann: 2"]);
    read = told(&mut ann, 2);
    read.sort();
    assert_eq!(read, ["PONG", "bob whispers, \"psst\""]);
    ann.silent_until_fence();
    bob.silent_until_fence();
}

#[test]
fn a_long_outage_closes_everybody_and_newcomers_are_told() {
    let brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let mut people: Vec<Peer> = nodes
        .iter()
        .zip(["ann", "bob"])
        .map(|(node, name)| node.user(name))
        .collect();
    people.extend(nodes.iter().map(Server::connect));
    people.iter_mut().for_each(|person| drop(person.fence()));
    brokers.signal(0, Signal::SIGSTOP);
    people[0].send("MSG into the void");
    for lines in read_to_ends(people) {
        assert_eq!(lines, [SILENT, CUT_OFF]);
    }
    for node in &nodes {
        let mut newcomer = node.connect();
        newcomer.expect(CUT_OFF);
    }
    brokers.signal(0, Signal::SIGCONT);
    wait_for_joins(&nodes, 2);
    let mut chat = Chat::begin(&nodes);
    chat.goes_on(50);
    let log = chat.end();
    assert!(!log.iter().any(|line| line.contains("void")));
}
