//! Transcript as a person reads it.

use wac_tests::{Server, Setup};

use crate::term::{Term, at};

#[test]
fn everybodys_messages_line_up_in_columns() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("hello\r");
    bob.expect("Ann: hello");
    bob.send("MSG hi, ann!");
    bob.send("W Ann psst");
    term.types("/w bob what?\r");
    bob.expect("Ann whispers, \"what?\"");
    term.types("/msg bob why?\r/query bob where?\r");
    bob.expect("Ann whispers, \"why?\"");
    bob.expect("Ann whispers, \"where?\"");
    term.shows("▌ bob      hi, ann!");
    term.shows("bob ⇢ (me) psst");
    term.shows("(me) ⇢ bob what?");
    term.shows("Ann      hello");
}

#[test]
fn a_highlighted_word_looks_like_a_mention() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let ann = format!("Ann@{}", at(&server));
    let mut term = Term::start(&["--highlight", "deploy, release", &ann]);
    term.shows_row("Ann▸");
    bob.send("MSG deployment");
    bob.send("MSG the Release is out");
    term.shows("▌ bob      the Release is out");
    term.shows_said("bob", "deployment");
    let raw = term.raw();
    assert!(raw.contains("\x1b[1mthe Release is out"), "{raw:?}");
    assert_eq!(raw.matches('\x07').count(), 1, "{raw:?}");
}

#[test]
fn joins_and_leaves_are_shown_with_plus_and_minus() {
    let server = Setup::default().with_notices().start();
    let term = Term::chat(&server, "Ann");
    let _bob = server.user("bob");
    drop(server.user("carol"));
    term.shows("+ bob");
    term.shows("- carol");
}

/// A colour, a bold letter, or an unwanted bell.
#[test]
fn without_colours_nothing_is_coloured() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start_with(&[("NO_COLOR", "1")], &[&format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    bob.send("MSG hi ann");
    term.shows("▌ bob      hi ann");
    let raw = term.raw();
    assert!(
        !raw.contains("\x1b[38;") && !raw.contains("\x1b[1m"),
        "{raw:?}"
    );
    let colored = Term::chat(&server, "Bea");
    bob.send("MSG hi bea");
    colored.shows("▌ bob      hi bea");
    assert!(colored.raw().contains("\x1b[38;5;"));
    assert_eq!(colored.raw().matches('\x07').count(), 1);
}
