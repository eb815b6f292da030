//! Servers of another kind: told for what they are, at once where they speak, and left.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::thread;

use wac_tests::Setup;

use crate::run::{Running, wac};
use crate::stand_in::{Speaks, listener, stranger};
use crate::term::{Term, at};

/// Every way to start the client without a terminal.
const MODES: [&[&str]; 5] = [
    &["ann@{}"],
    &["send", "ann@{}", "hello"],
    &["listen", "{}"],
    &["listen", "ann@{}"],
    &["who", "{}"],
];

fn started(mode: &[&str], address: SocketAddr) -> Running {
    let words: Vec<String> = mode
        .iter()
        .map(|word| word.replace("{}", &address.to_string()))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Running::start(wac(&words))
}

/// Fails unless the client, in every mode, says what it found at the address and ends.
#[track_caller]
fn every_mode_tells(address: SocketAddr, found: &str) {
    let told = format!("wac: no WAC chat server answers at {address} ({found})\n");
    // At a time, for some wait for an answer.
    let running: Vec<_> = MODES.map(|mode| started(mode, address)).into();
    for (mode, client) in MODES.iter().zip(running) {
        let ran = client.ends();
        assert_eq!(
            (ran.code, &*ran.out),
            (Some(4), ""),
            "{mode:?}: {}",
            ran.err
        );
        assert!(ran.err.starts_with(&told), "{mode:?}: {}", ran.err);
    }
}

#[test]
fn a_server_that_speaks_first_is_quoted() {
    let ssh = stranger(Speaks::AtOnce, b"SSH-2.0-OpenSSH_9.2p1\r\n");
    every_mode_tells(ssh, "it said: SSH-2.0-OpenSSH_9.2p1");
    let mail = stranger(Speaks::AtOnce, b"* OK IMAP4rev1 ready\r\n");
    every_mode_tells(mail, "it said: * OK IMAP4rev1 ready");
}

#[test]
fn a_server_that_waits_to_be_asked_is_quoted() {
    let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>no</h1>\r\n";
    let web = stranger(Speaks::WhenSpokenTo, answer);
    every_mode_tells(web, "it said: HTTP/1.1 400 Bad Request");
}

#[test]
fn what_it_said_is_quoted_clean_and_short() {
    let hostile = "\x1b]0;owned\x07\u{9b}2J\u{202e}wood wood wood wood wood wood wood\r\n";
    let stranger = stranger(Speaks::AtOnce, hostile.as_bytes());
    let ran = started(MODES[4], stranger).ends();
    assert_eq!(ran.code, Some(4));
    let (told, _hint) = ran.err.split_once('\n').expect("it is told");
    let quoted = told.ends_with("(it said: wood wood wood wood wood wood wo)");
    assert!(quoted, "{told:?}");
}

#[test]
fn a_server_that_speaks_no_text_needs_no_line_end() {
    let database = stranger(Speaks::AtOnce, b"J\0\0\0\x0c8.0.36\0\x0b\0\0\0");
    every_mode_tells(database, "it said: J8.0.36");
    let binary = stranger(Speaks::WhenSpokenTo, b"\x01\x03\x01\x00\x02\x02\x16");
    every_mode_tells(binary, "it said no text");
}

#[test]
fn a_port_that_says_nothing_is_given_up_in_every_mode() {
    let silent = stranger(Speaks::WhenSpokenTo, b"");
    every_mode_tells(silent, "it said nothing for 10 s");
}

#[test]
fn a_port_that_closes_is_given_up() {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || while listener.accept().is_ok() {});
    every_mode_tells(address, "it closed the connection");
}

#[test]
fn a_person_is_told_while_it_connects_and_what_it_found() {
    let silent = stranger(Speaks::WhenSpokenTo, b"");
    let ssh = stranger(Speaks::AtOnce, b"SSH-2.0-OpenSSH_9.2p1\r\n");
    for terminal in ["xterm-256color", "dumb"] {
        let start = |target: String| Term::start_with(&[("TERM", terminal)], &[&target]);
        let mut named = start(format!("ann@{silent}"));
        let mut nameless = start(silent.to_string());
        for term in [&named, &nameless] {
            term.shows(&format!("connecting to {silent}"));
        }
        for term in [&mut named, &mut nameless] {
            term.ends(4);
            term.shows(&format!("wac: no WAC chat server answers at {silent}"));
        }
        let mut quoted = start(format!("ann@{ssh}"));
        quoted.ends(4);
        quoted.shows("(it said: SSH-2.0-Op");
    }
}

#[test]
fn a_stranger_in_the_place_of_a_known_server_is_told_and_tried_again() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("wac");
    let server = Setup::default().listen_unix(&path).start();
    let mut term = Term::start(&[&format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.types("half");
    term.shows_row("Ann▸ half");
    let _stopped = server.stop();
    term.shows_row("Ann⟳ half");
    // It may have been removed by the server already.
    let _ = std::fs::remove_file(&path);
    let ssh = UnixListener::bind(&path).expect("the path is free");
    let stranger = thread::spawn(move || {
        let (mut client, _) = ssh.accept().expect("the client comes back");
        client
            .write_all(b"SSH-2.0-x\r\n")
            .expect("the client reads");
    });
    term.shows("(it said: SSH-2.0-x)");
    stranger.join().expect("it said it");
    std::fs::remove_file(&path).expect("it is there");
    let _server = Setup::default().listen_unix(&path).start();
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸ half");
}
