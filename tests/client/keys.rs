//! Keys of the editor, and their effects.

use wac_tests::Server;

use crate::term::Term;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";

#[test]
fn ones_own_messages_appear_in_the_transcript_like_everyones() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("hello\r");
    bob.expect("Ann: hello");
    bob.send("MSG hi there");
    term.shows_said("bob", "hi there");
    assert_eq!(term.said("Ann"), ["hello"]);
}

#[test]
fn commands_are_sent_to_the_server() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("/w bob psst\r");
    bob.expect("Ann whispers, \"psst\"");
    term.shows("(me) ⇢ bob psst");
    bob.send("W Ann what?");
    term.shows("bob ⇢ (me) what?");
    term.types("/who\r");
    term.shows("* online (2): bob, Ann");
    term.types("/sec\r");
    term.shows("= swordfish");
    term.types("//etc\r");
    bob.expect("Ann: /etc");
    term.types("/quti\r");
    term.shows("did you mean /quit?");
    bob.silent_until_fence();
}

#[test]
fn ctrl_c_clears_the_line() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("not this");
    term.shows_row("Ann▸ not this");
    term.types(CTRL_C);
    term.shows_row("Ann▸");
    term.types("but this\r");
    bob.expect("Ann: but this");
}

#[test]
fn ctrl_c_on_an_empty_line_says_how_to_leave() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    term.types(CTRL_C);
    term.shows("# Ctrl-D or /quit leaves");
    term.shows_row("Ann▸");
}

#[test]
fn ctrl_d_says_goodbye() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    assert!(term.is_raw());
    term.types(CTRL_D);
    term.ends(0);
    term.shows("* closing: goodbye");
}

/// Repeats, because the editor may be drawing the row while it is removed.
#[test]
fn no_row_is_left_behind() {
    let server = Server::start();
    for number in 0..20 {
        let mut term = Term::chat(&server, &format!("Ann{number}"));
        term.types(CTRL_D);
        term.ends(0);
        term.writes("$ ");
        term.shows_row("$");
    }
}

#[test]
fn ctrl_d_within_a_line_does_not_leave() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types(&format!("here{CTRL_D}\r"));
    bob.expect("Ann: here");
    term.shows_row("Ann▸");
}

#[test]
fn quit_says_goodbye() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    term.types("/q\r");
    term.ends(0);
    term.shows("* closing: goodbye");
}

#[test]
fn up_recalls_entered_lines_and_down_the_line_being_typed() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    term.types("one\rtwo\rdra");
    term.shows_row("Ann▸ dra");
    term.types(&format!("{UP}{UP}"));
    term.shows_row("Ann▸ one");
    term.types(&format!("{DOWN}{DOWN}"));
    term.shows_row("Ann▸ dra");
}

#[test]
fn a_recalled_line_can_be_edited_and_sent() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("one\r");
    bob.expect("Ann: one");
    term.types(&format!("{UP} two\r"));
    bob.expect("Ann: one two");
}

#[test]
fn a_line_found_with_ctrl_r_can_be_sent() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("the deploy notes\rlunch?\r");
    bob.expect("Ann: the deploy notes");
    bob.expect("Ann: lunch?");
    term.types(&format!("{CTRL_R}dep"));
    term.shows("the deploy notes");
    term.types("\r");
    bob.expect("Ann: the deploy notes");
    term.shows_row("Ann▸");
}
