//! Reconnection: a lost connection comes back by itself, and the line being typed does not notice.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use wac_tests::{DEADLINE, Server, Setup, Signal};

use crate::length;
use crate::term::{Term, at};

/// The time within which a silent server is given up.
const NOTICED: Duration = Duration::from_secs(40);

/// A server that can be started again where it was.
struct Restartable {
    folder: TempDir,
}

impl Restartable {
    fn new() -> Restartable {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Restartable { folder }
    }

    #[track_caller]
    fn start(&self) -> Server {
        Setup::default()
            .listen_unix(&self.folder.path().join("wac"))
            .start()
    }
}

#[test]
fn a_server_that_is_killed_and_started_again_finds_the_half_typed_line() {
    let place = Restartable::new();
    let server = place.start();
    let mut term = Term::chat(&server, "Ann");
    term.types("half a sent");
    term.shows_row("Ann▸ half a sent");
    server.signal(Signal::SIGKILL);
    term.shows_row("Ann⟳ half a sent");
    term.shows("✗ connection lost: ");
    drop(server);
    let server = place.start();
    let mut bob = server.user("bob");
    term.shows_row("Ann▸ half a sent");
    term.shows("✓ back as Ann after ");
    term.types("ence\r");
    bob.expect("Ann: half a sentence");
}

#[test]
fn what_is_entered_meanwhile_waits_until_it_is_asked_for() {
    let place = Restartable::new();
    let server = place.start();
    let mut term = Term::chat(&server, "Ann");
    let _stopped = server.stop();
    term.shows_row("Ann⟳");
    term.types("one\r/w bob two\r");
    term.shows("# not connected: 2 lines wait");
    let server = place.start();
    let mut bob = server.user("bob");
    term.shows("# 2 lines wait: /send sends them, /drop drops them");
    bob.silent_until_fence();
    term.types("/send\r");
    bob.expect("Ann: one");
    bob.expect("Ann whispers, \"two\"");
    term.shows_row("Ann▸");
}

#[test]
fn one_may_connect_anew() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    term.types("/rec\r");
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸");
}

#[test]
fn one_may_leave_while_there_is_no_server() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    let _stopped = server.stop();
    term.shows_row("Ann⟳");
    term.types("\x04");
    term.ends(0);
}

#[test]
fn one_does_not_leave_what_waits_without_knowing() {
    for terminal in ["xterm-256color", "dumb"] {
        let server = Server::start();
        let target = format!("Ann@{}", at(&server));
        let mut term = Term::start_with(&[("TERM", terminal)], &[&target]);
        term.shows("1 here");
        let _stopped = server.stop();
        term.shows("connection lost");
        term.types("half a thought\r");
        term.shows("not connected: 1 line waits");
        term.types("\x04");
        term.shows("leaving again loses it");
        term.types("\x04");
        term.ends(0);
        term.shows("1 line was not sent");
    }
}

/// Shortened, a login gets no answer for 10 s; at full length the server is silent for
/// 30 s before the client asks.
#[test]
fn a_server_that_stops_answering_is_left_and_found_again() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.shows("2 here");
    server.signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    if !length::is_full() {
        term.types("/reconnect\r");
        term.shows_row("Ann⟳");
    }
    term.types("half a sent");
    term.shows_within("✗ connection lost: no answer for 10 s", NOTICED + DEADLINE);
    let noticed = stopped.elapsed().as_secs_f64();
    length::tell("noticed_s", format!("{noticed:.1}"));
    term.shows_row("Ann⟳ half a sent");
    server.signal(Signal::SIGCONT);
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸ half a sent");
    term.types("ence\r");
    bob.expect("Ann: half a sentence");
}
