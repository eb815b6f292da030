//! Whoever presses Ctrl-R and goes away does not become a slow reader: the socket is read on.

use wac_tests::Server;

use crate::talk::say_at_rate;
use crate::term::Term;

/// Twice what the client keeps for the screen.
const LINES: u32 = 20_000;
/// Lines a second: the client may be held up for a second before it is behind by the window.
const RATE: u32 = 5000;

/// What is said is four times what the server keeps for a slow reader, so only one who reads stays.
#[test]
fn a_search_left_open_costs_lines_of_the_screen_not_the_connection() {
    let server = Server::setup()
        .with("--window", "1MiB")
        .with("--send-buffer", "4KiB")
        .with("--room-rate", "0")
        .start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("before\r");
    bob.expect("Ann: before");
    term.types("\x12");
    term.shows("(reverse-i-search)");
    let long = "x".repeat(200);
    say_at_rate(
        &bob.writer(),
        RATE,
        (0..LINES).map(|number| format!("{number} {long}")),
    );
    bob.send("MSG the end");
    bob.silent_until_fence();
    term.types("\x07");
    term.shows_said("bob", "the end");
    let history = term.history();
    let shown = term.said("bob").len();
    let dropped: usize = history.iter().filter_map(|line| dropped(line)).sum();
    assert!(
        dropped > 0,
        "the screen took everything: it was not held up"
    );
    assert_eq!(shown + dropped, LINES as usize + 1);
    term.types("still here\r");
    bob.expect("Ann: still here");
}

/// Reads ` 10:41  # 123 lines came too fast to be shown`.
fn dropped(line: &str) -> Option<usize> {
    let (_, told) = line.split_once("# ")?;
    let (number, _) = told.split_once(" lines came too fast to be shown")?;
    number.parse().ok()
}
