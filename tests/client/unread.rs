//! Terminals that nobody reads, and outputs that nobody reads any more.

use wac_tests::{Server, Signal, wait_until};

use crate::run::{Running, wac};
use crate::term::{Term, at};

/// A chat on a terminal that takes nothing any more, with more to write than fits.
fn stuck(server: &Server, flags: &[&str]) -> Term {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = folder.path().join("log");
    let flag = format!("--log={}", log.display());
    let target = format!("Ann@{}", at(server));
    let mut bob = server.user("bob");
    let term = Term::start(&[flags, &["--last=0", &*flag, &*target]].concat());
    term.shows("2 here");
    term.stops_reading();
    let long = "x".repeat(1000);
    (0..200).for_each(|_| bob.send(&format!("MSG {long}")));
    bob.send("MSG the end");
    wait_until("everything has come", || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("bob: the end")
    });
    term
}

#[test]
fn every_signal_ends_it() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        let server = Server::start();
        for flags in [&[][..], &["--plain"]] {
            let mut term = stuck(&server, flags);
            term.signal(signal);
            assert_eq!(term.died_of(), Some(signal), "{flags:?}");
            let _again = server.user("Ann");
        }
    }
}

#[test]
fn the_end_of_the_server_ends_it() {
    let server = Server::start();
    let mut term = stuck(&server, &["--reconnect=0"]);
    let _stopped = server.stop();
    assert_eq!(term.status().code(), Some(4));
}

#[test]
fn a_terminal_that_is_read_again_shows_what_was_kept() {
    let server = Server::start();
    let mut term = stuck(&server, &[]);
    term.types("half");
    term.reads_on();
    term.shows_said("bob", "the end");
    term.shows_row("Ann▸ half");
}

/// The shell that runs the client lives on, so that nobody but the terminal tells the client.
#[test]
fn a_terminal_that_is_closed_is_a_hangup() {
    let server = Server::start();
    for flag in ["", "--plain", "--raw"] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let code = folder.path().join("code");
        let target = format!("Ann@{}", at(&server));
        let target = target
            .strip_prefix("Ann@")
            .filter(|_| flag == "--raw")
            .unwrap_or(&target);
        let run = format!(
            "trap : HUP; $wac {flag} {target}; echo $? >{}",
            code.display()
        );
        let term = Term::shell(&run);
        term.shows(if flag == "--raw" {
            "* WAC chat"
        } else {
            "/help"
        });
        let _ended = term.hangs_up().status();
        let code = std::fs::read_to_string(code).expect("the shell wrote it");
        assert_eq!(code.trim(), "129", "{flag}");
    }
}

#[test]
fn a_terminal_that_is_closed_is_always_a_hangup() {
    let server = Server::start();
    for number in 0..10 {
        let term = Term::chat(&server, &format!("Ann{number}"));
        let ended = term.hangs_up().died_of();
        assert_eq!(ended, Some(Signal::SIGHUP));
    }
}

#[test]
fn the_end_of_the_reader_is_noticed_before_anything_is_written() {
    let server = Server::setup().with_notices().start();
    let mut bob = server.user("bob");
    let target = at(&server);
    let named = format!("ann@{target}");
    for mode in [&["listen", &*named][..], &[&*named], &["--raw", &*target]] {
        let mut running = Running::start(wac(mode));
        if mode[0] == "--raw" {
            running.types("LIN ann\n");
        }
        bob.lines_until("* ann joined");
        running.closes_output();
        let ran = running.ends_by_itself();
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{mode:?}");
        bob.lines_until("* ann left");
    }
}

/// What is sent does not depend on who reads what is printed.
#[test]
fn a_sender_needs_no_reader() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut running = Running::start(wac(&["send", "--confirm", &format!("ann@{}", at(&server))]));
    running.closes_output();
    running.types("one\n");
    bob.expect("ann: one");
    running.types("two\n");
    bob.expect("ann: two");
    assert_eq!(running.ends().code, Some(0));
}
