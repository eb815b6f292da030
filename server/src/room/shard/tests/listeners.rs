//! Listeners: a room that only those read who have logged in.

use std::time::Duration;

use super::world::{PLENTY, World};
use crate::config::Config;
use crate::room::stop_phase::Phase;

const PRIVATE: [&str; 2] = ["--listeners", "logged-in"];
const LATE: &str = "* closing: you did not log in in time";

fn world(flags: &[&str]) -> World {
    World::new(&[&["--shards", "2"], flags].concat())
}

#[test]
fn a_visitor_reads_answers_alone_and_from_the_login_on_the_room() {
    let mut world = world(&PRIVATE);
    let bob = world.join(0, "Bob");
    let ann = world.connect(1, PLENTY);
    world.settle();
    assert_eq!(world.lines(ann).len(), 1, "the greeting");
    world.send(bob, "MSG hi\n");
    world.settle();
    assert!(world.lines(ann).is_empty());
    world.send(ann, "WHO\nSEC\nPING\nHELP\n");
    world.settle();
    let answers = world.lines(ann);
    assert_eq!(
        answers[..3],
        ["! log in first: LIN <name>", "s3cret", "PONG"]
    );
    world.send(ann, "LIN Bob\n");
    world.send(bob, "MSG you are not\n");
    world.settle();
    assert_eq!(world.lines(ann), ["! the name Bob is taken"]);
    world.send(ann, "LIN Ann\n");
    world.settle();
    assert_eq!(world.lines(ann), ["* welcome, Ann"]);
    world.send(bob, "MSG welcome\n");
    world.settle();
    assert_eq!(world.lines(ann), ["Bob: welcome"]);
}

#[test]
fn a_claim_that_comes_with_the_connection_shows_nothing_of_that_moment() {
    let mut world = world(&PRIVATE);
    let bob = world.join(0, "Bob");
    let ann = world.connect(1, PLENTY);
    world.people[ann].send(b"LIN Bob\n");
    world.people[bob].send(b"MSG hi\n");
    world.settle();
    assert_eq!(world.lines(ann)[1..], ["! the name Bob is taken"]);
}

#[test]
fn a_visitor_is_no_slow_reader_however_much_is_said() {
    let mut world = world(&[&PRIVATE[..], &["--window", "64KiB", "--flood-rate", "0"]].concat());
    let bob = world.join(0, "Bob");
    let ann = world.connect(1, PLENTY);
    world.settle();
    world.people[ann].limit(0);
    world.send(ann, "SEC\n");
    for _ in 0..100 {
        world.send(bob, &format!("MSG {}\n", "x".repeat(4000)));
        world.settle();
    }
    world.people[ann].make_room(PLENTY);
    world.send(ann, "LIN Ann\n");
    world.settle();
    let lines = world.lines(ann);
    assert_eq!(lines[1..], ["s3cret", "* welcome, Ann"]);
}

#[test]
fn who_does_not_log_in_in_time_is_closed_and_told_why() {
    let mut world = world(&[&PRIVATE[..], &["--login-timeout", "30s"]].concat());
    let (late, ann) = (world.connect(0, PLENTY), world.connect(0, PLENTY));
    world.settle();
    world.send(ann, "LIN Ann\n");
    world.send(late, "LIN admin\n");
    world.pass(Duration::from_millis(29_999));
    assert!(!world.people[late].is_shut_down());
    world.send(late, "PING\n");
    world.pass(Duration::from_millis(2));
    assert!(world.people[late].is_shut_down());
    assert_eq!(world.lines(late).pop().unwrap(), LATE);
    world.pass(Duration::from_secs(3600));
    assert!(!world.people[ann].is_shut_down());
}

#[test]
fn a_stop_tells_visitors_nothing_else() {
    let mut world = world(&PRIVATE);
    let bob = world.join(0, "Bob");
    let ann = world.connect(0, PLENTY);
    world.settle();
    world.lines(ann);
    world.people[bob].send(b"MSG hi\n");
    world.tell_news();
    world.settle();
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    let stopping = "* closing: the server is stopping";
    assert_eq!(world.lines(ann), [stopping]);
    assert_eq!(world.lines(bob), [stopping]);
}

#[test]
fn who_arrives_in_a_stop_reads_nothing_of_the_room_either() {
    let mut world = world(&PRIVATE);
    let bob = world.join(0, "Bob");
    world.people[bob].send(b"MSG hi\n");
    // The other shard has not seen it yet.
    world.turn(0);
    let ann = world.connect(1, PLENTY);
    world.tell_news();
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    assert_eq!(world.lines(ann)[1..], ["* closing: the server is stopping"]);
}

#[test]
fn a_reload_hides_the_room_from_those_who_are_there_and_shows_it_again() {
    let mut world = world(&["--notices", "off"]);
    let bob = world.join(0, "Bob");
    let ann = world.connect(1, PLENTY);
    world.settle();
    let say = |world: &mut World, text: &str| {
        world.send(bob, &format!("MSG {text}\n"));
        world.settle();
    };
    let reload = |world: &mut World, flags: &[&str]| {
        let usual = ["--shards", "2", "--notices", "off"];
        let config = Config::of(&[&usual, flags].concat(), 20_000).unwrap();
        world.shared.adopt(&config);
        (0..2).for_each(|shard| world.turn(shard));
        world.settle();
    };
    say(&mut world, "one");
    assert_eq!(world.lines(ann).pop().unwrap(), "Bob: one");
    reload(&mut world, &PRIVATE);
    say(&mut world, "two");
    assert!(world.lines(ann).is_empty());
    reload(&mut world, &[]);
    say(&mut world, "three");
    assert_eq!(world.lines(ann), ["Bob: three"]);
    world.pass(Duration::from_secs(3600));
    reload(&mut world, &PRIVATE);
    assert_eq!(world.lines(ann), [LATE], "there for long enough");
    assert!(world.people[ann].is_shut_down() && !world.people[bob].is_shut_down());
}
