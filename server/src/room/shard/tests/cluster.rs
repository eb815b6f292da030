//! Tests of a shard whose server is a node of a cluster: what is said comes back through a stream.

use std::time::Duration;

use super::world::{PLENTY, World};
use crate::room::inbox::INBOX_CAPACITY;

/// Starts with one shard.
fn node() -> World {
    World::in_cluster(&["--shards", "1"], INBOX_CAPACITY)
}

/// Lets the shard take turns until it has nothing to do, while nothing comes back.
fn turns(world: &mut World) {
    world.tell_news();
    while world.has_work(0) {
        world.turn(0);
    }
}

#[test]
fn what_was_said_is_read_by_nobody_before_it_comes_back_and_answers_wait_for_it() {
    let mut world = node();
    let (ann, bob) = (world.join(0, "ann"), world.join(0, "bob"));
    world.send(ann, "PING before\n");
    world.settle();
    assert_eq!(world.lines(ann), ["PONG before"]);
    world.send(ann, "MSG hello\nSEC\nPING\n");
    turns(&mut world);
    assert_eq!((world.lines(ann), world.lines(bob)), (vec![], vec![]));
    world.settle();
    assert_eq!(world.lines(ann), ["s3cret", "PONG"]);
    assert_eq!(world.lines(bob), ["ann: hello"]);
}

#[test]
fn a_pong_waits_for_the_stream_though_nothing_was_said_here() {
    let mut world = node();
    let ann = world.join(0, "ann");
    world.send(ann, "SEC\nPING\n");
    turns(&mut world);
    assert_eq!(world.lines(ann), ["s3cret"]);
    world.settle();
    assert_eq!(world.lines(ann), ["PONG"]);
}

#[test]
fn others_are_told_once_who_comes_and_goes_and_nobody_reads_it_of_themselves() {
    let mut world = node();
    let bob = world.join(0, "bob");
    let ann = world.connect(0, PLENTY);
    world.settle();
    world.send(ann, "LIN ann\nQUIT\n");
    world.settle();
    assert_eq!(world.lines(bob), ["* ann joined", "* ann left"]);
    let read = world.lines(ann);
    assert_eq!(read[1..], ["* welcome, ann", "* closing: goodbye"]);
}

#[test]
fn a_claim_that_comes_back_to_nobody_frees_its_name() {
    let mut world = node();
    let (bob, ann) = (world.join(0, "bob"), world.connect(0, PLENTY));
    world.settle();
    world.send(ann, "LIN ann\n");
    turns(&mut world);
    world.people[ann].reset();
    world.tell_news();
    world.settle();
    assert_eq!(world.lines(bob), ["* ann joined", "* ann left"]);
    world.join(0, "ann");
}

#[test]
fn a_node_that_is_cut_off_closes_everybody_and_drops_what_had_not_come_back() {
    let mut world = node();
    let (ann, bob) = (world.join(0, "ann"), world.join(0, "bob"));
    world.send(ann, "MSG lost\nSEC\nW bob lost, too\n");
    turns(&mut world);
    world.shared.cluster.as_ref().unwrap().cut_off();
    turns(&mut world);
    for who in [ann, bob] {
        let read = world.lines(who);
        let closing = "* closing: cut off from the room".to_owned();
        assert_eq!(read.last(), Some(&closing), "{read:?}");
        assert!(!read.concat().contains("lost"), "{read:?}");
    }
    let late = world.connect(0, PLENTY);
    turns(&mut world);
    let read = world.lines(late);
    assert_eq!(read.last().unwrap(), "* closing: cut off from the room");
}

#[test]
fn another_room_takes_the_place_of_the_lost_one_only_after_all_have_ended_in_it() {
    let mut world = node();
    let ann = world.join(0, "ann");
    world.settle();
    let cluster = world.shared.cluster.as_ref().unwrap();
    cluster.cut_off();
    let has_seen = || world.shared.inboxes[0].cuts_seen() == cluster.cuts();
    world.shards[0].borrow_mut().ingest(world.now);
    assert!(!has_seen(), "ends have no place yet");
    world.shards[0].borrow_mut().flush(world.now);
    assert!(has_seen());
    assert_eq!(world.lines(ann), ["* closing: cut off from the room"]);
}

#[test]
fn who_left_just_before_a_cut_is_counted_once() {
    let mut world = node();
    let (ann, _bob) = (world.join(0, "ann"), world.join(0, "bob"));
    world.settle();
    world.send(ann, "QUIT\n");
    turns(&mut world);
    while world.flow() {}
    world.shared.cluster.as_ref().unwrap().cut_off();
    turns(&mut world);
    assert_eq!(world.shared.users(), 0);
    assert_eq!(world.lines(ann), ["* closing: goodbye"]);
}

#[test]
fn people_are_told_that_the_stream_is_silent_and_that_it_is_back() {
    let mut world = node();
    let ann = world.join(0, "ann");
    for (is_silent, word) in [(true, "waits"), (false, "back")] {
        world
            .shared
            .cluster
            .as_ref()
            .unwrap()
            .note_silence(is_silent);
        turns(&mut world);
        let read = world.lines(ann);
        assert!(read.len() == 1 && read[0].contains(word), "{read:?}");
    }
    world.pass(Duration::from_secs(1));
    assert_eq!(world.lines(ann), Vec::<String>::new());
}
