//! Paced appends: a burst waits until every shard has tried its sessions.
//!
//! The failure: one burst larger than the window was appended before the shard had tried its
//! sessions, and closed 400 of 400 healthy readers.

use wac_tests::{Crowd, Listen, Server, numbered};

const READERS: usize = 400;
const SENDERS: usize = 10;
/// Lines of each sender in each burst: together 160 KB, 2.5 times the window, and within what the buffers
/// of one socket take, so that not even a reader who pauses is slow.
const LINES: usize = 16;
const TEXT_BYTES: usize = 1000;
const BURSTS: usize = 10;

#[test]
fn a_burst_larger_than_the_window_closes_no_healthy_reader() {
    for shards in ["1", "2"] {
        let server = Server::setup()
            .with("--window", "64KiB")
            .with("--shards", shards)
            .start();
        let mut senders = Crowd::connect(server.address(), SENDERS);
        senders.log_in("u");
        let mut readers = Crowd::connect(server.address(), READERS);
        for burst in 0..BURSTS {
            everybody_sends(&mut senders, burst);
            hear(&mut readers, SENDERS * LINES);
            hear(&mut senders, (SENDERS - 1) * LINES);
        }
        assert_eq!(server.ends("TooSlow"), 0);
    }
}

/// Lets each sender send its part of the burst in one write.
fn everybody_sends(senders: &mut Crowd, burst: usize) {
    let message = |line| format!("MSG {}\n", numbered(burst * LINES + line, TEXT_BYTES));
    let part: String = (0..LINES).map(message).collect();
    for sender in senders.all() {
        senders.send_bytes(sender, part.as_bytes());
    }
}

/// Waits until everybody has received a number of lines.
fn hear(crowd: &mut Crowd, lines: usize) {
    let mut missing = crowd.all().len() * lines;
    crowd.listen("the burst", |_, event| {
        event.line();
        missing -= 1;
        Listen::enough_if(missing == 0)
    });
}
