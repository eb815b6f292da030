//! `wac send`: its exit code tells a script whether the message was sent.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use wac_tests::{Server, Signal};

use crate::run::{Running, run, wac};
use crate::stand_in::{greets, listener};
use crate::term::at;

fn ann(server: &Server) -> String {
    format!("ann@{}", at(server))
}

#[test]
fn a_message_is_sent() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let ran = run(&["send", &ann(&server), "hello", "there"], "not read");
    bob.expect("ann: hello there");
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""));
}

#[test]
fn each_line_of_the_input_is_a_message() {
    let server = Server::start();
    let mut bob = server.user("bob");
    // As an editor may save it: a byte order mark first.
    let input = "\u{feff}one\n\n/quit\r\nW bob \x1b[2Jx\nlast";
    let ran = run(&["send", &ann(&server)], input);
    for text in ["one", "/quit", "W bob x", "last"] {
        bob.expect(&format!("ann: {text}"));
    }
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
}

#[test]
fn each_line_of_the_message_is_a_message() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let ran = run(&["send", &ann(&server), "one\nQUIT\ntwo"], "");
    for text in ["one", "QUIT", "two"] {
        bob.expect(&format!("ann: {text}"));
    }
    assert_eq!(ran.code, Some(0));
}

#[test]
fn thousands_of_lines_are_all_accepted_before_send_ends() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let input: String = (0..5000).map(|n| format!("{n}\n")).collect();
    let ran = run(&["send", &ann(&server), "--confirm"], &input);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    (0..5000).for_each(|n| bob.expect(&format!("ann: {n}")));
}

#[test]
fn a_whisper_reaches_one_person() {
    let server = Server::start();
    let (mut bob, mut carol) = (server.user("bob"), server.user("carol"));
    let ran = run(&["send", &ann(&server), "--to", "Bob", "psst"], "");
    bob.expect("ann whispers, \"psst\"");
    carol.silent_until_fence();
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_refused_message_is_reported_and_not_confirmed() {
    let server = Server::start();
    let ran = run(&["send", &ann(&server), "--to", "nobody", "psst"], "");
    assert_eq!(ran.code, Some(7));
    assert_eq!(ran.err, "wac: refused: no user named nobody\n");
}

#[test]
fn send_needs_a_name_which_may_be_refused() {
    let server = Server::start();
    let ran = run(&["send", &at(&server), "hello"], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.starts_with("wac: a name is needed to send\nhint: "),
        "{}",
        ran.err
    );
    let _ann = server.user("ann");
    let ran = run(&["send", &ann(&server), "hello"], "");
    let refused = "wac: login refused: the name ann is taken\n";
    assert_eq!((ran.code, &*ran.err), (Some(3), refused));
    let ran = run(&["send", "--alt-name=ann2", &ann(&server), "hello"], "");
    let told = "wac: the name ann is taken; trying ann2\n";
    assert_eq!((ran.code, &*ran.err), (Some(0), told));
}

#[test]
fn without_a_listener_the_message_was_certainly_not_sent() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let target = format!("ann@{}", nobody.unwrap());
    let ran = run(&["send", "--confirm", &target, "hello"], "");
    assert_eq!(ran.code, Some(4));
    assert!(
        ran.err.starts_with("wac: cannot connect to "),
        "{}",
        ran.err
    );
}

#[test]
fn with_a_server_killed_before_the_message_it_was_certainly_not_sent() {
    let server = Server::setup().with_notices().start();
    let mut bob = server.user("bob");
    let sending = Running::start(wac(&["send", "--confirm", &ann(&server)]));
    bob.expect("* ann joined");
    server.signal(Signal::SIGKILL);
    let ran = sending.ends_by_itself();
    assert_eq!(ran.code, Some(4), "{}", ran.err);
}

