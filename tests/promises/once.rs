//! Promise 2: a message reaches every other connection exactly once, or that connection is closed:
//! a stream that continues never has a gap.

use std::thread;

use wac_tests::{Peer, Server};

const LINES: usize = 500;

fn server() -> Server {
    Server::setup().with("--shards", "2").start()
}

fn said(number: usize) -> String {
    format!("ann: {number}")
}

fn talk(ann: &mut Peer) {
    for number in 0..LINES {
        ann.send(&format!("MSG {number}"));
    }
}

fn everything() -> Vec<String> {
    (0..LINES).map(said).collect()
}

#[test]
fn a_message_reaches_every_other_connection_exactly_once() {
    let server = server();
    let mut ann = server.user("ann");
    let mut others = vec![
        server.user("bob"),
        server.user("cat"),
        server.connect(),
        server.connect(),
    ];
    talk(&mut ann);
    ann.silent_until_fence();
    for other in &mut others {
        assert_eq!(other.fence(), everything());
    }
}

#[test]
fn a_message_reaches_visitors() {
    let server = server();
    let mut silent = server.connect();
    server.user("ann").send("MSG hello");
    silent.expect("ann: hello");
}

#[test]
fn a_connection_opened_in_the_middle_misses_nothing_that_follows() {
    let server = server();
    let mut ann = server.user("ann");
    let talking = thread::spawn(move || {
        for number in 0..LINES {
            ann.send(&format!("MSG {number}"));
            ann.silent_until_fence();
        }
    });
    let newcomers: Vec<Peer> = (0..20).map(|_| server.connect()).collect();
    talking.join().expect("ann talks without failing");
    for mut newcomer in newcomers {
        let heard = newcomer.fence();
        assert!(
            everything().ends_with(&heard),
            "not the end of what was said: {heard:?}"
        );
    }
}

#[test]
fn a_connection_closed_in_the_middle_costs_the_others_nothing() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut leaving: Vec<Peer> = (0..50).map(|_| server.connect()).collect();
    for number in 0..LINES {
        ann.send(&format!("MSG {number}"));
        if number % 10 == 0 {
            leaving.pop();
        }
    }
    ann.silent_until_fence();
    assert_eq!(bob.fence(), everything());
}
