//! Marks in a room with a history: none points behind what the journal has written, and none keeps its session for long.

use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::log::{CHUNK_BYTES, Position};
use wac_core::mark::Mark;

use super::world::{World, kick};
use crate::room::requests::Whom;

const QUIET: &[&str] = &[
    "--shards=2",
    "--notices=off",
    "--flood-rate=0",
    "--window=64KiB",
];
const REFUSAL: &str = "! no mark now: the history is not being written; try later";

/// Returns a room, far from its beginning, in which Ann asks for a mark behind a line of Bob's that is not written yet, and one
/// more is said.
fn ann_waits() -> (World, usize, usize) {
    let mut world = World::with_history(QUIET, Position(5 * CHUNK_BYTES as u64 + 7));
    let [ann, bob] = [(0, "ann"), (1, "bob")].map(|(shard, name)| world.join(shard, name));
    say(&mut world, bob, "before");
    say(&mut world, ann, "hi");
    world.send(ann, "MARK\n");
    world.settle();
    say(&mut world, bob, "behind");
    assert_eq!(world.lines(ann), ["bob: before"]);
    (world, ann, bob)
}

fn say(world: &mut World, who: usize, text: &str) {
    world.send(who, &format!("MSG {text}\n"));
    world.settle();
}

fn write_all(world: &mut World) {
    world.shared.journal().set_written(world.shared.head());
    world.settle();
}

fn position(line: &str) -> u64 {
    let token = line.strip_prefix("MARK ").unwrap();
    Mark::parse(token).unwrap().place.at.0
}

#[test]
fn a_mark_waits_until_the_history_is_written_up_to_it_and_so_does_what_is_said_behind_it() {
    let (mut world, ann, _) = ann_waits();
    let place = world.shared.head().0 - "bob: behind\r\n".len() as u64;
    world.shared.journal().set_written(Position(place - 1));
    world.settle();
    assert_eq!(world.lines(ann), [""; 0]);
    world.shared.journal().set_written(Position(place));
    world.settle();
    let lines = world.lines(ann);
    assert_eq!((position(&lines[0]), &*lines[1]), (place, "bob: behind"));
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_mark_is_given_at_once_if_the_history_has_its_place_even_if_it_fails_by_now() {
    let (mut world, ann, bob) = ann_waits();
    write_all(&mut world);
    world.lines(ann);
    world.shared.journal().note(true);
    world.send(ann, "MARK\n");
    world.settle();
    assert_eq!(position(&world.lines(ann)[0]), world.shared.head().0);
    // No line more.
    say(&mut world, bob, "on");
    world.send(ann, "MARK\n");
    world.settle();
    assert_eq!(world.lines(ann), ["bob: on", REFUSAL]);
}

#[test]
fn a_mark_that_waits_is_refused_when_the_history_fails_or_takes_too_long() {
    let (mut world, ann, _) = ann_waits();
    world.shared.journal().note(true);
    world.settle();
    assert_eq!(world.lines(ann), [REFUSAL, "bob: behind"]);

    let (mut world, ann, bob) = ann_waits();
    world.pass(Duration::from_secs(3));
    assert_eq!(world.lines(ann), [REFUSAL, "bob: behind"]);
    // It waits for nothing any more.
    write_all(&mut world);
    say(&mut world, bob, "on");
    assert_eq!(world.lines(ann), ["bob: on"]);
}

#[test]
fn a_session_that_ends_while_its_mark_waits_has_both_the_mark_and_its_last_line() {
    let (mut world, ann, _) = ann_waits();
    let ann_alone = Whom::Session(world.id_of(ann));
    world.ask(&kick(ann_alone));
    assert_eq!(world.lines(ann), [""; 0]);
    write_all(&mut world);
    let lines = world.lines(ann);
    position(&lines[0]);
    let last = CloseReason::Kicked.announcement_for(Some("too loud"));
    assert_eq!(
        lines[1..],
        ["bob: behind".to_owned(), format!("* {}", last.unwrap())]
    );
    assert!(world.people[ann].is_shut_down());
}

#[test]
fn a_mark_of_somebody_who_is_gone_is_nobodys() {
    let (mut world, ann, bob) = ann_waits();
    // More than the window: she falls out of it.
    (0..40).for_each(|_| say(&mut world, bob, &"x".repeat(4000)));
    world.people[ann].end_input();
    world.settle();
    assert_eq!(world.sessions(), 1);
    let eve = world.join(0, "eve");
    write_all(&mut world);
    assert_eq!(world.lines(eve), [""; 0]);
}
