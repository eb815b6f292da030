//! A paste is text: nothing in it is obeyed, by the client or by the server.

use wac_tests::Server;

use crate::term::Term;

const PASTE: &str = "one\n/quit\r\nW bob x\n\n\0LIN eve\n  indented\nlast";

#[test]
fn every_line_of_a_paste_is_a_message() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.pastes(PASTE);
    term.shows("last");
    bob.silent_until_fence();
    term.types("\r");
    for text in ["one", "/quit", "W bob x", "LIN eve", "  indented", "last"] {
        bob.expect(&format!("Ann: {text}"));
    }
    term.shows_said("Ann", "last");
    term.shows_row("Ann▸");
    bob.silent_until_fence();
}

#[test]
fn a_paste_can_be_dropped() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.pastes(PASTE);
    term.shows("last");
    term.types("\x03");
    term.shows_row("Ann▸");
    term.types("nothing\r");
    bob.expect("Ann: nothing");
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
