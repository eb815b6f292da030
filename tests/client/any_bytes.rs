//! Keys and pastes as no terminal should send them: none ends the chat, none holds it up.

use wac_tests::{Server, wait_until};

use crate::term::{Term, at};

const PASTE: &str = "\x1b[200~";
const PASTE_END: &str = "\x1b[201~";

#[test]
fn what_is_no_utf8_is_replaced() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("half ");
    term.types_bytes(b"M\xfcller");
    // The emulator shows no such letter.
    term.shows_row("Ann▸ half Mller");
    term.types("\r");
    bob.expect("Ann: half M\u{fffd}ller");
    term.types_bytes(b"\x1b[200~caf\xe9, \xf0\x9f\x8e\x1b[201~\r");
    bob.expect("Ann: caf\u{fffd}, \u{fffd}");
    // Half a letter, and nothing behind it.
    term.shows_said("Ann", "caf, ");
    term.shows_row("Ann▸");
    let shown = term.count("\u{fffd}");
    term.types_bytes(b"\xe4\xb8");
    wait_until("it is shown", || term.count("\u{fffd}") == shown + 1);
}

#[test]
fn what_is_no_utf8_is_replaced_in_a_search_and_in_a_name() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start(&[&at(&server)]);
    term.shows_row("name:");
    term.types_bytes(b"A\xff");
    wait_until("it is shown", || term.raw().contains("A\u{fffd}"));
    term.types("\x7fnn\r");
    term.shows_row("Ann▸");
    term.types("before\r\x12");
    term.shows("(reverse-i-search)");
    term.types_bytes(b"\xfc\x7fbef");
    term.shows("(reverse-i-search)`bef': before");
    term.types("\r");
    bob.expect("Ann: before");
    bob.expect("Ann: before");
}

#[test]
fn a_letter_may_come_in_pieces() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    for byte in "中文🎉é\r".bytes() {
        term.types_bytes(&[byte]);
    }
    bob.expect("Ann: 中文🎉é");
}

#[test]
fn a_paste_without_its_end_is_ended_by_a_pause() {
    let server = Server::start();
    let mut bob = server.user("bob");
    for unfinished in ["he", "he\x1b", "he\x1b[", "he\x1b[20", "he\x1b[201"] {
        let mut term = Term::chat(&server, "Ann");
        bob.send("MSG before");
        term.types(&format!("{PASTE}{unfinished}"));
        term.shows_said("bob", "before");
        term.shows_row("Ann▸ he");
        bob.send("MSG behind");
        term.shows_said("bob", "behind");
        term.types("llo\r");
        bob.expect("Ann: hello");
        term.types("/quit\r");
        term.ends(0);
    }
}

#[test]
fn a_paste_without_its_end_is_ended_by_ctrl_c() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("half");
    term.shows_row("Ann▸ half");
    term.types(&format!("{PASTE}he"));
    term.types("\x03");
    term.shows_row("Ann▸");
    term.types("hello\r");
    bob.expect("Ann: hello");
}

#[test]
fn a_paste_may_end_in_the_beginning_of_a_sequence() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    for debris in ["\x1b", "\x1b[", "\x1b[2", "\x1bO", "\x1b]0;x", "\x1b\x1b"] {
        term.types(&format!("{PASTE}hello{debris}{PASTE_END}\r"));
        bob.expect("Ann: hello");
        term.shows_row("Ann▸");
    }
}

/// The line was slow: what comes behind the pause is still no key.
#[test]
fn the_rest_of_a_paste_that_paused_is_still_a_paste() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types(&format!("{PASTE}one\n"));
    term.shows("Ann▸ one");
    term.types(&format!("two\n/quit\nthree{PASTE_END}"));
    term.shows_row("three");
    bob.silent_until_fence();
    term.types("\r");
    term.shows("# 4 messages to everyone, from: one");
    term.types("y\r");
    for text in ["one", "two", "/quit", "three"] {
        bob.expect(&format!("Ann: {text}"));
    }
}

#[test]
fn half_a_sequence_holds_nothing_up() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    for half in [
        "\x1b[",
        "\x1b[1",
        "\x1b[1;",
        "\x1bO",
        "\x1b[201~",
        "\x1b[<0;3;4M",
        "\x1b[99;5;9u",
    ] {
        term.types(half);
        bob.send("MSG behind");
        term.shows_said("bob", "behind");
    }
    term.types("\x15");
    term.shows_row("Ann▸");
}

#[test]
fn ctrl_backslash_does_nothing() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start(&[&at(&server)]);
    term.shows_row("name:");
    term.types("\x1cAnn\x1c\r");
    term.shows_row("Ann▸");
    term.types("he\x1cllo\r\x1c\x12\x1c\x07");
    bob.expect("Ann: hello");
    term.types("again\r");
    bob.expect("Ann: again");
}

#[test]
fn keys_that_stty_has_moved_work() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let target = format!("Ann@{}", at(&server));
    let mut term = Term::shell(&format!(
        "stty intr ^G quit ^X eof ^B erase ^O susp ^_; exec $wac {target}"
    ));
    term.shows_row("Ann▸");
    term.types("not this\x07");
    term.shows_row("Ann▸");
    term.types("x\x18");
    term.types("y\x0f");
    term.types("z\x1c\x1a\r");
    bob.expect("Ann: xz");
    term.types("\x02");
    term.shows("* closing: goodbye");
    assert_eq!(term.status().code(), Some(0));
}
