//! Promise 7: a stop is clean. Everybody gets a closing notice, everyone who reads ends at the same line,
//! and the exit code tells whether anybody was cut short.

use std::time::{Duration, Instant};

use wac_tests::{Peer, Server, Setup, Signal, converse};

const STOPPING: &str = "* closing: the server is stopping";

#[test]
fn everyone_gets_the_closing_notice_and_the_exit_code_is_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let server = Server::start();
        let people = vec![server.user("ann"), server.user("bob"), server.connect()];
        server.signal(signal);
        for person in people {
            person.expect_end(&[STOPPING]);
        }
        let stopped = server.wait_for_exit();
        assert_eq!(stopped.code, Some(0));
        assert!(stopped.logged("cut_short=0"), "{stopped:?}");
    }
}

#[test]
fn a_stop_sends_no_leave_notices() {
    let server = Server::setup().with_notices().start();
    let mut stranger = server.connect();
    let people: Vec<Peer> = (0..4)
        .map(|number| server.user(&format!("u{number}")))
        .collect();
    for number in 0..4 {
        stranger.expect(&format!("* u{number} joined"));
    }
    server.signal(Signal::SIGTERM);
    for person in people {
        let rest = person.read_to_end();
        assert_eq!(rest.lines.last().map(String::as_str), Some(STOPPING));
    }
    stranger.expect_end(&[STOPPING]);
}

#[test]
fn messages_sent_before_the_stop_reach_everyone() {
    let server = Server::setup().with("--shards", "2").start();
    let mut ann = server.user("ann");
    let people: Vec<Peer> = (0..20).map(|_| server.connect()).collect();
    ann.send_bytes("MSG last words\n".repeat(200).as_bytes());
    ann.silent_until_fence();
    server.signal(Signal::SIGTERM);
    for person in people {
        let rest = person.read_to_end();
        rest.whole();
        assert_eq!(rest.lines.len(), 201);
        assert_eq!(rest.lines.last().map(String::as_str), Some(STOPPING));
    }
    assert_eq!(server.wait_for_exit().code, Some(0));
}

#[test]
fn lines_held_back_at_the_stop_are_not_accepted() {
    let setup = Server::setup()
        .with("--flood-burst", "5")
        .with("--flood-rate", "1");
    let server = setup.start();
    let (mut ann, mut bob, cat) = (server.user("ann"), server.user("bob"), server.connect());
    let lines: String = (0..100).map(|number| format!("MSG {number}\n")).collect();
    ann.send_bytes(lines.as_bytes());
    bob.expect("ann: 0");
    ann.expect_starting("* slow down");
    server.signal(Signal::SIGTERM);
    let (bob, cat) = (bob.read_to_end(), cat.read_to_end());
    assert_eq!(
        bob.lines,
        cat.lines[1..],
        "two readers end at different lines"
    );
    assert!(bob.lines.len() < 50, "a held-back line was accepted");
    ann.expect_end(&[STOPPING]);
    assert_eq!(server.wait_for_exit().code, Some(0));
}

#[test]
fn a_stop_ends_early_when_everybody_has_gone() {
    let server = Server::setup().with("--grace", "25s").start();
    let ann = server.user("ann");
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    ann.expect_end(&[STOPPING]);
    assert_eq!(server.wait_for_exit().code, Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_client_that_does_not_close_is_not_waited_for_until_the_grace_is_over() {
    let server = Server::setup().with("--grace", "25s").start();
    let mut ann = server.user("ann");
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    ann.expect(STOPPING);
    // Ann keeps her connection open: the server gives her 2 s.
    let stopped = server.wait_for_exit();
    assert_eq!(stopped.code, Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(ann);
}

/// A server with a reader whose socket is full, and a healthy one.
fn with_a_stuck_reader(setup: &Setup) -> (Server, Peer, Peer) {
    let server = setup.start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let stuck = server.connect_narrow();
    // 2 MB: less than the window, more than a socket takes.
    converse(&mut ann, "ann", &mut bob, 0..2000, 1000);
    (server, stuck, bob)
}

#[test]
fn a_stuck_reader_is_cut_short_when_the_grace_is_over_and_counted() {
    let (server, stuck, bob) = with_a_stuck_reader(&Server::setup().with("--grace", "1s"));
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    bob.expect_end(&[STOPPING]);
    let stopped = server.wait_for_exit();
    assert_eq!(stopped.code, Some(3));
    assert!(
        stopped.logged("cut_short=1") && stopped.logged("reason=CutShort"),
        "{stopped:?}"
    );
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "cut short before the grace"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    drop(stuck);
}

#[test]
fn nobody_is_admitted_during_a_stop() {
    let (server, stuck, bob) = with_a_stuck_reader(&Server::setup().with("--grace", "2s"));
    server.signal(Signal::SIGTERM);
    bob.expect_end(&[STOPPING]);
    // Refused, or closed when the server ends, but never greeted.
    if let Ok(late) = Peer::try_dial(server.address()) {
        let heard = late.read_to_end().lines;
        assert!(heard.iter().all(|line| line == STOPPING), "{heard:?}");
    }
    drop(stuck);
}

#[test]
fn a_second_sigint_ends_at_once() {
    let (server, stuck, bob) = with_a_stuck_reader(&Server::setup().with("--grace", "25s"));
    let begun = Instant::now();
    server.signal(Signal::SIGINT);
    bob.expect_end(&[STOPPING]);
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait_for_exit().code, Some(3));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    drop(stuck);
}

#[test]
fn a_second_sigterm_is_ignored_and_readers_still_get_everything() {
    let (server, stuck, bob) = with_a_stuck_reader(&Server::setup().with("--grace", "25s"));
    server.signal(Signal::SIGTERM);
    bob.expect_end(&[STOPPING]);
    server.signal(Signal::SIGTERM);
    let rest = stuck.read_to_end();
    rest.whole();
    assert_eq!(rest.lines.len(), 2001);
    assert_eq!(rest.lines.last().map(String::as_str), Some(STOPPING));
    assert_eq!(server.wait_for_exit().code, Some(0));
}
