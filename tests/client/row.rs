//! Row that is being typed: nothing in it is obeyed, wherever it came from.

use std::fs;

use tempfile::TempDir;
use wac_tests::Server;

use crate::term::{Term, at};

const UP: &str = "\x1b[A";
const CTRL_R: &str = "\x12";
/// BEL, BS, SO, a control sequence of C1, and an override of the direction.
const HOSTILE: &str = "a\x07b\x08c\x0ed\u{9b}31me\u{202e}f";

/// Fails if the client has written what a terminal obeys, but for its own sequences.
#[track_caller]
fn obeys_nothing(term: &Term) {
    let raw = term.raw();
    let obeyed = raw.chars().filter(|c| {
        let ours = matches!(c, '\x1b' | '\r' | '\n');
        (c.is_control() && !ours) || matches!(c, '\u{202a}'..='\u{202e}')
    });
    assert_eq!(obeyed.collect::<String>(), "", "{raw:?}");
}

fn home_with(history: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = home.path().join(".local/state/wac");
    fs::create_dir_all(&folder).expect("it can be made");
    fs::write(folder.join("history"), history).expect("it can be written");
    home
}

#[track_caller]
fn chat_at(home: &TempDir, server: &Server) -> Term {
    let home = home.path().to_str().expect("it is called in UTF-8");
    let mut term = Term::start_with(&[("HOME", home)], &[&format!("Ann@{}", at(server))]);
    term.shows_row("Ann▸");
    term
}

#[test]
fn a_damaged_history_is_brought_back_clean() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = home_with(&format!(
        "first {HOSTILE}\n\x1b]0;owned\x07last \x1b[31mred\n"
    ));
    let mut term = chat_at(&home, &server);
    term.types(UP);
    term.shows_row("Ann▸ last red");
    term.types(UP);
    term.shows_row("Ann▸ first abcdef");
    term.types(&format!("\x03{CTRL_R}fir"));
    term.shows("`fir': first abcdef");
    obeys_nothing(&term);
    term.types("\r");
    bob.expect("Ann: first abcdef");
}

#[test]
fn what_is_pasted_is_drawn_clean() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.pastes(HOSTILE);
    term.types(" end");
    term.shows("f end");
    obeys_nothing(&term);
    term.types("\r");
    bob.expect("Ann: abcdef end");
    term.shows_said("Ann", "abcdef end");
    obeys_nothing(&term);
}

#[test]
fn a_pasted_escape_sequence_is_taken_out_whole() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    for sequence in [
        "\x1b[0m",
        "\x1b[38;5;1m",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bPq\x1b\\",
        "\x1b(B",
    ] {
        term.pastes(&format!("x{sequence}Y"));
        term.shows_row("Ann▸ xY");
        obeys_nothing(&term);
        term.types("\r");
        bob.expect("Ann: xY");
    }
}

#[test]
fn a_control_character_can_not_be_typed_either() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("a\x16\x07\x11\x0e\x16\x08b");
    term.shows("b");
    obeys_nothing(&term);
    term.types("c\r");
    bob.expect("Ann: bc");
    obeys_nothing(&term);
}

/// The name is asked for where a message may have been typed before.
#[test]
fn no_message_is_found_where_a_name_is_asked_for() {
    let server = Server::start();
    let home = home_with("the secret plan\n");
    let folder = home.path().to_str().expect("it is called in UTF-8");
    let mut term = Term::start_with(&[("HOME", folder)], &[&at(&server)]);
    term.shows_row("name:");
    // Up, search, the oldest, the newest, and a page up.
    for keys in [
        UP,
        "\x12plan\x07",
        "\x13plan\x07",
        "\x1b<",
        "\x1b>",
        "\x1b[5~",
    ] {
        term.types(keys);
        term.types("\x15");
    }
    term.types("Ann\r");
    term.shows_row("Ann▸");
    assert_eq!(term.count("secret"), 0, "{:?}", term.raw());
    term.types(UP);
    term.shows_row("Ann▸ the secret plan");
}

/// The emulator gives these letters fewer columns than the client is told to expect, or more.
#[test]
fn letters_joined_to_one_cost_no_line_above_the_row_and_leave_no_copy() {
    for (letter, terminal) in [("❤️", "WezTerm"), ("👩‍👩‍👧", "WezTerm"), ("👩‍👩‍👧", "")]
    {
        let server = Server::start();
        let mut bob = server.user("bob");
        let environment = [("TERM_PROGRAM", terminal)];
        let mut term = Term::start_with(&environment, &[&format!("Ann@{}", at(&server))]);
        term.shows_row("Ann▸");
        bob.send("MSG above");
        term.shows_said("bob", "above");
        // Whether that is one row or two is for the terminal to say.
        term.types(&letter.repeat(45));
        for _ in 0..3 {
            term.types("\x01>\x05<\x7f");
        }
        term.types("\x01>");
        term.shows("Ann▸ >>>>");
        bob.send("MSG below");
        term.shows_said("bob", "below");
        term.shows("Ann▸ >>>>");
        term.shows_in_lines("bob      above", 1);
        term.shows_in_lines("Ann▸", 1);
    }
}
