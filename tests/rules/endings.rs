//! The end is the last item: a session ends after its last line, and its peer can read to the end.
//!
//! The failure: a plain `close` with unread input resets the connection, and the kernel discards the
//! bytes not sent yet: 200 of 200 readers lost lines.

use wac_tests::{Peer, Server, Setup, Signal, converse};

const READERS: usize = 200;
const LINES: usize = 100;
/// 100 KB in total: the server's socket takes it, but the peer's does not take it at once.
const TEXT_BYTES: usize = 1000;

/// 20 KB that a reader sends and the server does not read: more than it holds of one connection's input.
fn unread_input() -> Vec<u8> {
    format!("PING {}\n", "x".repeat(990))
        .repeat(20)
        .into_bytes()
}

/// Limits everyone on TCP to one line; peers on the Unix socket are not held back.
fn limited(setup: Setup) -> Setup {
    setup.with("--flood-burst", "1").with("--flood-rate", "1")
}

/// Returns the number of room lines that a reader received.
fn room_lines(lines: &[String]) -> usize {
    lines
        .iter()
        .filter(|line| line.starts_with("ann: "))
        .count()
}

#[test]
fn in_a_stop_readers_with_unread_input_get_every_line_and_the_closing_line() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let setup = Server::setup()
        .listen_as_usual()
        .listen_unix(&folder.path().join("wac.sock"));
    let server = limited(setup).start();
    let unix = server.addresses().len() - 1;
    let (mut ann, mut bob) = (server.connect_at(unix), server.connect_at(unix));
    ann.log_in("ann");
    let mut readers: Vec<Peer> = (0..READERS).map(|_| server.connect_narrow()).collect();
    for reader in &mut readers {
        reader.send_bytes(&unread_input());
    }
    converse(&mut ann, "ann", &mut bob, 0..LINES, TEXT_BYTES);
    server.signal(Signal::SIGTERM);
    for reader in readers {
        let rest = reader.read_to_end();
        rest.whole();
        assert_eq!(room_lines(&rest.lines), LINES);
        assert_eq!(
            rest.lines.last().map(String::as_str),
            Some("* closing: the server is stopping")
        );
    }
    drop((ann, bob));
    assert_eq!(server.wait_for_exit().code, Some(0));
}

#[test]
fn after_quit_readers_with_unread_input_get_every_line_and_the_closing_line() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut readers: Vec<Peer> = (0..READERS).map(|_| server.connect_narrow()).collect();
    // Of so many visitors not each one's end would be logged.
    for (number, reader) in readers.iter_mut().enumerate() {
        reader.log_in(&format!("u{number}"));
    }
    converse(&mut ann, "ann", &mut bob, 0..LINES, TEXT_BYTES);
    let input = [b"QUIT\n".to_vec(), unread_input()].concat();
    for reader in &mut readers {
        reader.send_bytes(&input);
    }
    server.wait_for_ends(READERS, "Quit");
    for reader in readers {
        let rest = reader.read_to_end();
        rest.whole();
        assert_eq!(room_lines(&rest.lines), LINES);
        assert_eq!(
            rest.lines.last().map(String::as_str),
            Some("* closing: goodbye")
        );
    }
}

#[test]
fn a_name_is_free_only_after_its_last_line_and_its_leave_notice() {
    for _ in 0..5 {
        let server = Server::setup().with_notices().with("--shards", "2").start();
        let mut watching = server.connect();
        let (mut first, mut next) = (server.user("ann"), server.connect());
        first.send_bytes(b"MSG one\nMSG last words\n");
        drop(first);
        next.log_in_once_free("ann");
        watching.expect("* ann joined");
        watching.expect("ann: one");
        watching.expect("ann: last words");
        watching.expect("* ann left");
        watching.expect("* ann joined");
        watching.silent_until_fence();
    }
}

#[test]
fn a_user_who_quits_receives_every_earlier_line_and_nothing_later() {
    let server = Server::setup().with("--shards", "2").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send_bytes("MSG before\n".repeat(50).as_bytes());
    ann.silent_until_fence();
    bob.send("QUIT");
    let rest = bob.read_to_end();
    rest.whole();
    assert_eq!(rest.lines[..50], ["ann: before"; 50]);
    assert_eq!(rest.lines[50..], ["* closing: goodbye"]);
}

#[test]
fn input_after_quit_is_read_and_dropped() {
    let server = Server::start();
    let mut ann = server.user("ann");
    let writer = ann.writer();
    ann.send("QUIT");
    // Within the 2 s in which the server reads and drops, sending does not fail.
    for _ in 0..100 {
        writer
            .send_bytes(&unread_input())
            .expect("the server still accepts input");
    }
    ann.expect_end(&["* closing: goodbye"]);
}
