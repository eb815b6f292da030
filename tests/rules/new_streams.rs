//! A new stream is neither full nor ready: it is greeted before it can be called slow.
//!
//! The failure: a user who connected while a burst went through a small window was treated as full,
//! and closed as too slow before the greeting.

use std::sync::mpsc::{Receiver, channel};
use std::thread;

use wac_tests::{Peer, Server, numbered};

const NEWCOMERS: usize = 300;
const TEXT_BYTES: usize = 1000;
/// 128 KB: twice the window, and within what the buffers of a new socket take.
const BURST_LINES: usize = 128;

/// Sends one burst for each request.
fn burst_on_demand(mut ann: Peer, demand: &Receiver<()>) {
    let burst = format!("MSG {}\n", numbered(0, TEXT_BYTES)).repeat(BURST_LINES);
    while demand.recv().is_ok() {
        ann.send_bytes(burst.as_bytes());
        ann.fence();
    }
}

#[test]
fn a_connection_during_a_burst_is_greeted_first_and_not_closed() {
    let server = Server::setup()
        .with("--window", "64KiB")
        .with("--shards", "2")
        .start();
    let ann = server.user("ann");
    let mut listening = server.connect();
    let (burst, demand) = channel();
    let talking = thread::spawn(move || burst_on_demand(ann, &demand));
    for _ in 0..NEWCOMERS {
        burst.send(()).expect("ann is there");
        // `connect` accepts nothing but a greeting as the first line.
        let mut newcomer = server.connect();
        newcomer.fence();
        for _ in 0..BURST_LINES {
            listening.expect_starting("ann: ");
        }
        let heard = newcomer.fence();
        assert!(
            heard.iter().all(|line| line.starts_with("ann: ")),
            "{heard:?}"
        );
    }
    drop(burst);
    talking.join().expect("ann talks without failing");
    assert_eq!(server.ends("TooSlow"), 0);
}
