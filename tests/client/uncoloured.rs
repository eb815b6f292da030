//! Output without escape bytes: to a file, a pipe, or a terminal that is only written to.

use std::fs::{self, File};

use wac_tests::{Server, wait_until};

use crate::run::{Ran, Running, wac};
use crate::term::{Term, at};

#[track_caller]
fn run(words: &[&str], input: &str) -> Ran {
    let mut command = wac(words);
    command.env("TERM", "xterm-256color");
    let mut running = Running::start(command);
    running.types(input);
    running.ends()
}

#[test]
fn no_escape_byte_goes_to_a_pipe() {
    let server = Server::start();
    let _bob = server.user("bob");
    let (host, ann) = (at(&server), format!("ann@{}", at(&server)));
    for (words, input) in [
        (&[&*ann][..], "hello\n/who\n/help\n/nonsense\n"),
        (&["send", &*ann, "hello"], ""),
        (&["send", &*ann, "--to", "nobody", "hello"], ""),
        (&["listen", &*host, "--timeout", "1ms"], ""),
        (&["who", &*host], ""),
        (&["config"], ""),
        (&["man"], ""),
        (&["--help"], ""),
        (&["send", "--help"], ""),
        (&["--nonsense"], ""),
        (&["--config", "/no/such/file"], ""),
    ] {
        let ran = run(words, input);
        assert!(ran.code.is_some(), "{words:?}: {ran:?}");
        assert!(!(ran.out + &ran.err).contains('\x1b'), "{words:?}");
    }
}

#[test]
fn no_escape_byte_goes_to_a_file() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("out");
    let mut command = wac(&[&format!("Ann@{}", at(&server))]);
    command.env("TERM", "xterm-256color");
    command.stdout(File::create(&path).expect("it can be made"));
    let mut chatting = Running::start(command);
    chatting.types("hello\n/help\n");
    bob.expect("Ann: hello");
    bob.send("MSG hi, ann");
    bob.send("W Ann psst");
    let out = || fs::read_to_string(&path).expect("it writes UTF-8");
    wait_until("it is written", || out().contains("psst"));
    let ran = chatting.ends();
    assert_eq!(ran.code, Some(0));
    assert!(!(out() + &ran.err).contains('\x1b'), "{}", out());
}

/// Checks every way to request plain output, whatever the other flags.
#[test]
fn no_escape_byte_goes_to_a_terminal_that_is_only_written_to() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let target = format!("Ann@{}", at(&server));
    for (variables, words) in [
        (&[("TERM", "dumb")][..], &[][..]),
        (&[("TERM", "dumb")], &["--color", "always"]),
        (&[], &["--plain", "--color", "always"]),
        (&[("CLICOLOR_FORCE", "1")], &["--screen-reader"]),
        (&[("WAC_PLAIN", "true")], &[]),
    ] {
        let mut term = Term::start_with(variables, &[words, &[&*target]].concat());
        term.shows("here: bob, Ann");
        term.types("hello\n/who\n/nonsense\nw bob psst\n");
        bob.lines_until("Ann: hello");
        bob.send("MSG hi, ann");
        bob.send("W Ann psst");
        term.shows("bob whispers: psst");
        term.shows("it looks like a whisper");
        term.types("/quit\n");
        term.ends(0);
        assert!(!term.raw().contains('\x1b'), "{words:?}: {:?}", term.raw());
    }
}
