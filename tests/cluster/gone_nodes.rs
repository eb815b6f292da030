//! Nodes that die or freeze: their people leave everywhere at one place, their names are free, and nothing that they say later counts.

use std::thread;
use std::time::{Duration, Instant};

use wac_tests::{Brokers, Peer, Server, Signal};

use crate::chat::assert_same;
use crate::{CUT_OFF, start, wait_for_joins};

/// The time after which a node that is silent is dead, and some for the others to notice.
const MISSED_WITHIN: Duration = Duration::from_secs(25 + 5);
pub(crate) const NAMES: [&str; 3] = ["xan", "yul", "zoe"];

/// Three nodes, the last of which has three people.
fn room(brokers: &Brokers) -> ([Server; 3], [Peer; 3]) {
    let nodes: [Server; 3] = start(&brokers.node().with_notices());
    let people = NAMES.map(|name| nodes[2].user(name));
    (nodes, people)
}

pub(crate) fn is_leave(line: &str) -> bool {
    line.starts_with("* ") && line.ends_with(" left")
}

/// Reads until all three have left.
#[track_caller]
pub(crate) fn read_leaves(listener: &mut Peer) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    while lines.iter().filter(|line| is_leave(line)).count() < NAMES.len() {
        lines.push(listener.line());
    }
    lines
}

#[test]
fn the_people_of_a_killed_node_leave_once_and_their_names_are_free() {
    let brokers = Brokers::one();
    let (nodes, _people) = room(&brokers);
    let mut ann = nodes[0].user("ann");
    let mut listeners = [nodes[0].connect(), nodes[1].connect()];
    // Their nodes have read by then that the people came.
    listeners.iter_mut().for_each(|it| drop(it.fence()));
    nodes[2].signal(Signal::SIGKILL);
    let killed = Instant::now();
    let mut logs = [(); 2].map(|()| Vec::<String>::new());
    // What is said the whole time shows where the leaves stand.
    while !logs[0].iter().any(|line| is_leave(line)) {
        ann.send("MSG tick");
        logs[0].extend(listeners[0].fence());
        thread::sleep(Duration::from_millis(50));
        assert!(
            killed.elapsed() < MISSED_WITHIN,
            "nobody has missed the node"
        );
    }
    for (name, node) in NAMES.into_iter().zip([&nodes[0], &nodes[1], &nodes[0]]) {
        drop(node.user(name));
    }
    ann.send("MSG end");
    for (log, listener) in logs.iter_mut().zip(&mut listeners) {
        log.extend(listener.lines_until("ann: end"));
    }
    assert_same(&logs[0], &logs[1]);
    let first = |line: &str| logs[0].iter().position(|it| it == line);
    for name in NAMES {
        let (left, joined) = (
            first(&format!("* {name} left")),
            first(&format!("* {name} joined")),
        );
        assert!(
            left.is_some() && left < joined,
            "{name}: {left:?}, {joined:?}"
        );
    }
    let leaves = logs[0]
        .iter()
        .take_while(|line| !line.ends_with(" joined"))
        .filter(|line| is_leave(line));
    assert_eq!(leaves.count(), NAMES.len(), "one of each");
}

#[test]
fn a_node_that_was_frozen_past_its_lease_has_said_its_last() {
    let brokers = Brokers::one();
    let (nodes, mut people) = room(&brokers);
    let mut listeners = [nodes[0].connect(), nodes[1].connect()];
    people[0].send("MSG last");
    listeners
        .iter_mut()
        .for_each(|it| drop(it.lines_until("xan: last")));
    let mut logs = [(); 2].map(|()| Vec::new());
    nodes[2].while_stopped(|| {
        people[0].send("MSG from beyond");
        logs = listeners.each_mut().map(read_leaves);
        // Others may have the names meanwhile.
        drop(nodes[0].user("yul"));
    });
    for person in people {
        let lines = person.read_to_end().lines;
        assert_eq!(lines.last().map(String::as_str), Some(CUT_OFF), "{lines:?}");
    }
    wait_for_joins(&nodes[2..], 2);
    let mut back = nodes[2].user("xan");
    back.send("MSG again");
    for (log, listener) in logs.iter_mut().zip(&mut listeners) {
        log.extend(listener.lines_until("xan: again"));
        log.retain(|line| !line.contains("yul"));
        assert_eq!(log.iter().filter(|line| line.contains("beyond")).count(), 0);
    }
    assert_same(&logs[0], &logs[1]);
}
