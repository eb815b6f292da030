//! Stalls: every message that fell due while either side was stopped shows it.

use std::thread;
use std::time::{Duration, Instant};

use wac_tests::{Server, Signal};

use crate::tester::{Tester, Told};

/// Messages a second: one each 10 ms.
const RATE: f64 = 100.0;
/// Everybody but the sender.
const READERS: f64 = 9.0;
/// A wait this long is due to the stall: everything else takes a few ms.
const NOTICED: Duration = Duration::from_millis(100);

#[test]
fn a_server_stopped_for_2_s_is_in_every_message_that_fell_due_meanwhile() {
    let server = Server::start();
    let flags = "--users 10 --senders 2 --rate 100/s --arrival even --duration 5s";
    let mut tester = Tester::start(server.address().tcp(), flags);
    tester.shows_deliveries();
    let stall = stop_for(Duration::from_secs(2), |signal| server.signal(signal));
    carried(&tester.told(), stall);
}

/// Checks that a message sent late counts as late; counted from the sending, it would not.
#[test]
fn a_load_tester_stopped_for_1_s_is_in_every_message_that_fell_due_meanwhile() {
    let server = Server::start();
    let flags = "--users 10 --senders 2 --rate 100/s --arrival even --duration 4s";
    let mut tester = Tester::start(server.address().tcp(), flags);
    tester.shows_deliveries();
    let stall = stop_for(Duration::from_secs(1), |signal| tester.signal(signal));
    carried(&tester.told(), stall);
}

/// Stops a process; returns how long it was really stopped.
fn stop_for(time: Duration, signal: impl Fn(Signal)) -> Duration {
    signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    thread::sleep(time);
    signal(Signal::SIGCONT);
    stopped.elapsed()
}

/// Each message that was due in the stall shows it, except for those of its last 100 ms. A load tester that
/// waits for an answer before it sends the next would count 1.
#[track_caller]
fn carried(told: &Told, stall: Duration) {
    told.ended_with(0);
    let explained = RATE * (stall - NOTICED).as_secs_f64();
    for (word, of_a_message) in [("fan-out", 1.0), ("deliver", READERS)] {
        let times = told.histogram(word);
        let carrying = times.count_between(nanos(NOTICED), u64::MAX) as f64 / of_a_message;
        assert!(
            (0.85 * explained..=1.15 * explained).contains(&carrying),
            "{word}: {carrying} messages, where a stall of {stall:?} explains {explained:.0}:\n{}",
            told.text
        );
        // A message due at its beginning waited for all of it.
        let longest = times.max() as f64 / nanos(stall) as f64;
        assert!(
            (0.95..=1.15).contains(&longest),
            "{word}: {longest} of {stall:?}:\n{}",
            told.text
        );
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("seconds fit")
}
