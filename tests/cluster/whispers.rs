//! Whispers to another node: in order with what their sender says, once, refused as on one server, and in no file of a broker.

use std::thread;

use wac_tests::{Brokers, Peer, Server, Signal, wait_until};

use crate::{nodes, of_room};

/// A room of two nodes, with Ann on the first and Bob on the second.
fn ann_and_bob(brokers: &Brokers) -> ([Server; 2], Peer, Peer) {
    let nodes: [Server; 2] = nodes(brokers);
    let (ann, bob) = (nodes[0].user("ann"), nodes[1].user("bob"));
    (nodes, ann, bob)
}

/// Returns a line and a whisper of Ann's, by number.
fn as_bob_reads(number: usize) -> String {
    match number % 2 {
        0 => format!("ann: {number}"),
        _ => format!("ann whispers, \"{number}\""),
    }
}

fn say(number: usize) -> String {
    match number % 2 {
        0 => format!("MSG {number}\n"),
        _ => format!("W bob {number}\n"),
    }
}

#[test]
fn they_come_in_order_with_what_their_sender_says() {
    let brokers = Brokers::one();
    let (_nodes, mut ann, mut bob) = ann_and_bob(&brokers);
    for round in 0..20 {
        let numbers = round * 50..(round + 1) * 50;
        let said: String = numbers.clone().map(say).collect();
        ann.send_bytes(said.as_bytes());
        for number in numbers {
            bob.expect(&as_bob_reads(number));
        }
    }
    ann.silent_until_fence();
    bob.silent_until_fence();
}

#[test]
fn each_comes_once_though_the_broker_is_killed() {
    let mut brokers = Brokers::one();
    let (_nodes, mut ann, mut bob) = ann_and_bob(&brokers);
    for round in 0..3 {
        let numbers = round * 100..(round + 1) * 100;
        let said: String = numbers.clone().map(say).collect();
        ann.send_bytes(said.as_bytes());
        brokers.end(0, Signal::SIGKILL);
        brokers.start(0);
        let refused = ann.fence();
        assert_eq!(refused, [""; 0]);
        let expected: Vec<_> = numbers.map(as_bob_reads).collect();
        let read: Vec<_> = expected.iter().map(|_| bob.line()).collect();
        assert_eq!(read, expected);
    }
    bob.silent_until_fence();
}

#[test]
fn each_comes_once_though_it_was_sent_again() {
    let brokers = Brokers::one();
    let (nodes, mut ann, mut bob) = ann_and_bob(&brokers);
    nodes[1].while_stopped(|| {
        (0..10).for_each(|number| ann.send_bytes(say(number).as_bytes()));
        // By then her node has sent the first whisper several times.
        ann.expect("* server: the server of bob can't be reached; what you say waits");
    });
    ann.silent_until_fence();
    let expected: Vec<_> = (0..10).map(as_bob_reads).collect();
    assert_eq!(of_room(bob.fence()), expected);
}

#[test]
fn one_to_somebody_who_reads_nothing_is_refused() {
    let brokers = Brokers::one();
    let nodes: [_; 2] = nodes(&brokers);
    let mut ann = nodes[0].user("ann");
    let mut bob = nodes[1].connect_narrow();
    bob.log_in("bob");
    let text = "x".repeat(2000);
    let mut answers = Vec::new();
    for _ in 0..1000 {
        ann.send(&format!("W bob {text}"));
        answers.extend(ann.fence());
        if !answers.is_empty() {
            break;
        }
    }
    assert_eq!(
        answers.first().map(String::as_str),
        Some("! bob is not reading, try later")
    );
    bob.wait_for_unread();
    // Nobody else is held up.
    ann.send("MSG still here");
    nodes[0].connect().fence();
    assert_eq!(ann.online(), ["ann", "bob"]);
}

#[test]
fn of_those_to_a_killed_node_each_is_read_or_refused_and_none_read_twice() {
    let brokers = Brokers::one();
    let (nodes, mut ann, bob) = ann_and_bob(&brokers);
    let bob = thread::spawn(|| bob.read_to_end().lines);
    const COUNT: usize = 300;
    for number in 0..COUNT {
        ann.send(&format!("W bob {number}"));
        if number == COUNT / 2 {
            nodes[1].signal(Signal::SIGKILL);
        }
    }
    let mut refused = ann.fence();
    refused.retain(|line| !line.starts_with("* server: "));
    let expected = "! no user named bob";
    assert!(
        refused
            .iter()
            .all(|line| line == expected || line.starts_with("! bob is not reading")),
        "{refused:?}"
    );
    let mut read = bob.join().expect("he reads in peace");
    let came = read.len();
    read.dedup();
    assert_eq!(read.len(), came, "none twice");
    assert!(
        came + refused.len() <= COUNT,
        "{came} read, {} refused",
        refused.len()
    );
    println!("{came} read, {} refused", refused.len());
    wait_until("the name is free", || {
        ann.send("W bob are you there?");
        ann.fence() == [expected]
    });
}

#[test]
fn their_text_is_in_no_file_of_a_broker() {
    let mut brokers = Brokers::one();
    let (_nodes, mut ann, mut bob) = ann_and_bob(&brokers);
    ann.send_bytes(b"MSG open as day\nW bob dark as night\n");
    bob.expect("ann: open as day");
    bob.expect("ann whispers, \"dark as night\"");
    ann.fence();
    brokers.end(0, Signal::SIGTERM);
    assert!(brokers.have_kept("open as day"));
    assert!(!brokers.have_kept("dark as night"));
}
