//! Replays: the past of the room, shown to those who ask, while nobody waits for them.

use std::time::Duration;

use super::world::{PLENTY, World};
use crate::room::stop_phase::Phase;

/// Lines that fill most of the smallest window.
const LINES: usize = 60;
const LINE_BYTES: usize = 1000;
/// Bytes of the past that are shown in a turn.
const SHARE: usize = 256 * 1024;

fn world(shards: &str) -> World {
    let flags = ["--shards", shards, "--flood-rate", "0", "--notices", "off"];
    World::new(&[&flags[..], &["--window", "64KiB"]].concat())
}

/// Has somebody say lines that are numbered.
fn talk(world: &mut World, who: usize, lines: usize) {
    for number in 0..lines {
        world.send(who, &format!("MSG {number:0LINE_BYTES$}\n"));
    }
    world.settle();
}

fn forget(world: &World) {
    world
        .people
        .iter()
        .for_each(|person| drop(person.take_output()));
}

/// Asks for a mark; returns the token.
fn mark(world: &mut World, who: usize) -> String {
    world.send(who, "MARK\n");
    world.settle();
    let line = world.lines(who).pop().unwrap();
    line.strip_prefix("MARK ").unwrap().to_owned()
}

#[test]
fn what_was_said_since_a_mark_is_shown_once_and_then_the_room_goes_on() {
    for shards in ["1", "2"] {
        let mut world = world(shards);
        let ann = world.join(0, "Ann");
        let bob = world.join(world.shards.len() - 1, "Bob");
        world.send(bob, "MSG early\n");
        world.settle();
        let token = mark(&mut world, bob);
        world.send(ann, "MSG one\n");
        world.settle();
        world.send(bob, "MSG two\n");
        world.settle();
        forget(&world);
        world.send(bob, &format!("SINCE {token}\nPING\n"));
        world.settle();
        world.send(ann, "MSG three\n");
        world.settle();
        let lines = world.lines(bob);
        assert!(
            lines[0].starts_with("* history: 2 lines since 20"),
            "{lines:?}"
        );
        let rest = [
            "Ann: one",
            "Bob: two",
            "* history ends",
            "PONG",
            "Ann: three",
        ];
        assert_eq!(lines[1..], rest);
        let other = token.replace(char::is_alphanumeric, "0");
        world.send(bob, &format!("SINCE {other}\n"));
        world.settle();
        assert_eq!(world.lines(bob), ["! not a mark of this room"]);
    }
}

#[test]
fn those_who_talk_do_not_wait_for_those_who_are_shown_the_past() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    let readers: Vec<usize> = (0..50).map(|_| world.connect(0, PLENTY)).collect();
    world.settle();
    talk(&mut world, ann, LINES);
    forget(&world);
    let bob = world.join(0, "Bob");
    let most = SHARE + readers.len() * 100;
    readers
        .iter()
        .for_each(|&reader| world.send(reader, "HIST 1000\n"));
    let mut turns = 0;
    let mut shown = vec![Vec::new(); readers.len()];
    let mut said = 0;
    while world.has_work(0) || turns == 0 {
        world.send(ann, &format!("MSG live {turns}\n"));
        world.turn(0);
        turns += 1;
        assert_eq!(
            world.lines(bob),
            [format!("Ann: live {}", turns - 1)],
            "in the same turn"
        );
        said += "Ann: live 000\r\n".len() * readers.len();
        let mut bytes = 0;
        for (shown, &reader) in shown.iter_mut().zip(&readers) {
            let now = world.people[reader].take_output();
            bytes += now.len();
            shown.extend(now);
        }
        assert!(bytes <= most + said, "{bytes} bytes in a turn");
        assert!(turns < 1000);
        if shown.iter().all(|it| ends(it)) {
            break;
        }
    }
    assert!(turns > readers.len() * LINES * LINE_BYTES / most, "{turns}");
    for shown in shown {
        let text = String::from_utf8(shown).unwrap();
        let long: Vec<&str> = text.lines().filter(|it| it.len() > LINE_BYTES).collect();
        assert_eq!(long.len(), LINES);
        let numbers = (0..LINES).map(|number| format!("Ann: {number:0LINE_BYTES$}"));
        assert!(long.into_iter().eq(numbers));
    }
}

