//! Client without a terminal: sends the lines of standard input, prints those of the server.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use wac_tests::{Server, Setup, binary, wait_until};

use crate::stand_in::{greets, listener};
use crate::term::at;

fn wac(target: &str) -> Command {
    let mut wac = Command::new(binary("wac"));
    wac.arg(target).env_clear();
    wac.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    wac
}

/// Runs the client to its end with an input.
fn run(target: &str, input: &str) -> Output {
    let mut child = wac(target).spawn().expect("wac can be started");
    let mut keyboard = child.stdin.take().expect("it was requested as a pipe");
    // It may have ended already, and the test checks its end.
    let _ = keyboard.write_all(input.as_bytes());
    drop(keyboard);
    child.wait_with_output().expect("it is our child")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it writes UTF-8")
}

#[test]
fn lines_are_sent_and_the_end_of_the_input_ends_the_client() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let output = run(
        &format!("ann@{}", at(&server)),
        "one\n//two\n/w bob three\n/who\nfour",
    );
    bob.expect("ann: one");
    bob.expect("ann: /two");
    bob.expect("ann whispers, \"three\"");
    bob.expect("ann: four");
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    let lines: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "* welcome, ann",
            "* online (2): bob, ann",
            "* closing: goodbye"
        ]
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn thousands_of_lines_are_all_sent_before_the_client_ends() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let input: String = (0..3000).map(|n| format!("{n}\n")).collect();
    let output = run(&format!("ann@{}", at(&server)), &input);
    assert_eq!(output.status.code(), Some(0));
    (0..3000).for_each(|n| bob.expect(&format!("ann: {n}")));
}

#[test]
fn unsendable_lines_are_reported_on_standard_error() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let input = format!("/hlep\n{}\n\nlast\n", "x".repeat(100_000));
    let output = run(&format!("ann@{}", at(&server)), &input);
    let told = text(&output.stderr);
    assert!(
        told.contains("wac: no command /hlep, did you mean /help?"),
        "{told}"
    );
    assert!(told.contains("wac: not sent: "), "{told}");
    bob.expect("ann: last");
}

#[test]
fn output_contains_no_control_characters_but_line_ends() {
    let listener = listener();
    let target = format!("ann@{}", listener.local_addr().unwrap());
    let child = wac(&target).spawn().unwrap();
    let mut client = greets(&listener);
    client
        .write_all("Eve: \x1b]52;c;x\x07\t\u{9b}2J\u{202e}\r\n".as_bytes())
        .unwrap();
    drop(client);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        text(&output.stdout).lines().nth(1),
        Some("Eve: ^[]52;c;x^G    <U+009B>2J<U+202E>")
    );
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_missing_name_is_a_usage_error() {
    let server = Server::start();
    let output = run(&at(&server), "hello\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no name to log in with"));
    assert_eq!(run("a b@chat", "").status.code(), Some(2));
}

#[test]
fn a_taken_name_ends_the_client() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let output = run(&format!("bob@{}", at(&server)), "hello\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        text(&output.stderr),
        "wac: login refused: the name bob is taken\n"
    );
    bob.silent_until_fence();
}

#[test]
fn a_port_without_a_listener_is_reported() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = run(&format!("ann@{nobody}"), "");
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).starts_with(&format!("wac: cannot connect to {nobody}: ")));
    assert_eq!(run("ann@unix:/nowhere/at/all", "").status.code(), Some(4));
}

/// Starts a client that has logged in, with its input open.
struct Chatting {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Chatting {
    fn begin(server: &Server, name: &str) -> Chatting {
        let mut child = wac(&format!("{name}@{}", at(server)))
            .spawn()
            .expect("wac can be started");
        let output = child.stdout.take().map(BufReader::new);
        let mut chatting = Chatting { child, output };
        while chatting.line() != format!("* welcome, {name}") {}
        chatting
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("it is read");
        assert_ne!(
            output.read_line(&mut line).expect("it is UTF-8"),
            0,
            "it has ended"
        );
        line.trim_end().to_owned()
    }

    #[track_caller]
    fn ends(&mut self, code: i32) {
        let mut ended = None;
        wait_until("it ends", || {
            ended = self.child.try_wait().expect("it is our child");
            ended.is_some()
        });
        assert_eq!(ended.expect("it has ended").code(), Some(code));
    }
}

impl Drop for Chatting {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_stopped_server_counts_as_a_lost_connection() {
    let server = Setup::default().start();
    let mut ann = Chatting::begin(&server, "ann");
    let _stopped = server.stop();
    assert_eq!(ann.line(), "* closing: the server is stopping");
    ann.ends(4);
}

#[test]
fn a_closed_output_ends_the_client_quietly() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut ann = Chatting::begin(&server, "ann");
    ann.output = None;
    bob.send("MSG anyone?");
    ann.ends(0);
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    let server = Server::start();
    let full = File::options().write(true).open("/dev/full");
    let mut wac = wac(&format!("ann@{}", at(&server)));
    wac.stdout(full.expect("there is such a device"));
    let mut child = wac.spawn().expect("wac can be started");
    let mut keyboard = child.stdin.take().expect("it was requested as a pipe");
    // It may have ended already.
    let _ = keyboard.write_all(b"hi\n/who\n");
    drop(keyboard);
    let output = child.wait_with_output().expect("it is our child");
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("cannot write the output: "), "{told}");
}

#[test]
fn a_server_that_never_answers_is_lost() {
    let listener = listener();
    let target = format!("ann@{}", listener.local_addr().unwrap());
    let child = wac(&target).stdin(Stdio::null()).spawn().unwrap();
    let _silent = greets(&listener);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        text(&output.stderr),
        "wac: connection lost: no answer for 10 s\n"
    );
}
