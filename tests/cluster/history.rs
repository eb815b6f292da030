//! History over nodes: a mark holds on each of them, and who moves from one to another misses nothing.

use wac_tests::{Brokers, Peer, Server, Signal};

use crate::nodes;

/// Returns the mark of where a connection reads.
#[track_caller]
fn mark(peer: &mut Peer) -> String {
    peer.send("MARK");
    loop {
        if let Some(mark) = peer.line().strip_prefix("MARK ") {
            return mark.to_owned();
        }
    }
}

/// Returns the lines of a replay.
#[track_caller]
fn replay(peer: &mut Peer, request: &str) -> Vec<String> {
    peer.send(request);
    while !peer.line().starts_with("* history: ") {}
    let mut lines = peer.lines_until("* history ends");
    lines.retain(|line| !line.starts_with("* at "));
    lines
}

/// Says a range of numbers as Ann, and waits until they are in the room.
#[track_caller]
fn say(ann: &mut Peer, numbers: std::ops::Range<usize>) {
    numbers.for_each(|number| ann.send(&format!("MSG {number}")));
    ann.fence();
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("ann: {number}")).collect()
}

#[test]
fn a_mark_of_one_node_holds_on_the_others() {
    let brokers = Brokers::one();
    let first: [Server; 1] = nodes(&brokers);
    let mut ann = first[0].user("ann");
    say(&mut ann, 0..30);
    // A node that comes later has what was said before.
    let second: [Server; 1] = nodes(&brokers);
    let (mut here, mut there) = (first[0].connect(), second[0].connect());
    let mark_here = mark(&mut here);
    assert_eq!(mark_here, mark(&mut there), "one place has one name");
    say(&mut ann, 30..60);
    let since = format!("SINCE {mark_here}");
    assert_eq!(replay(&mut there, &since), lines(30..60));
    assert_eq!(replay(&mut here, &since), lines(30..60));
    for peer in [&mut here, &mut there] {
        peer.fence();
        assert_eq!(replay(peer, "HIST 50"), lines(10..60));
    }
}

#[test]
fn who_moves_from_a_node_that_ends_misses_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let brokers = Brokers::one();
        let nodes: [_; 2] = nodes(&brokers);
        let (mut ann, mut bob) = (nodes[0].user("ann"), nodes[1].user("bob"));
        say(&mut ann, 0..10);
        let mark = mark(&mut bob);
        say(&mut ann, 10..20);
        let [first, second] = nodes;
        second.signal(signal);
        say(&mut ann, 20..30);
        let read = bob.read_to_end().lines;
        let _ = second.wait_for_exit();
        say(&mut ann, 30..40);
        let mut again = first.connect();
        let missed = replay(&mut again, &format!("SINCE {mark}"));
        assert_eq!(missed, lines(10..40));
        let read: Vec<_> = read
            .into_iter()
            .filter(|line| line.starts_with("ann: "))
            .collect();
        assert_eq!(
            read,
            missed[..read.len()],
            "what was read before is where it was"
        );
    }
}
