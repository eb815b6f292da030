//! A user who looks elsewhere: the title counts what is said, a rule stands before it, a notification
//! calls them back.

use std::fs;

use wac_tests::{Peer, Server, Signal, wait_until};

use crate::term::{Term, at};

/// What puts the title on the terminal's stack, and takes it off again.
const SAVE: &str = "\x1b[22;0t";
const RESTORE: &str = "\x1b]0;\x1b\\\x1b[23;0t";

const FOCUS_LOST: &str = "\x1b[O";
const FOCUS_GAINED: &str = "\x1b[I";

/// Ann, who has typed an x and looks elsewhere, and to whom one line was said since.
#[track_caller]
fn away(server: &Server, bob: &mut Peer, flags: &[&str]) -> Term {
    let target = format!("Ann@{}", at(server));
    let mut term = Term::start(&[flags, &[&*target]].concat());
    term.shows_row("Ann▸");
    term.types(&format!("x{FOCUS_LOST}"));
    term.shows_row("Ann▸ x");
    // What overtakes the report is not counted; a title stands no later than the line it counts.
    let is_counted = (0..10).any(|n| {
        let text = format!("hello {n}");
        bob.send(&format!("MSG {text}"));
        term.shows_said("bob", &text);
        term.count("\x1b]0;(1) wac\x1b\\") == 1
    });
    assert!(is_counted, "{:?}", term.raw());
    term
}

/// Says something, and waits until the title counts it.
#[track_caller]
fn counts(term: &Term, bob: &mut Peer, text: &str, title: &str) {
    bob.send(&format!("MSG {text}"));
    term.shows_said("bob", text);
    has_written(term, &format!("\x1b]0;{title} wac\x1b\\"), 1);
}

#[track_caller]
fn has_written(term: &Term, text: &str, times: usize) {
    wait_until(&format!("{text:?} is written"), || {
        term.count(text) == times
    });
}

#[test]
fn the_title_counts_what_is_said_until_the_user_looks_again() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = away(&server, &mut bob, &[]);
    counts(&term, &mut bob, "two", "(2)");
    counts(&term, &mut bob, "ann: three", "(3!)");
    assert_eq!((term.count(SAVE), term.count(RESTORE)), (1, 0));
    term.types(FOCUS_GAINED);
    has_written(&term, RESTORE, 1);
    bob.send("MSG four");
    term.shows_said("bob", "four");
    assert_eq!(term.count(SAVE), 1);
    let lines = term.history();
    let at = |text: &str| lines.iter().position(|line| line.contains(text));
    term.shows_in_lines("── since you looked ──", 1);
    let last_hello = lines.iter().rposition(|line| line.contains("hello"));
    assert_eq!(at("since you looked").map(|rule| rule + 1), last_hello);
    // No report has come to the editor as a key.
    term.types("y");
    term.shows_row("Ann▸ xy");
}

#[test]
fn a_key_is_a_look_whatever_the_terminal_reports() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = away(&server, &mut bob, &[]);
    term.types("y");
    has_written(&term, RESTORE, 1);
    term.types(FOCUS_LOST);
    term.types(FOCUS_GAINED);
    term.types("z");
    term.shows_row("Ann▸ xyz");
}

#[test]
fn the_title_is_given_back_while_the_client_is_stopped_and_at_its_end() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = away(&server, &mut bob, &[]);
    // Nobody could wake it again, so it goes on at once.
    term.signal(Signal::SIGTSTP);
    has_written(&term, RESTORE, 1);
    has_written(&term, "\x1b]0;(1) wac", 2);
    assert_eq!(term.count("\x1b[?1004l"), 1);
    term.signal(Signal::SIGTERM);
    term.dies_of(Signal::SIGTERM);
    assert_eq!((term.count(SAVE), term.count(RESTORE)), (2, 2));
    assert_eq!(term.count("\x1b[?1004h"), term.count("\x1b[?1004l"));
}

#[test]
fn the_terminal_notifies_if_it_is_asked_to() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let term = away(&server, &mut bob, &["--notify", "osc9"]);
    bob.send("MSG ann, look");
    has_written(&term, "\x1b]9;mention by bob: ann, look\x1b\\", 1);
    assert_eq!(term.count("\x1b]9;"), 1);
}

#[test]
fn the_terminal_does_not_notify_if_it_is_not_asked_to() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let term = away(&server, &mut bob, &[]);
    counts(&term, &mut bob, "ann, look", "(2!)");
    assert_eq!(term.count("\x1b]9;"), 0);
}

#[test]
fn a_command_is_given_the_notification_and_no_shell_reads_it() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("said");
    // It writes to its output too, which nobody sees.
    let script =
        r#"echo noise; echo noise >&2; printf "%s|" "$#" "$1" >"$0.new"; mv "$0.new" "$0""#;
    let command = format!("/bin/sh -c '{script}' {}", file.display());
    let term = away(&server, &mut bob, &["--notify", &command]);
    let text = "ann: $(touch /tmp/x) `id` ' \" --help";
    bob.send(&format!("MSG {text}"));
    let wanted = format!("1|mention by bob: {text}|");
    wait_until("the command has run", || {
        fs::read_to_string(&file).is_ok_and(|said| said == wanted)
    });
    term.shows_said("bob", text);
    assert_eq!(term.count("noise"), 0);
}

#[test]
fn a_command_is_not_given_the_text_of_a_whisper() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("said");
    let command = format!(
        r#"/bin/sh -c 'printf "%s" "$1" >"$0.new"; mv "$0.new" "$0"' {}"#,
        file.display()
    );
    let term = away(&server, &mut bob, &["--notify", &command]);
    bob.send("W Ann the key is 1234");
    term.shows("bob ⇢ (me) the key is 1234");
    wait_until("the command has run", || {
        fs::read_to_string(&file).is_ok_and(|said| said == "whisper from bob")
    });
}

/// Whoever ends what it has started need not do it with SIGKILL.
#[test]
fn a_command_is_ended_by_the_usual_signals() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let command = "/bin/sh -c 'kill $$; exec sleep 1000'";
    let term = away(&server, &mut bob, &["--notify", command]);
    bob.send("MSG ann?");
    term.shows("# the command of --notify failed: signal: 15 (SIGTERM)");
}

#[test]
fn a_command_that_cannot_be_run_is_told() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let term = away(&server, &mut bob, &["--notify", "/no/such/command"]);
    bob.send("MSG ann?");
    term.shows("# the command of --notify failed: No such file or directory");
}
