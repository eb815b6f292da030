//! Open searches: a user who presses Ctrl-R or Tab and walks away does not become a slow reader.

use wac_tests::{Peer, Server};

use crate::length;
use crate::talk::{MARK, say_at_rate};
use crate::term::Term;

/// Lines a second: the client may stall for a second before it is a window behind.
const RATE: u32 = 5000;

/// A room that keeps only active readers: the lines of a second fill the window.
fn server() -> Server {
    Server::setup()
        .with("--window", "1MiB")
        .with("--send-buffer", "4KiB")
        .with("--room-rate", "0")
        .start()
}

/// Sends lines for `short_seconds`, or 60 s at full length; returns their number.
fn talks(bob: &mut Peer, short_seconds: u64) -> usize {
    let lines = RATE as usize * length::seconds(short_seconds, 60).as_secs() as usize;
    let long = "x".repeat(200);
    let texts = (0..lines).map(|number| format!("{MARK}{number} {long}"));
    let said = say_at_rate(&bob.writer(), RATE, texts);
    bob.send("MSG the end");
    bob.silent_until_fence();
    length::tell("lines", said);
    said
}

/// Checks, with the server's log and the screen, that every line was read, and shown or counted.
#[track_caller]
fn none_is_missing(server: &Server, term: &Term, said: usize) {
    term.shows_said("bob", "the end");
    assert_eq!(term.count(MARK) + term.dropped(), said);
    assert_eq!(server.ends("TooSlow"), 0);
}

#[test]
fn a_search_left_open_holds_nothing_up() {
    let server = server();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("before\r");
    bob.expect("Ann: before");
    term.types("\x12");
    term.shows("(reverse-i-search)");
    let said = talks(&mut bob, 4);
    none_is_missing(&server, &term, said);
    term.shows_row("(reverse-i-search)`':");
    term.types("\x07");
    term.shows_row("Ann▸");
    term.types("still here\r");
    bob.expect("Ann: still here");
}

#[test]
fn a_tab_waits_for_no_other_key() {
    let server = server();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.shows("2 here");
    term.types("bo\t");
    term.shows_row("Ann▸ bob:");
    let said = talks(&mut bob, 2);
    none_is_missing(&server, &term, said);
    term.types("still here\r");
    bob.expect("Ann: bob: still here");
}
