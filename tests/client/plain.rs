//! Plain mode: words on a terminal that is only written to.

use wac_tests::Server;

use crate::term::{Term, at};

fn start(server: &Server, target: &str) -> Term {
    let target = format!("{target}{}", at(server));
    Term::start_with(&[("TERM", "dumb")], &[&target])
}

#[test]
fn plain_mode_shows_everything_in_words_without_escapes() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = start(&server, "Ann@");
    term.shows("as Ann; plaintext; 2 here; /help\nclient note: here: bob, Ann");
    term.types("hello\n");
    bob.expect("Ann: hello");
    bob.send("MSG hi, ann");
    bob.send("W Ann psst");
    term.shows("bob mentions you: hi, ann");
    term.shows("bob whispers: psst");
    term.types("/w bob what?\n");
    bob.expect("Ann whispers, \"what?\"");
    term.types("/wat\n");
    term.shows("client note: no command /wat");
    assert!(!term.raw().contains('\x1b'), "{:?}", term.raw());
    term.types("\x04");
    term.ends(0);
}

#[test]
fn plain_mode_asks_for_a_name_and_reconnects() {
    let server = Server::start();
    let _bob = server.user("bob");
    let mut term = start(&server, "");
    term.shows("client note: type the name to chat under, and Enter");
    term.types("bob\n");
    term.shows("client note: login refused: the name bob is taken");
    term.types("Ann\n");
    term.shows("client note: here: bob, Ann");
    term.types("/reconnect\n");
    term.shows("back as Ann after");
}
