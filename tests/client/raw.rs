//! Raw mode: the lines of the protocol, unchanged.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use wac_tests::{Server, binary};

use crate::run::{Running, run, wac};
use crate::stand_in::listener;
use crate::term::{Term, at};

const GREETING: &str = "* WAC chat; log in with LIN <name>, HELP lists the commands\r\n";

#[test]
fn requests_are_answered_before_the_connection_closes() {
    let server = Server::start();
    let _bob = server.user("bob");
    let ran = run(
        &["--raw", &at(&server)],
        "PING x\nLIN ann\nWHO\n/who\nunfinished",
    );
    let lines = format!(
        "{GREETING}PONG x\r\n* welcome, ann\r\n* online (2): bob, ann\r\n\
         ! unknown command /who; HELP lists them\r\n"
    );
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    assert!(ran.out.starts_with(&lines), "{:?}", ran.out);
}

#[test]
fn a_pipe_gets_the_exact_bytes() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    let listener = listener();
    let address = listener.local_addr().unwrap().to_string();
    let echo = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut taken = Vec::new();
        client.read_to_end(&mut taken).unwrap();
        client.write_all(&taken).unwrap();
    });
    let mut child = Command::new(binary("wac"));
    child.args(["--raw", &address]).env_clear();
    child.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&bytes).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    echo.join().unwrap();
    assert!(output.stdout == bytes);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_terminal_obeys_nothing() {
    let listener = listener();
    let address = listener.local_addr().unwrap().to_string();
    let mut term = Term::start(&["--raw", &address]);
    let (mut client, _) = listener.accept().unwrap();
    client
        .write_all("Eve: \x1b]0;owned\x07\u{9b}2J\r\n".as_bytes())
        .unwrap();
    term.shows("Eve: ^[]0;owned^G<U+009B>2J");
    term.types("W Eve x\n");
    let mut line = [0; 8];
    client.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"W Eve x\n");
    assert!(!term.raw().contains('\x1b'), "{:?}", term.raw());
    drop(client);
    term.ends(0);
}

#[test]
fn raw_mode_chats_and_leaves() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start(&["--raw", &at(&server)]);
    term.types("LIN Ann\n");
    term.shows("* welcome, Ann");
    term.types("MSG hello\n");
    bob.expect("Ann: hello");
    bob.send("W Ann psst");
    term.shows("bob whispers, \"psst\"");
    term.types("\x04");
    term.ends(0);
}

#[test]
fn a_broken_connection_and_a_refused_one_are_reported() {
    let listener = listener();
    let address = listener.local_addr().unwrap().to_string();
    let mut running = Running::start(wac(&["--raw", &address]));
    let (mut client, _) = listener.accept().unwrap();
    running.types("x\n");
    client.read_exact(&mut [0; 2]).unwrap();
    let at_once = Some(Duration::ZERO);
    socket2::SockRef::from(&client).set_linger(at_once).unwrap();
    drop(client);
    let ran = running.ends_by_itself();
    assert_eq!(ran.code, Some(4));
    assert!(ran.err.starts_with("wac: connection lost: "), "{}", ran.err);
    drop(listener);
    assert_eq!(run(&["--raw", &address], "").code, Some(4));
    assert_eq!(run(&["--raw", "who"], "").code, Some(2));
}
