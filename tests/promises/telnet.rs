//! Telnet commands (RFC 854) in the stream: removed from the text, declined, answered.

use wac_tests::{Peer, Server};

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const AYT: u8 = 246;
const DM: u8 = 242;
const NOP: u8 = 241;
const SE: u8 = 240;

const NOTHING: [u8; 0] = [];

/// Sends bytes, and returns the raw bytes that came back before a fence.
fn answers(peer: &mut Peer, sent: &[u8]) -> Vec<u8> {
    peer.send_bytes(sent);
    peer.send("PING fence");
    let mut came = peer.bytes_through(b"PONG fence\r\n");
    came.truncate(came.len() - b"PONG fence\r\n".len());
    came
}

#[test]
fn an_offer_is_declined_once() {
    let server = Server::start();
    let mut peer = server.connect();
    assert_eq!(answers(&mut peer, &[IAC, WILL, 24]), [IAC, DONT, 24]);
    assert_eq!(answers(&mut peer, &[IAC, DO, 1]), [IAC, WONT, 1]);
    // A repeated offer is not declined again, so that two ends cannot decline for ever.
    assert_eq!(answers(&mut peer, &[IAC, WILL, 24, IAC, DO, 1]), NOTHING);
}

#[test]
fn a_timing_mark_is_answered_each_time() {
    let server = Server::start();
    let mut peer = server.connect();
    for _ in 0..3 {
        assert_eq!(answers(&mut peer, &[IAC, DO, 6]), [IAC, WONT, 6]);
    }
}

#[test]
fn each_option_is_declined_separately() {
    let server = Server::start();
    let mut peer = server.connect();
    let offers: Vec<u8> = (0..=255)
        .flat_map(|option| [IAC, WILL, option, IAC, DO, option])
        .collect();
    let declined: Vec<u8> = (0..=255)
        .flat_map(|option| [IAC, DONT, option, IAC, WONT, option])
        .collect();
    assert_eq!(answers(&mut peer, &offers), declined);
}

#[test]
fn refusals_of_options_are_not_answered() {
    let server = Server::start();
    let mut peer = server.connect();
    assert_eq!(
        answers(&mut peer, &[IAC, WONT, 24, IAC, DONT, 1, IAC, NOP]),
        NOTHING
    );
    assert_eq!(
        answers(
            &mut peer,
            &[IAC, SB, 24, 0, b'v', b't', b'\n', IAC, IAC, IAC, SE]
        ),
        NOTHING
    );
}

#[test]
fn are_you_there_is_answered() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send_bytes(&[IAC, AYT]);
    peer.expect("* yes");
    peer.silent_until_fence();
}

#[test]
fn a_doubled_iac_is_the_byte_255_which_is_not_utf_8() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send_bytes(b"MSG a\xff\xffb\n");
    ann.expect("! not valid UTF-8");
    bob.silent_until_fence();
}

#[test]
fn commands_are_removed_from_a_line_wherever_they_are_split() {
    let server = Server::setup().with("--shards", "1").start();
    let (mut ann, mut bob, mut pacer) = (server.user("ann"), server.user("bob"), server.connect());
    let line = [
        b"MSG h".as_slice(),
        &[IAC, NOP],
        b"el",
        &[IAC, SB, 24, 0, b'x', IAC, IAC, IAC, SE],
        b"l",
        &[IAC, WONT, b'\n'],
        "\u{f6}".as_bytes(),
        &[IAC, DONT, IAC],
        b"!\n",
    ]
    .concat();
    for cut in 1..line.len() {
        ann.send_bytes(&line[..cut]);
        // An answer to another connection of the same shard: the bytes sent before have been read.
        pacer.fence();
        ann.send_bytes(&line[cut..]);
        bob.expect("ann: hell\u{f6}!");
    }
    ann.silent_until_fence();
}

/// A Synch (RFC 854): its last byte is urgent data, at which the system stops a read.
#[test]
fn a_synch_removes_nothing_and_the_text_after_it_is_read() {
    let server = Server::start();
    let (mut ann, mut bob) = (
        Peer::user(server.plain_address(), "ann"),
        server.user("bob"),
    );
    for _ in 0..3 {
        server.while_stopped(|| {
            ann.send_bytes(b"MSG hel");
            ann.send_urgent(&[IAC, DM]);
            ann.send_bytes(b"lo\n");
        });
        bob.expect("ann: hello");
    }
    ann.silent_until_fence();
}

#[test]
fn an_offer_is_declined_wherever_it_is_split() {
    let server = Server::setup().with("--shards", "1").start();
    let mut pacer = server.connect();
    for cut in 1..3 {
        let mut peer = server.connect();
        let offer = [IAC, WILL, 24];
        peer.send_bytes(&offer[..cut]);
        pacer.fence();
        assert_eq!(answers(&mut peer, &offer[cut..]), [IAC, DONT, 24]);
    }
}
