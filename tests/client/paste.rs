//! Pasted text: neither client nor server obeys anything in it.

use wac_tests::Server;

use crate::term::Term;

/// Fourteen messages, as no person would type them.
const PASTE: &str = "one\n/quit\r\nW bob x\n\n\0LIN eve\n  indented\n\x07\x1b[31msix\n7\n8\n9\n10\n11\n12\n13\nlast\n";
const MESSAGES: [&str; 14] = [
    "one",
    "/quit",
    "W bob x",
    "LIN eve",
    "  indented",
    "six",
    "7",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "last",
];

#[test]
fn a_paste_is_sent_when_the_answer_is_yes() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.pastes(PASTE);
    term.shows("13");
    bob.silent_until_fence();
    term.types("\r");
    term.shows("# 14 messages to everyone, from: one");
    term.shows_row("Ann?");
    bob.silent_until_fence();
    term.types("y\r");
    for text in MESSAGES {
        bob.expect(&format!("Ann: {text}"));
    }
    term.shows_said("Ann", "last");
    assert_eq!(term.said("Ann"), MESSAGES);
    term.shows_row("Ann▸");
    bob.silent_until_fence();
}

#[test]
fn a_paste_is_dropped_when_the_answer_is_no_or_none() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    for answer in ["n\r", "\r", "\x03"] {
        term.pastes(PASTE);
        term.shows("13");
        term.types("\r");
        term.shows_row("Ann?");
        term.types(answer);
        term.shows_row("Ann▸");
    }
    term.types("nothing\r");
    bob.expect("Ann: nothing");
}

#[test]
fn a_paste_can_be_cleared() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.pastes(PASTE);
    term.shows("13");
    term.types("\x03");
    term.shows_row("Ann▸");
    term.types("nothing\r");
    bob.expect("Ann: nothing");
}

#[test]
fn a_mistyped_whisper_stays_in_the_row() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("w bob the key\r");
    term.shows("# not sent: it looks like a whisper");
    term.shows_row("Ann? w bob the key");
    bob.silent_until_fence();
    term.types("\x01/\r");
    bob.expect("Ann whispers, \"the key\"");
    term.shows_row("Ann▸");
}

#[test]
fn a_paste_that_is_not_bracketed_is_sent_line_by_line() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("one\rMSG two\nthree\r");
    for text in ["one", "MSG two", "three"] {
        bob.expect(&format!("Ann: {text}"));
    }
}
