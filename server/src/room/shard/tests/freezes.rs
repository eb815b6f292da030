//! Faults that once froze a shard, a name or a stop, each as its shortest scenario. The simulation
//! finds them, too; here they have a name.

use std::time::Duration;

use super::world::{PLENTY, World};
use crate::room::locks::lock;
use crate::room::stop_phase::Phase;

const WINDOW: &[&str] = &[
    "--flood-rate",
    "0",
    "--notices",
    "off",
    "--window",
    "64KiB",
    "--shards",
];

fn world(shards: &str) -> World {
    World::new(&[WINDOW, &[shards]].concat())
}

fn line(length: usize) -> String {
    format!("MSG {}\n", "x".repeat(length))
}

/// Bob's cursor is in the middle of a line when that line leaves the window; each turn, private bytes come for him.
#[track_caller]
fn stands_in_a_line_that_leaves_the_window(private: impl Fn(&mut World, usize, usize)) {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    let bob = world.connect(0, 50_001);
    world.settle();
    world.send(bob, "LIN Bob\n");
    world.settle();
    for _ in 0..100 {
        world.send(ann, &line(3000));
        private(&mut world, ann, bob);
        world.settle();
    }
    assert!(world.people[bob].is_shut_down(), "the reader is too slow");
}

#[test]
fn a_whisper_for_a_reader_whose_line_left_the_window_is_dropped() {
    stands_in_a_line_that_leaves_the_window(|world, ann, _| world.send(ann, "W Bob psst\n"));
}

#[test]
fn an_answer_for_a_reader_whose_line_left_the_window_is_dropped() {
    stands_in_a_line_that_leaves_the_window(|world, _, bob| world.send(bob, "PING\n"));
}

/// Shard 0 has more pending than may be appended, because shard 1 has not had a turn.
fn blocked() -> (World, Vec<usize>, Vec<usize>, usize) {
    let mut world = world("2");
    let mut join = |shard, names: std::ops::Range<usize>| -> Vec<usize> {
        names.map(|n| world.join(shard, &format!("u{n}"))).collect()
    };
    let (talkers, elsewhere) = (join(0, 0..40), join(1, 40..44));
    let other = world.connect(0, PLENTY);
    world.settle();
    talkers.iter().for_each(|&who| world.send(who, &line(4000)));
    world.turn(0);
    world.turn(0);
    assert!(world.shards[0].borrow().blocked.is_some());
    (world, talkers, elsewhere, other)
}

#[test]
fn a_connection_that_breaks_while_the_log_is_blocked_is_not_written_again() {
    let (mut world, talkers, elsewhere, other) = blocked();
    world.people[other].reset();
    world.turn(0);
    // Its end waits while the other shard, always in the middle of its turn, moves the room on.
    let now = world.now;
    for _ in 0..10 {
        elsewhere
            .iter()
            .for_each(|&who| world.send(who, &line(4000)));
        world.shards[1].borrow_mut().ingest(now);
        world.turn(0);
        world.shards[1].borrow_mut().flush(now);
    }
    world.settle();
    assert_eq!(world.sessions(), talkers.len() + elsewhere.len());
}

#[test]
fn a_claim_is_dropped_if_its_connection_breaks_while_the_log_is_blocked() {
    let (mut world, talkers, elsewhere, other) = blocked();
    world.send(other, "LIN Eve\n");
    world.turn(0);
    world.people[other].reset();
    world.turn(0);
    world.settle();
    let names = lock(&world.shared.roster).names();
    assert_eq!(names.len(), talkers.len() + elsewhere.len(), "{names:?}");
}

#[test]
fn a_shard_with_lines_pending_ends_when_the_others_have_ended() {
    let (mut world, talkers, ..) = blocked();
    talkers.iter().for_each(|&who| world.send(who, &line(4000)));
    for _ in 0..3 {
        world.turn(0);
    }
    world.shared.phases.enter(Phase::Draining);
    world.turn(0);
    world.shared.phases.enter(Phase::Cut);
    world.turn(1);
    assert!(world.shards[1].borrow().is_over());
    world.settle();
    assert!(world.shards[0].borrow().is_over());
}

#[test]
fn an_ended_session_is_closed_when_its_unread_bytes_leave_the_window() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    let stuck = world.connect(0, 100);
    world.settle();
    world.send(ann, &line(3000));
    world.settle();
    world.people[stuck].end_input();
    world.settle();
    for _ in 0..50 {
        world.send(ann, &line(3000));
        world.settle();
    }
    assert!(world.people[stuck].is_closed());
}

#[test]
fn a_full_session_with_unread_answers_keeps_no_shard_busy_in_a_stop() {
    let mut world = world("1");
    let bob = world.connect(0, 100);
    world.settle();
    world.send(bob, &"PING x\n".repeat(1000));
    world.settle();
    world.shared.phases.enter(Phase::Draining);
    world.settle();
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    // Too few answers wait to hold the input back, and the socket is full again.
    world.people[bob].make_room(200);
    world.settle();
}

#[test]
fn a_stop_ends_at_once_when_everybody_has_everything() {
    let mut world = world("2");
    let people = [world.join(0, "Ann"), world.join(1, "Bob")];
    world.shared.phases.enter(Phase::Draining);
    world.settle();
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    assert_eq!(
        world.sessions(),
        2,
        "their systems have not taken everything"
    );
    assert_eq!(
        world.lines(people[0]),
        ["* closing: the server is stopping"]
    );
    world.pass(Duration::from_millis(20));
    assert_eq!(world.sessions(), 1, "nobody waits for Ann to close");
    world.pass(Duration::from_secs(2));
    assert_eq!(world.sessions(), 0);
}

#[test]
fn a_closed_connection_that_sends_for_ever_is_dropped_after_two_seconds() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    world.send(ann, "QUIT\n");
    world.settle();
    world.send(ann, &"x".repeat(1_000_000));
    for _ in 0..30 {
        world.turn(0);
        world.now += Duration::from_millis(100);
    }
    assert_eq!(world.sessions(), 0);
}

#[test]
fn a_stop_does_not_wait_for_a_client_that_sends_for_ever() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    world.people[ann].send(&vec![b'x'; 100_000]);
    world.shared.phases.enter(Phase::Sealed);
    world.turn(0);
    assert!(world.people[ann].is_shut_down());
    world.lines(ann);
    world.settle();
    assert_eq!(world.sessions(), 0);
    assert!(world.people[ann].unread() > 50_000);
}

#[test]
fn a_connection_admitted_after_the_cut_keeps_no_shard_from_ending() {
    let mut world = world("1");
    world.shared.phases.enter(Phase::Cut);
    world.turn(0);
    world.connect(0, PLENTY);
    assert_eq!(world.sessions(), 0);
}
