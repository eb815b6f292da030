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

/// More than the outbox holds, at the rate that a server takes for long.
#[test]
fn a_long_paste_takes_its_time_and_shows_no_more_than_was_handed_over() {
    const LINES: usize = 1500;
    let server = Server::setup().with_flood_control().start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let lines = (0..LINES).map(|n| format!("no. {n}\n"));
    term.pastes(&lines.collect::<String>());
    term.shows("no. 1499");
    term.types("\r");
    term.shows("# 1500 messages to everyone, from: no. 0");
    term.shows(" min");
    term.types("y\r");
    // More than at once: the rest comes by itself.
    for n in 0..20 {
        bob.expect(&format!("Ann: no. {n}"));
    }
    term.types("half");
    term.shows_row("Ann▸ half");
    term.types("\x03/status\r");
    term.shows(" lines are being");
    term.types("\x04");
    term.shows("leaving again loses them");
    term.types("\x04");
    term.ends(0);
    let said = term.said("Ann");
    bob.send("PING end");
    let heard = bob.lines_until("PONG end").len() + 20;
    assert_eq!(said.len(), heard, "what is shown is what was taken");
    let left = LINES - said.len();
    term.shows(&format!("# {left} lines were not sent"));
}

#[test]
fn what_is_left_of_a_long_paste_can_be_dropped() {
    let server = Server::setup().with_flood_control().start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    let lines: String = (0..1200).map(|n| format!("no. {n}\n")).collect();
    term.pastes(&lines);
    term.shows("no. 1199");
    term.types("\r");
    term.shows_row("Ann?");
    term.types("y\r");
    for n in 0..12 {
        bob.expect(&format!("Ann: no. {n}"));
    }
    term.types("/drop\r");
    term.shows(" lines dropped");
    term.types("the end\r");
    let mut said: Vec<String> = bob.lines_until("Ann: the end");
    said.retain(|line| line.starts_with("Ann: no. "));
    let left = 1200 - 12 - said.len();
    term.shows(&format!("# {left} lines dropped"));
}
