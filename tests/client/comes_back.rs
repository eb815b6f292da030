//! Reconnection: a lost connection comes back by itself, and the line being typed is undisturbed.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use wac_tests::{DEADLINE, Server, Setup, Signal};

use crate::length;
use crate::term::{Term, at};

/// The time within which the client gives up on a silent server.
const NOTICED: Duration = Duration::from_secs(40);

/// A server that can be restarted at the same address.
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
fn lines_entered_while_disconnected_wait_for_send_or_drop() {
    let place = Restartable::new();
    let server = place.start();
    let mut term = Term::chat(&server, "Ann");
    let _stopped = server.stop();
    term.shows_row("Ann⟳");
    term.types("one\r/w bob two\r");
    term.shows("# not connected: 2 lines wait");
    term.shows("⟳ one");
    term.shows("⟳ (me) ⇢ bob two");
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
fn a_user_can_reconnect_by_command() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    term.types("/rec\r");
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸");
}

#[test]
fn the_client_can_be_left_while_there_is_no_server() {
    let server = Server::start();
    let mut term = Term::chat(&server, "Ann");
    let _stopped = server.stop();
    term.shows_row("Ann⟳");
    term.types("\x04");
    term.ends(0);
}

#[test]
fn leaving_with_lines_waiting_asks_first() {
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

/// In the shortened test, a login gets no answer for 10 s; at full length the server is silent
/// for 30 s before the client asks.
#[test]
fn a_server_that_stops_answering_is_given_up_and_found_again() {
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
