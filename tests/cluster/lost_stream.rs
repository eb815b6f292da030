//! A stream that brokers lose, or put another in its place: whoever read the old one is closed, and nobody goes on with a hole.

use wac_tests::{Brokers, Peer, Server, Signal};

use crate::chat::Chat;
use crate::{CUT_OFF, SILENT, nodes, read_to_ends, start, wait_for_joins};

/// Logs people in, each on a node, and lets each say something that all read.
fn people(nodes: &[Server]) -> Vec<Peer> {
    let mut people: Vec<_> = nodes
        .iter()
        .zip(["ann", "bob", "cat"])
        .map(|(node, name)| node.user(name))
        .collect();
    for person in &mut people {
        person.send("MSG hi");
        person.fence();
    }
    people.iter_mut().for_each(|person| drop(person.fence()));
    people
}

/// Expects that everybody is closed for this reason, and that the nodes meet again.
#[track_caller]
fn cut_off_and_joined_again(nodes: &[Server], people: Vec<Peer>) {
    for mut lines in read_to_ends(people) {
        lines.retain(|line| line != SILENT);
        assert_eq!(lines, [CUT_OFF]);
    }
    wait_for_joins(nodes, 2);
    let mut chat = Chat::begin(nodes);
    chat.goes_on(50);
    chat.end();
}

#[test]
fn a_stream_in_memory_ends_with_its_broker() {
    let mut brokers = Brokers::one();
    let nodes: [_; 3] = start(&brokers.node().with("--cluster-storage", "memory"));
    let people = people(&nodes);
    brokers.end(0, Signal::SIGKILL);
    brokers.start(0);
    cut_off_and_joined_again(&nodes, people);
}

#[test]
fn a_stream_in_files_ends_with_them() {
    let mut brokers = Brokers::one();
    let nodes: [_; 3] = nodes(&brokers);
    let people = people(&nodes);
    brokers.end(0, Signal::SIGTERM);
    brokers.wipe(0);
    brokers.start(0);
    cut_off_and_joined_again(&nodes, people);
}

#[test]
fn a_stream_that_has_grown_past_the_old_one_is_recognised() {
    let brokers = Brokers::one();
    let nodes: [_; 1] = nodes(&brokers);
    let people = people(&nodes);
    nodes[0].while_stopped(|| brokers.replace_stream(100));
    cut_off_and_joined_again(&nodes, people);
    assert_eq!(
        nodes[0]
            .log()
            .count(|line| line.contains("why=OtherStream")),
        1
    );
}
