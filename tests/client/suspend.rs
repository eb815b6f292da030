//! Stopping and going on: whoever stops the client, it comes back as it was.

use wac_tests::{Peer, Server, Signal, wait_until};

use crate::term::{Term, at};

/// A shell with job control, whose client is stopped and brought back with Enter.
fn job(server: &Server) -> Term {
    let target = format!("Ann@{}", at(server));
    let script = format!("set -m; $wac {target}; echo stopped; read -r; fg; echo over; read -r");
    let mut term = Term::shell(&script);
    term.shows_row("Ann▸");
    term
}

/// Fails unless the client edits the row again, and asks about what is pasted.
#[track_caller]
fn is_back(term: &mut Term, bob: &mut Peer, row: &str) {
    term.is_edited();
    term.shows_row(row);
    term.types("\x15");
    term.shows_row("Ann▸");
    term.pastes("one\r/who\rtwo");
    term.shows_row("two");
    term.types("\r");
    term.shows("# 3 messages to everyone, from: one");
    term.types("n\r");
    term.shows_row("Ann▸");
    bob.silent_until_fence();
}

#[test]
fn a_client_that_is_stopped_hard_comes_back_to_its_row() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("half");
    term.shows_row("Ann▸ half");
    term.signal(Signal::SIGSTOP);
    term.is_taken_by_shell();
    term.signal(Signal::SIGCONT);
    is_back(&mut term, &mut bob, "Ann▸ half");
    term.shows("$ fg");
}

/// Nobody but the client wrote to the terminal: its row is where it was.
#[test]
fn a_client_that_only_stood_still_draws_its_row_once() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("half");
    term.shows_row("Ann▸ half");
    for _ in 0..3 {
        term.signal(Signal::SIGSTOP);
        bob.send("MSG meanwhile");
        bob.silent_until_fence();
        term.signal(Signal::SIGCONT);
    }
    bob.send("MSG the end");
    term.shows_said("bob", "the end");
    term.shows_row("Ann▸ half");
    term.shows_in_lines("▸ half", 1);
}

#[test]
fn a_client_that_is_asked_to_stop_gives_the_terminal_back_until_it_goes_on() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = job(&server);
    term.types("half");
    term.shows_row("Ann▸ half");
    term.signal_foreground(Signal::SIGTSTP);
    term.shows("stopped");
    term.is_cooked();
    term.types("\n");
    is_back(&mut term, &mut bob, "Ann▸ half");
}

#[test]
fn ctrl_z_stops_it_and_fg_brings_it_back() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = job(&server);
    term.types("half");
    term.shows_row("Ann▸ half");
    term.types("\x1a");
    term.shows("stopped");
    term.is_cooked();
    bob.send("MSG meanwhile");
    bob.silent_until_fence();
    term.types("\n");
    is_back(&mut term, &mut bob, "Ann▸ half");
    term.shows_said("bob", "meanwhile");
}

#[test]
fn ctrl_z_on_the_way_to_a_name_comes_back_too() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let target = at(&server);
    let mut term = Term::shell(&format!("set -m; $wac {target}; echo stopped; read -r; fg"));
    term.types("An");
    term.shows_row("name: An");
    term.types("\x1a");
    term.shows("stopped");
    term.is_cooked();
    term.types("\n");
    term.is_edited();
    term.shows_row("name: An");
    term.types("n\r");
    is_back(&mut term, &mut bob, "Ann▸");
}

/// Where nobody could wake it again, nothing stops it.
#[test]
fn a_client_without_a_shell_is_not_stopped_for_good() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.types("half\x1a");
    // It has given the terminal back, and taken it again.
    wait_until("it goes on", || term.count("\x1b[?2004h") == 2);
    term.types(" done");
    is_back(&mut term, &mut bob, "Ann▸ half done");
}
