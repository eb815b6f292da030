//! Signals: each ends the client, and the terminal is restored.

use wac_tests::{Server, Signal};

use crate::term::Term;

#[test]
fn every_signal_restores_the_terminal() {
    let server = Server::start();
    for (signal, code) in [
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
        (Signal::SIGINT, 130),
    ] {
        let mut term = Term::chat(&server, &format!("Ann{code}"));
        term.types("half");
        term.shows_row(&format!("Ann{code}▸ half"));
        assert!(term.is_raw());
        term.signal(signal);
        term.ends(code);
        // The shell's prompt is below the half-typed line, which appears once.
        term.writes("$ ");
        term.shows_row("$");
        term.shows_in_lines("▸ half", 1);
    }
}
