//! Resuming: who comes back with a mark misses nothing, and the load tester finds what a server makes of that.

use wac_tests::{Relay, Server, Signal};

use crate::fake::{Fake, ReplayFault, Script};
use crate::tester::{Tester, Told, run};

/// Half of the users are away at once, and back within half a second.
const STORM: &str = "--arrival even --storm at=500ms,frac=50%,back=500ms --resume";

/// Checks that everybody got everything once, and that what replays brought is in no latency.
#[track_caller]
fn nothing_is_missed(told: &Told, users: u64) {
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    let count = |word: &str| told.number(&format!("/delivery/{word}"));
    assert_eq!((count("forgotten"), count("indeterminate")), (0, 0));
    assert_eq!(told.number("/sent"), told.number("/messages"));
    assert_eq!(count("expected"), told.number("/sent") * (users - 1));
    assert_eq!(count("received"), count("expected"));
    assert!(count("replayed") > 0, "{}", told.text);
    let live = told.number("/latency_ns/deliver/samples");
    assert_eq!(live + count("replayed"), count("received"));
    assert_eq!(told.number("/never_back"), 0);
}

#[test]
fn whoever_a_storm_drops_is_shown_what_it_missed() {
    let server = Server::start();
    let flags = format!("--users 120 --senders 12 --rate 100/s --duration 2s {STORM}");
    let told = run(server.address().tcp(), &flags);
    nothing_is_missed(&told, 120);
    assert_eq!(told.number("/resumed"), 60);
    assert_eq!(told.number("/marks_lost"), 0);
    told.shows("replayed");
    told.shows("HEADLINE  marks  0 of 60 refused or no longer kept; 0 connections were cut off");
}

#[test]
fn whoever_leaves_and_comes_back_is_shown_what_it_missed() {
    let server = Server::start();
    let flags = "--users 40 --senders 4 --rate 200/s --duration 3s --churn 50%/s --resume";
    let told = run(server.address().tcp(), flags);
    nothing_is_missed(&told, 40);
    // Each of them, those who were away when the sending ended among them.
    assert_eq!(told.number("/resumed"), told.number("/left"));
}

#[test]
fn what_a_sender_was_saying_when_it_was_cut_off_is_said_once() {
    let server = Server::start();
    let relay = Relay::to(server.address().tcp());
    let flags = format!("--users 40 --senders 20 --rate 400/s --duration 3s {STORM}");
    let mut tester = Tester::start(relay.address(), &flags);
    tester.shows_deliveries();
    relay.cut();
    let told = tester.told();
    nothing_is_missed(&told, 40);
    assert!(told.number("/cut_off") >= 20, "{}", told.text);
    assert_eq!(told.number("/marks_lost"), 0);
}

/// Runs while a server ends by a signal, and another, started in the same way, takes its place.
#[track_caller]
fn with_another_in_its_place(signal: Signal, start: impl Fn() -> Server) -> Told {
    let server = start();
    let relay = Relay::to(server.address().tcp());
    let flags = format!("--users 40 --senders 20 --rate 400/s --duration 3s {STORM}");
    let mut tester = Tester::start(relay.address(), &flags);
    tester.shows_deliveries();
    server.signal(signal);
    let _stopped = server.wait_for_exit();
    let another = start();
    relay.turn_to(another.address().tcp());
    tester.told()
}

/// A room without a history ends in the middle of a run.
#[track_caller]
fn loss_of_a_room_is_told(signal: Signal) {
    let told = with_another_in_its_place(signal, Server::start);
    told.ended_with(5);
    let [lost, others @ ..] = told.faults();
    assert_eq!(others, [0; 5], "{}", told.text);
    assert!(lost > 0, "{}", told.text);
    told.shows("first lost: at u");
    told.shows("MISSING   messages ");
    let count = |word: &str| told.number(&format!("/delivery/{word}"));
    assert_eq!(count("expected"), count("received") + lost);
    assert_eq!((count("forgotten"), count("indeterminate")), (0, 0));
    assert_eq!(told.number("/sent"), told.number("/messages"));
    assert!(told.number("/marks_lost") >= 40, "{}", told.text);
    assert_eq!(told.number("/never_back"), 0);
}

