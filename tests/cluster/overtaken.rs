//! A node that is so slow that the brokers no longer keep what it has to read next: it is cut off, and nobody reads a room with a hole.

use std::slice;

use wac_tests::{Brokers, Peer, Server, Signal};

use crate::{CUT_OFF, nodes, of_room, wait_for_joins};

/// More than a broker sends ahead to a reader that does not answer.
const LINES: usize = 4000;
const LINE_BYTES: usize = 4000;

/// Says a lot, in large lines.
fn flood(talker: &mut Peer) {
    for number in 0..LINES {
        talker.send(&format!("MSG {number} {:x<LINE_BYTES$}", ""));
        if number % 100 == 0 {
            talker.fence();
        }
    }
    talker.fence();
}

/// Expects a beginning of what was said, and then the reason of the end: that it can't be read on, not that a patience is over.
#[track_caller]
fn assert_no_hole(node: &Server, listener: Peer) {
    let mut lines = of_room(listener.read_to_end().lines);
    assert_eq!(lines.pop().as_deref(), Some(CUT_OFF));
    for (number, line) in lines.iter().enumerate() {
        assert!(
            line.starts_with(&format!("ann: {number} ")),
            "not {number}: {:.20}",
            line
        );
    }
    wait_for_joins(slice::from_ref(node), 2);
    assert_eq!(node.log().count(|line| line.contains("why=OtherStream")), 1);
}

#[test]
fn by_what_was_said_while_it_slept() {
    let brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let mut ann = nodes[0].user("ann");
    let listener = nodes[1].connect();
    nodes[1].while_stopped(|| {
        flood(&mut ann);
        brokers.purge();
    });
    assert_no_hole(&nodes[1], listener);
}

#[test]
fn by_what_was_said_while_it_had_no_connection() {
    let mut brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let mut ann = nodes[0].user("ann");
    let listener = nodes[1].connect();
    nodes[1].while_stopped(|| {
        brokers.end(0, Signal::SIGKILL);
        brokers.start(0);
        for number in 0..100 {
            ann.send(&format!("MSG {number} and so on"));
            ann.fence();
        }
        brokers.purge();
    });
    assert_no_hole(&nodes[1], listener);
}