#[test]
fn with_a_server_killed_after_the_message_it_is_not_confirmed() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut sending = Running::start(wac(&["send", "--confirm", &ann(&server)]));
    sending.types("one\n");
    bob.expect("ann: one");
    server.signal(Signal::SIGKILL);
    let ran = sending.ends_by_itself();
    assert_eq!(ran.code, Some(7));
    assert!(
        ran.err
            .starts_with("wac: not confirmed (1 sent): connection lost: "),
        "{}",
        ran.err
    );
}

/// A server that answers everything but the last line.
fn forgetful(listener: &TcpListener, last: &str) -> TcpStream {
    let mut client = greets(listener);
    let reading = client.try_clone().expect("there is a free file");
    for line in BufReader::new(reading).lines().map_while(Result::ok) {
        let answer = match line.split_once(' ') {
            _ if line == last => break,
            Some(("PING", text)) => format!("PONG {text}\r\n"),
            Some(("LIN", name)) => format!("* welcome, {name}\r\n"),
            None if line == "MARK" => "! unknown command MARK; HELP lists them\r\n".to_owned(),
            _ => continue,
        };
        client
            .write_all(answer.as_bytes())
            .expect("the client waits for the answer");
    }
    client
}

#[test]
fn without_the_fence_send_never_succeeds() {
    for (flags, last, code) in [
        (&["--confirm"][..], "PING wac taken", 7),
        (&["--confirm"], "MSG hello", 7),
        (&["--confirm"], "LIN ann", 4),
        (&[], "QUIT", 4),
    ] {
        let listener = listener();
        let target = format!("ann@{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || drop(forgetful(&listener, last)));
        let args = [&["send", &*target, "hello"], flags].concat();
        let ran = run(&args, "");
        server.join().unwrap();
        assert_eq!(ran.code, Some(code), "{last}: {}", ran.err);
    }
}

#[test]
fn a_timeout_ends_the_command() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut sending = Running::start(wac(&["send", &ann(&server), "--timeout", "1s"]));
    sending.types("one\n");
    bob.expect("ann: one");
    let ran = sending.ends_by_itself();
    let told = "wac: timed out: not confirmed (1 sent)\n";
    assert_eq!((ran.code, &*ran.err), (Some(5), told));
    let ran = run(&["send", &ann(&server), "--timeout", "10m", "two"], "");
    bob.expect("ann: two");
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
}

#[test]
fn a_throttled_sender_still_delivers_everything() {
    let server = Server::setup()
        .with("--flood-rate", "50")
        .with("--flood-burst", "5")
        .start();
    let mut bob = server.user("bob");
    let input: String = (0..20).map(|n| format!("{n}\n")).collect();
    let ran = run(&["send", "--confirm", &ann(&server)], &input);
    (0..20).for_each(|n| bob.expect(&format!("ann: {n}")));
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.err
            .starts_with("wac: slow down: your lines wait; --rate"),
        "{}",
        ran.err
    );
}

#[test]
fn contradictory_arguments_are_usage_errors() {
    for words in [
        &["send"][..],
        &["send", "ann@chat", "--rate", "5", "x"],
        &["send", "ann@chat", "--to", "a b", "x"],
        &["send", "ann@chat", "--timeout", "soon", "x"],
        &["ann@chat", "send", "ann@chat", "x"],
        &["listen", "chat", "--format", "{who}"],
        &["listen", "chat", "--match", "("],
        &["listen", "chat", "--count", "0"],
        &["listen", "chat", "--whispers"],
    ] {
        assert_eq!(run(words, "").code, Some(2), "{words:?}");
    }
}

#[test]
fn a_blank_message_is_a_usage_error() {
    let server = Server::start();
    let target = format!("ann@{}", at(&server));
    let ran = run(&["send", "--confirm", &target, " "], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("the message is blank"), "{}", ran.err);
    // Without a message on the command line, the input may be empty.
    assert_eq!(run(&["send", "--confirm", &target], "").code, Some(0));
}