#[test]
fn with_a_server_stopped_and_another_in_its_place_what_was_missed_is_lost() {
    loss_of_a_room_is_told(Signal::SIGTERM);
}

#[test]
fn with_a_server_killed_and_another_in_its_place_what_was_missed_is_lost() {
    loss_of_a_room_is_told(Signal::SIGKILL);
}

/// Runs while a server that keeps a history ends by a signal, and goes on in another process.
#[track_caller]
fn with_a_history(signal: Signal) -> Told {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let history = folder.path().join("history");
    let history = history.to_str().expect("the path is text");
    let start = || Server::setup().with("--history", history).start();
    let told = with_another_in_its_place(signal, start);
    assert_eq!(told.number("/marks_lost"), 0, "{}", told.text);
    assert_eq!(told.number("/never_back"), 0);
    told
}

#[test]
fn a_server_that_stops_and_goes_on_with_its_history_loses_nothing() {
    nothing_is_missed(&with_a_history(Signal::SIGTERM), 40);
}

#[test]
fn of_a_server_that_is_killed_only_what_was_not_yet_written_is_forgotten_and_named() {
    let told = with_a_history(Signal::SIGKILL);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    assert_eq!(told.number("/sent"), told.number("/messages"));
    if told.number("/delivery/forgotten") > 0 {
        told.ended_with(5);
        told.shows("MISSING   messages ");
    } else {
        told.ended_with(0);
    }
}

#[test]
fn a_server_that_does_not_come_back_makes_a_run_invalid_in_bounded_time() {
    let server = Server::start();
    let flags = format!("--users 20 --senders 2 --rate 100/s --duration 2s --drain 300ms {STORM}");
    let mut tester = Tester::start(server.address().tcp(), &flags);
    tester.shows_deliveries();
    server.signal(Signal::SIGKILL);
    let told = tester.told();
    assert_eq!(told.words("/verdict/trust"), "INVALID");
    told.shows("20 users did not come back");
}

/// Runs against a server that keeps a history, and does something wrong with one replay.
#[track_caller]
fn told_of(fault: Option<ReplayFault>) -> (Fake, Told) {
    let fake = Fake::start(Script {
        // Message 100 is due when the storm comes.
        replay: fault.map(|fault| (150, fault)),
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let flags = format!("--users 40 --senders 4 --rate 200/s --duration 2s --drain 300ms {STORM}");
    let told = run(fake.address(), &flags);
    (fake, told)
}

#[track_caller]
fn one_is_found(fault: ReplayFault, word: &str) {
    let (fake, told) = told_of(Some(fault));
    told.ended_with(5);
    let found = [told.number("/delivery/forgotten")];
    let found = [&told.faults()[..], &found].concat();
    assert_eq!(found.iter().sum::<u64>(), 1, "{}", told.text);
    assert_eq!(told.number(&format!("/delivery/{word}")), 1);
    let place = fake.replay_fault().expect("the fault was done");
    told.shows(&format!("first {word}: {place}"));
}

#[test]
fn a_faultless_replay_passes() {
    let (_fake, told) = told_of(None);
    nothing_is_missed(&told, 40);
}

#[test]
fn a_message_that_a_replay_leaves_out_is_lost() {
    one_is_found(ReplayFault::LeavesOutLast, "lost");
}

#[test]
fn a_message_that_a_replay_shows_twice_is_duplicated() {
    one_is_found(ReplayFault::ShowsLastTwice, "duplicated");
}

#[test]
fn a_message_that_its_reader_had_and_a_replay_leaves_out_is_forgotten() {
    // The mark is that of the login, before the first message.
    one_is_found(ReplayFault::LeavesOutFirst, "forgotten");
}

#[test]
fn only_who_leaves_comes_back_and_only_in_wac() {
    let nobody = "127.0.0.1:9";
    let told = run(nobody, "--resume");
    told.ended_with(2);
    told.shows("--resume: found without --churn or --storm, wanted one of them");
    let told = run(nobody, &format!("--protocol irc {STORM} --duration 2s"));
    told.ended_with(2);
    told.shows("--resume: works with --protocol wac alone");
}
