//! Only its own socket makes a session too slow: it must have refused bytes that have since left the
//! window.
//!
//! The failure: a session was judged by where its cursor stood, and closed although its socket had
//! never refused anything.

use wac_tests::{Peer, Server, converse};

const TEXT_BYTES: usize = 1000;

fn server() -> Server {
    Server::setup()
        .with("--window", "64KiB")
        .with("--shards", "2")
        .start()
}

#[test]
fn only_the_stuck_reader_is_closed() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut reading: Vec<Peer> = (0..10).map(|_| server.connect()).collect();
    let stuck = server.connect_narrow();
    for round in 0..20 {
        converse(
            &mut ann,
            "ann",
            &mut bob,
            round * 100..round * 100 + 100,
            TEXT_BYTES,
        );
        for reader in &mut reading {
            assert_eq!(reader.fence().len(), 100);
        }
    }
    server.wait_for_ends(1, "TooSlow");
    for reader in &mut reading {
        reader.silent_until_fence();
    }
    assert_eq!(server.ends("TooSlow"), 1);
    drop(stuck);
}

#[test]
fn a_reader_whose_socket_took_everything_is_not_slow() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut pausing: Vec<Peer> = (0..20).map(|_| server.connect()).collect();
    // 120 KB: nearly twice the window, less than the buffers of one socket take.
    converse(&mut ann, "ann", &mut bob, 0..120, TEXT_BYTES);
    for reader in &mut pausing {
        assert_eq!(reader.fence().len(), 120);
    }
    assert_eq!(server.ends("TooSlow"), 0);
}

#[test]
fn a_reader_that_is_full_while_nobody_talks_is_not_slow() {
    // Less than the window is waiting for the reader.
    let server = Server::setup().with("--window", "4MiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut full = server.connect_narrow();
    converse(&mut ann, "ann", &mut bob, 0..2000, TEXT_BYTES);
    ann.silent_until_fence();
    assert_eq!(full.fence().len(), 2000);
}