fn ends(shown: &[u8]) -> bool {
    String::from_utf8_lossy(shown).contains("* history ends\r\n")
}

#[test]
fn whoever_reads_the_past_too_slowly_is_closed_and_nobody_else() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    let bob = world.join(0, "Bob");
    talk(&mut world, ann, LINES);
    forget(&world);
    let slow = world.connect(0, PLENTY);
    world.settle();
    world.people[slow].limit(5000);
    world.send(slow, "HIST 50\n");
    world.settle();
    assert_eq!(world.sessions(), 3);
    talk(&mut world, ann, 2 * LINES);
    world.pass(Duration::from_secs(10));
    assert_eq!(world.sessions(), 2, "the slow reader is closed");
    assert!(world.people[slow].is_closed());
    let text = String::from_utf8(world.people[slow].take_output()).unwrap();
    assert!(!text.contains("* history ends"));
    assert_eq!(world.lines(bob).len(), 2 * LINES);
}

#[test]
fn a_long_past_is_shown_to_the_end_while_nobody_talks() {
    let flags = ["--shards", "1", "--flood-rate", "0", "--window", "2MiB"];
    let mut world = World::new(&flags);
    let ann = world.join(0, "Ann");
    let bob = world.join(0, "Bob");
    talk(&mut world, ann, 900);
    forget(&world);
    world.send(bob, "HIST 900\n");
    world.settle();
    assert!(ends(&world.people[bob].take_output()));
}

/// Has somebody fill most of the window, and others ask for it.
fn asked(readers: usize) -> (World, Vec<usize>) {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    let readers: Vec<usize> = (0..readers).map(|_| world.connect(0, PLENTY)).collect();
    world.settle();
    talk(&mut world, ann, LINES);
    forget(&world);
    readers
        .iter()
        .for_each(|&reader| world.send(reader, "HIST 1000\n"));
    (world, readers)
}

#[test]
fn nobody_is_shown_a_past_with_a_hole_however_fast_the_room_goes_on() {
    let mut closed = 0;
    // Whether or not anything is said after the lines have left the window.
    for turns in 1..8 {
        let (mut world, readers) = asked(50);
        world.turn(0);
        let talkers: Vec<usize> = (0..20).map(|_| world.connect(0, PLENTY)).collect();
        for (number, &who) in talkers.iter().enumerate() {
            world.send(who, &format!("LIN p{number}\n"));
        }
        // A turn reads one piece of each sender: together they say nearly the whole window.
        for _ in 0..turns {
            let text = format!("MSG {:0LINE_BYTES$}\n", 0).repeat(3);
            talkers.iter().for_each(|&who| world.send(who, &text));
            world.turn(0);
        }
        world.settle();
        for reader in readers {
            if !ends(&world.people[reader].take_output()) {
                assert!(world.people[reader].is_closed(), "a hole, and it goes on");
                closed += 1;
            }
        }
    }
    assert!(closed > 0, "the room was fast enough");
}

#[test]
fn a_stop_waits_until_the_past_has_been_shown() {
    let mut world = world("1");
    let ann = world.join(0, "Ann");
    talk(&mut world, ann, LINES);
    forget(&world);
    let readers: Vec<usize> = (0..100).map(|_| world.connect(0, PLENTY)).collect();
    world.settle();
    readers
        .iter()
        .for_each(|&reader| world.send(reader, "HIST 1000\n"));
    world.turn(0);
    world.shared.phases.enter(Phase::Draining);
    world.settle();
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    for reader in readers {
        let lines = world.lines(reader);
        let last = &lines[lines.len() - 2..];
        assert_eq!(
            last,
            ["* history ends", "* closing: the server is stopping"]
        );
    }
}
