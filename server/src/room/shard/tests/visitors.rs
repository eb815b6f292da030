//! Visitors: they may stay, but take at most half of the places from users.

use std::time::Duration;

use super::world::{PLENTY, World};

const FULL: &str = "* closing: server full";

/// A server with four places, two of them kept for visitors and taken.
fn half_full(flags: &[&str]) -> World {
    let usual = [
        "--shards",
        "1",
        "--notices",
        "off",
        "--max-connections",
        "4",
    ];
    let mut world = World::new(&[&usual, flags].concat());
    for _ in 0..2 {
        world.connect(0, PLENTY);
    }
    world.settle();
    world
}

fn one_more(world: &mut World) -> usize {
    let who = world.connect(0, PLENTY);
    world.settle();
    who
}

#[test]
fn a_visitor_beyond_half_of_all_places_has_ten_seconds_to_log_in() {
    let mut world = half_full(&[]);
    let late = one_more(&mut world);
    world.pass(Duration::from_millis(9_999));
    assert!(!world.people[late].is_shut_down());
    world.pass(Duration::from_millis(2));
    assert!(world.people[late].is_shut_down());
    assert_eq!(world.lines(late).pop().unwrap(), FULL);
    world.pass(Duration::from_secs(3600));
    assert_eq!(world.sessions(), 2, "the others' places are kept");
}

#[test]
fn a_visitor_who_logs_in_stays() {
    let mut world = half_full(&[]);
    let ann = one_more(&mut world);
    world.pass(Duration::from_secs(5));
    world.send(ann, "LIN Ann\n");
    world.settle();
    world.pass(Duration::from_secs(3600));
    assert!(!world.people[ann].is_shut_down());
}

#[test]
fn a_refused_login_does_not_count() {
    let mut world = half_full(&[]);
    let ann = one_more(&mut world);
    world.send(ann, "LIN admin\n");
    world.settle();
    world.pass(Duration::from_secs(11));
    assert_eq!(world.lines(ann).pop().unwrap(), FULL);
}

#[test]
fn activity_does_not_extend_the_trial() {
    let mut world = half_full(&["--flood-burst", "1"]);
    let who = one_more(&mut world);
    for _ in 0..11 {
        world.send(who, "PING\nPING\nPING\nPING\nPING\nPING\n");
        world.settle();
        world.pass(Duration::from_secs(1));
    }
    assert!(world.people[who].is_shut_down());
}

#[test]
fn a_visitor_stays_if_there_is_room_when_the_trial_ends() {
    let mut world = half_full(&[]);
    let late = one_more(&mut world);
    world.send(0, "LIN Ann\n");
    world.settle();
    world.pass(Duration::from_secs(3600));
    assert!(!world.people[late].is_shut_down());
}

#[test]
fn a_login_sent_in_time_counts_however_late_it_is_read() {
    let mut world = half_full(&[]);
    let ann = one_more(&mut world);
    world.people[ann].send(b"LIN Ann\n");
    // The process is stopped for a while.
    world.now += Duration::from_secs(60);
    world.settle();
    world.pass(Duration::from_secs(3600));
    assert_eq!(world.lines(ann).pop().unwrap(), "* welcome, Ann");
    assert!(!world.people[ann].is_shut_down());
}

#[test]
fn a_storm_of_logins_is_never_refused() {
    let mut world = World::new(&["--shards", "1", "--max-connections", "1000"]);
    let people: Vec<usize> = (0..1000).map(|_| world.connect(0, PLENTY)).collect();
    world.settle();
    for &who in &people {
        world.people[who].send(format!("LIN user{who}\n").as_bytes());
    }
    world.settle();
    world.pass(Duration::from_secs(60));
    assert_eq!(world.sessions(), 1000);
}
