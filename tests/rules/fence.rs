//! Collect before perform: the rule that makes `PONG` a fence across shards.
//!
//! The failure: a shard answered a `PING`, or took its direct messages, before everything it had read
//! was in the log, so that a later `PONG` on another shard overtook an earlier line.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use wac_tests::{Peer, Server};

const ROUNDS: usize = 1000;
const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Lets one user talk and whisper to the next; once that user has the `PONG`, everyone else requests one.
fn round(users: &mut [Peer; 4], number: usize) {
    let (talker, addressee) = (number % 4, (number + 1) % 4);
    let sent = format!("MSG {number}\nW {} {number}\n", NAMES[addressee]);
    users[talker].send_bytes(sent.as_bytes());
    users[talker].silent_until_fence();
    let line = format!("{}: {number}", NAMES[talker]);
    let whisper = format!("{} whispers, \"{number}\"", NAMES[talker]);
    for listener in (0..4).filter(|listener| *listener != talker) {
        let heard = users[listener].fence();
        if listener == addressee {
            assert_eq!(heard, [&*line, &*whisper]);
        } else {
            assert_eq!(heard, [&*line]);
        }
    }
}

#[test]
fn lines_before_one_pong_come_before_every_later_pong() {
    let server = Server::setup().with("--shards", "2").start();
    let mut users = NAMES.map(|name| server.user(name));
    for number in 0..ROUNDS {
        round(&mut users, number);
    }
}

#[test]
fn the_fence_holds_while_others_keep_the_shards_busy() {
    let server = Server::setup().with("--shards", "2").start();
    let mut users = NAMES.map(|name| server.user(name));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let busy = server.connect();
            scope.spawn(|| keep_busy(busy, &over));
        }
        let finished = Finished(&over);
        (0..ROUNDS).for_each(|number| round(&mut users, number));
        drop(finished);
    });
}

fn keep_busy(mut peer: Peer, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        peer.send("WHO");
        peer.fence();
    }
}

/// Stops the busy users, even if a round fails.
struct Finished<'a>(&'a AtomicBool);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
