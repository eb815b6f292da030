//! Lost connections without reconnection: the client says plainly that the server is gone and ends,
//! and the line being typed stays readable.

use wac_tests::{Server, Signal};

use crate::term::{Term, at};

fn chat(server: &Server) -> Term {
    let mut term = Term::start(&["--reconnect", "0", &format!("Ann@{}", at(server))]);
    term.shows_row("Ann▸");
    term
}

#[test]
fn a_stopped_server_is_reported_plainly() {
    let server = Server::start();
    let mut term = chat(&server);
    term.types("half a sent");
    term.shows_row("Ann▸ half a sent");
    let _stopped = server.stop();
    term.ends(4);
    term.shows("* closing: the server is stopping");
    term.shows("✗ connection lost: the server is stopping");
    term.shows("Ann▸ half a sent");
}

#[test]
fn a_killed_server_is_reported_plainly() {
    let server = Server::start();
    let mut term = chat(&server);
    server.signal(Signal::SIGKILL);
    term.ends(4);
    term.shows("✗ connection lost: ");
}

#[test]
fn the_line_being_typed_appears_once() {
    let server = Server::start();
    let mut terms: Vec<Term> = (0..20)
        .map(|number| {
            let target = format!("Ann{number}@{}", at(&server));
            let mut term = Term::start(&["--reconnect", "0", &target]);
            term.shows_row(&format!("Ann{number}▸"));
            term.types("half");
            term.shows_row(&format!("Ann{number}▸ half"));
            term
        })
        .collect();
    server.signal(Signal::SIGKILL);
    for term in &mut terms {
        term.ends(4);
        term.writes("$ ");
        term.shows_row("$");
        term.shows_in_lines("▸ half", 1);
    }
}

#[test]
fn a_loss_during_a_search_is_reported_too() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = chat(&server);
    term.types("before\r\x12");
    term.shows("(reverse-i-search)");
    bob.expect("Ann: before");
    bob.send("MSG first");
    bob.send("MSG second");
    bob.silent_until_fence();
    let _stopped = server.stop();
    term.ends(4);
    term.shows("✗ connection lost: the server is stopping");
    assert_eq!(term.said("bob"), ["first", "second"]);
}
