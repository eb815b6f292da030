//! Completion: Tab guesses a name, and the space after `/r` fixes the addressee.

use wac_tests::Server;

use crate::term::Term;

#[test]
fn tab_guesses_the_person_and_the_cursor_stays_behind_the_name() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let _bea = server.user("bea");
    let mut term = Term::chat(&server, "Ann");
    term.shows("# here: bob, bea, Ann");
    term.types("b\t");
    term.shows_row("Ann▸ bea:");
    term.types("\t");
    term.shows_row("Ann▸ bob:");
    term.types("hi\x01ask be\t");
    term.shows_row("Ann▸ ask bea bob: hi");
    term.types("\x03/wh\t\r");
    term.shows("* online (3): bob, bea, Ann");
    term.types("bob: x\r");
    bob.expect("Ann: bob: x");
}

#[test]
fn a_reply_keeps_its_addressee_whoever_whispers_meanwhile() {
    let server = Server::start();
    let (mut bob, mut eve) = (server.user("bob"), server.user("eve"));
    let mut term = Term::chat(&server, "Ann");
    bob.send("W Ann psst");
    term.shows("bob ⇢ (me) psst");
    term.types("/r ");
    term.shows_row("Ann▸ /w bob");
    eve.send("W Ann me too");
    term.shows("eve ⇢ (me) me too");
    term.types("the key\r");
    bob.expect("Ann whispers, \"the key\"");
    eve.silent_until_fence();
}

#[test]
fn tab_overlooks_capitals_and_accents() {
    let server = Server::start();
    let _people = ["mary-ann", "Zoë"].map(|name| server.user(name));
    let mut term = Term::chat(&server, "Ann");
    term.shows("# here: mary-ann, Zoë, Ann");
    term.types("Ma\t");
    term.shows_row("Ann▸ mary-ann:");
    term.types("\x03zoe\t");
    term.shows_row("Ann▸ Zoë:");
    term.types("\x03/who ZOE\r");
    term.shows("# 1 of 3 here: Zoë");
}

#[test]
fn who_may_be_asked_right_after_the_login() {
    let server = Server::setup().with_flood_control().start();
    let _bob = server.user("bob");
    let mut term = Term::start(&[&format!("Ann@{}", crate::term::at(&server))]);
    term.types("/who\r/who bo\r");
    term.shows("* online (2): bob, Ann");
    term.shows("# 1 of 2 here: bob");
    term.types("hello\r");
    term.shows_said("Ann", "hello");
    term.shows_in_lines("slow down", 0);
}
