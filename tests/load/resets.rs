//! Resets: connections that break while the server writes to them, or while they write.

use wac_tests::{Peer, Server, converse, numbered, wait_until};

const ROUNDS: usize = 10;
const PEOPLE: usize = 100;
const TEXT_BYTES: usize = 1000;
/// 400 KB: more than a narrow reader takes, so that the server is in the middle of a line with each.
const LINES: usize = 400;

#[test]
fn connections_reset_in_the_middle_of_writes_cost_the_others_nothing() {
    let server = Server::setup().with("--window", "64MiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let descriptors = server.open_descriptors();
    for round in 0..ROUNDS {
        let mut people: Vec<Peer> = (0..PEOPLE).map(|_| server.connect_narrow()).collect();
        for (number, peer) in people.iter_mut().enumerate() {
            peer.log_in(&format!("u{number}"));
        }
        let numbers = round * LINES..(round + 1) * LINES;
        converse(&mut ann, "ann", &mut bob, numbers, TEXT_BYTES);
        for (number, peer) in people.iter_mut().enumerate() {
            // Every other one is also in the middle of saying something, to nobody.
            if number.is_multiple_of(2) {
                peer.send(&format!("W nobody {}", numbered(number, TEXT_BYTES)));
                peer.send_bytes(b"W ann half a wh");
            }
        }
        people.into_iter().for_each(Peer::reset);
        converse(&mut bob, "bob", &mut ann, round..round + 1, TEXT_BYTES);
        server.wait_for_ends((round + 1) * PEOPLE, "PeerReset");
    }
    wait_until("the descriptors come back", || {
        server.open_descriptors() <= descriptors
    });
    assert_eq!(server.connect().online(), ["ann", "bob"]);
    let stopped = server.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.text());
}
