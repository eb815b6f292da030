//! `wac listen`: prints the lines of the room, and loses none.

use std::io::Write;

use wac_tests::{Peer, Server, converse, numbered, wait_until};

use crate::run::{Running, wac};
use crate::stand_in::{greets, listener};
use crate::term::at;

/// A listener named lis, logged in.
#[track_caller]
fn listening(server: &Server, flags: &[&str], bob: &mut Peer) -> Running {
    let target = format!("lis@{}", at(server));
    let listening = Running::start(wac(&[&["listen", &*target], flags].concat()));
    bob.lines_until("* lis joined");
    listening
}

fn server() -> (Server, Peer) {
    let server = Server::setup().with_notices().start();
    let bob = server.user("bob");
    (server, bob)
}

#[test]
fn only_messages_are_printed() {
    let (server, mut bob) = server();
    let mut listening = listening(&server, &[], &mut bob);
    bob.send("W lis psst");
    bob.send("MSG hello: there");
    assert_eq!(listening.line(), "bob: hello: there");
    let _stopped = server.stop();
    let ran = listening.ends_by_itself();
    let lost = "wac: connection lost: the server is stopping\n";
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(4), "", lost));
}

#[test]
fn listen_ends_after_the_requested_number_of_matches() {
    let (server, mut bob) = server();
    let mut eve = server.user("eve");
    let flags = [
        "--from",
        "BOB",
        "--match",
        "^[0-9]+$",
        "--whispers",
        "--count",
        "3",
    ];
    let listening = listening(&server, &flags, &mut bob);
    eve.send("MSG 0");
    eve.fence();
    for line in ["MSG 1", "MSG two", "W lis 3", "MSG 4", "MSG 5"] {
        bob.send(line);
    }
    let ran = listening.ends_by_itself();
    let printed = "bob: 1\nbob whispers, \"3\"\nbob: 4\n";
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), printed, ""));
}

#[test]
fn listen_works_without_a_name() {
    let (server, mut bob) = server();
    let target = at(&server);
    let flags = ["--format", "{from}|{text}", "--count", "3"];
    let mut listening = Running::start(wac(&[&["listen", &*target][..], &flags].concat()));
    let mut number = 0;
    // A listener without a name is not announced.
    wait_until("it has received enough", || {
        number += 1;
        bob.send(&format!("MSG {number}"));
        listening.has_ended()
    });
    let ran = listening.ends();
    let heard = ran
        .out
        .lines()
        .map(|line| line.strip_prefix("bob|")?.parse().ok());
    let heard: Vec<u32> = heard.map(|number| number.expect("a number")).collect();
    assert_eq!(heard, [heard[0], heard[0] + 1, heard[0] + 2]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
}

#[test]
fn a_program_reads_json() {
    let (server, mut bob) = server();
    let mut listening = listening(&server, &["--json", "--whispers"], &mut bob);
    bob.send("W lis a \"b\"\\\tc");
    let line = listening.line();
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["kind"], "whisper");
    assert_eq!(json["from"], "bob");
    assert_eq!(json["text"], "a \"b\"\\\tc");
    assert!(json["time"].as_str().unwrap().ends_with('Z'), "{line}");
}

#[test]
fn nothing_is_printed_that_a_terminal_would_obey() {
    let hostile = "\x1b]52;c;x\x07\u{9b}2J\u{202e}\u{e0041}\x7f";
    for flags in [&[][..], &["--json"], &["--format", "{from} {text}"]] {
        let listener = listener();
        let target = listener.local_addr().unwrap().to_string();
        let listening = Running::start(wac(&[&["listen", &*target], flags].concat()));
        let mut client = greets(&listener);
        let lines = format!("Eve: {hostile}\r\n* closing: {hostile}\r\n");
        client.write_all(lines.as_bytes()).unwrap();
        drop(client);
        let ran = listening.ends_by_itself();
        assert_eq!(ran.code, Some(4));
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
        for c in (ran.out + &ran.err).chars().filter(|c| *c != '\n') {
            assert!(!c.is_control() && !"\u{202e}\u{e0041}".contains(c), "{c:?}");
        }
    }
}

#[test]
fn a_timeout_ends_the_command() {
    let server = Server::start();
    let words = ["listen", &*at(&server), "--timeout", "1ms", "--count", "1"];
    let ran = Running::start(wac(&words)).ends_by_itself();
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(5), "", ""));
}

#[test]
fn a_name_may_be_refused() {
    let (server, _bob) = server();
    let listening = Running::start(wac(&["listen", &format!("bob@{}", at(&server))]));
    let ran = listening.ends_by_itself();
    let refused = "wac: login refused: the name bob is taken\n";
    assert_eq!((ran.code, &*ran.err), (Some(3), refused));
}

#[test]
fn a_second_name_is_used_if_the_first_is_taken() {
    let (server, mut bob) = server();
    let target = format!("bob@{}", at(&server));
    let words = [
        "listen",
        "--alt-name=bob2",
        "--whispers",
        "--count=1",
        &target,
    ];
    let listening = Running::start(wac(&words));
    bob.expect("* bob2 joined");
    bob.send("W bob2 psst");
    let ran = listening.ends_by_itself();
    let told = "wac: the name bob is taken; trying bob2\n";
    assert_eq!((ran.code, &*ran.err), (Some(0), told));
    assert_eq!(ran.out, "bob whispers, \"psst\"\n");
}

#[test]
fn a_closed_output_ends_the_client_quietly() {
    let (server, mut bob) = server();
    let mut listening = listening(&server, &[], &mut bob);
    listening.closes_output();
    bob.send("MSG anyone?");
    let ran = listening.ends_by_itself();
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
}

/// Unread lines wait in the socket, and the server closes a reader that is a window behind. A Unix
/// socket holds little.
#[test]
fn a_reader_that_stops_is_closed_and_has_no_hole() {
    const LINES: usize = 2000;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::setup()
        .listen_unix(&folder.path().join("wac"))
        .with("--window", "64KiB")
        .start();
    let (mut bob, mut carol) = (server.user("bob"), server.user("carol"));
    let mut listening = Running::start(wac(&["listen", &format!("lis@{}", at(&server))]));
    wait_until("it listens", || carol.online().len() == 3);
    converse(&mut bob, "bob", &mut carol, 0..LINES, 1000);
    server.wait_for_ends(1, "TooSlow");
    let mut heard = 0;
    while let Some(line) = listening.line_or_end() {
        assert_eq!(line, format!("bob: {}", numbered(heard, 1000)));
        heard += 1;
    }
    assert!((1..LINES).contains(&heard), "{heard} of {LINES}");
    let ran = listening.ends_by_itself();
    assert_eq!(ran.code, Some(4));
    assert!(ran.err.starts_with("wac: connection lost: "), "{}", ran.err);
}
