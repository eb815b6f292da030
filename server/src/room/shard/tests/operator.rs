//! Requests of the operator: who is there, and who has to go.

use std::sync::Arc;
use std::time::Duration;

use wac_core::close_reason::CloseReason;

use super::world::{PLENTY, World, kick};
use crate::room::peer::Peer;
use crate::room::requests::{Removal, Whom, Wish};
use crate::room::stop_phase::Phase;

const KICKED: &str = "* closing: kicked: too loud";

fn world(flags: &[&str]) -> World {
    World::new(&[&["--shards", "2", "--flood-rate", "0"], flags].concat())
}

fn names(world: &mut World) -> Vec<String> {
    let people = world.ask(&Wish::List);
    let name = |person: &crate::room::requests::Person| {
        let name = person.name.as_ref();
        name.map_or_else(|| "-".to_owned(), ToString::to_string)
    };
    people.iter().map(name).collect()
}

#[test]
fn the_list_has_everybody_who_is_there_with_their_time_lines_and_lag() {
    let mut world = world(&["--notices", "off"]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    world.connect(1, PLENTY);
    world.settle();
    world.people[bob].limit(0);
    world.pass(Duration::from_secs(60));
    world.send(ann, "MSG one\nMSG two\n");
    world.settle();
    let people = world.ask(&Wish::List);
    let rows: Vec<_> = people
        .iter()
        .map(|it| (it.id.0, it.time_on.as_secs(), it.lines, it.lag_bytes))
        .collect();
    let unread = "Ann: one\r\nAnn: two\r\n".len() as u64;
    assert_eq!(rows, [(1, 60, 3, 0), (2, 60, 1, unread), (3, 60, 0, 0)]);
    assert_eq!(names(&mut world), ["Ann", "Bob", "-"]);
    world.send(ann, "QUIT\n");
    assert_eq!(names(&mut world), ["Bob", "-"], "who has left is not there");
}

#[test]
fn who_is_kicked_is_told_why_and_the_others_see_an_ordinary_leave() {
    let mut world = world(&[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    // What they say before the request is looked at is heard.
    world.people[ann].send(b"MSG last words\n");
    world.tell_news();
    let gone = world.ask(&kick(Whom::Session(world.id_of(ann))));
    assert_eq!(gone.len(), 1);
    assert_eq!(world.lines(ann), [KICKED]);
    assert!(world.people[ann].is_shut_down());
    assert_eq!(world.lines(bob), ["Ann: last words", "* Ann left"]);
    let heir = world.connect(0, PLENTY);
    world.settle();
    world.send(heir, "LIN Ann\n");
    world.settle();
    assert_eq!(world.lines(heir)[1], "* welcome, Ann");
    let again = world.ask(&kick(Whom::Session(world.id_of(ann))));
    assert_eq!(again, []);
}

#[test]
fn who_reads_nothing_is_kicked_all_the_same_and_loses_the_name_at_once() {
    let mut world = world(&[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    world.people[ann].limit(0);
    world.send(bob, "MSG hello?\n");
    world.settle();
    assert_eq!(world.ask(&kick(Whom::Session(world.id_of(ann)))).len(), 1);
    assert_eq!(world.lines(bob), ["* Ann left"]);
    world.people[ann].make_room(PLENTY);
    world.settle();
    assert_eq!(world.lines(ann), ["Bob: hello?", KICKED]);
    // Another one never reads again: its last bytes wait 30 s.
    world.people[bob].limit(0);
    world.ask(&kick(Whom::Session(world.id_of(bob))));
    world.pass(Duration::from_secs(31));
    assert!(world.people[bob].is_closed() && world.lines(bob).is_empty());
}

#[test]
fn one_that_was_accepted_and_not_yet_greeted_is_removed_too() {
    let mut world = world(&[]);
    let (told, silent) = (world.connect(0, PLENTY), world.connect(0, 0));
    world.people[silent].limit(0);
    let everybody = Whom::Network("127.0.0.0/8".parse().unwrap());
    assert_eq!(world.ask(&kick(everybody)).len(), 2);
    assert_eq!(world.lines(told).pop().unwrap(), KICKED);
    assert!(world.people[silent].is_closed());
    world.pass(Duration::from_secs(3));
    assert_eq!(world.sessions(), 0);
}

#[test]
fn one_whose_socket_is_not_reported_yet_is_told_why_too() {
    let mut world = world(&[]);
    let ann = world.connect(0, PLENTY);
    let everybody = Whom::Network("127.0.0.0/8".parse().unwrap());
    let asked = world.shared.inboxes[0].ask(kick(everybody));
    {
        let mut shard = world.shards[0].borrow_mut();
        shard.take_requests();
        shard.turn(world.now);
    }
    drop(asked);
    assert_eq!(world.lines(ann), [KICKED]);
}

#[test]
fn a_network_is_emptied_on_every_shard_and_nobody_else_goes() {
    let mut world = world(&["--notices", "off"]);
    let from = |text: &str| Peer::Tcp(text.parse().unwrap());
    let places = [
        (from("192.0.2.1:1"), true),
        (from("[::ffff:192.0.2.2]:1"), true),
        (from("192.0.3.1:1"), false),
        (from("[2001:db8::1]:1"), false),
        (Peer::Unix, false),
    ];
    for shard in 0..2 {
        for (peer, _) in places {
            world.connect_from(peer, shard, PLENTY);
        }
    }
    world.settle();
    let ban = Wish::Remove(Arc::new(Removal {
        whom: Whom::Network("192.0.2.0/24".parse().unwrap()),
        reason: CloseReason::Banned,
        why: None,
    }));
    assert_eq!(world.ask(&ban).len(), 4);
    for (who, (peer, goes)) in places.iter().cycle().take(10).enumerate() {
        assert_eq!(world.people[who].is_shut_down(), *goes, "{peer}");
        let last = world.lines(who).pop().unwrap();
        assert_eq!(last == "* closing: banned", *goes, "{peer}: {last}");
    }
}

#[test]
fn one_connection_is_named_by_its_address_and_port() {
    let mut world = world(&[]);
    let peers = ["[::ffff:127.0.0.1]:5", "127.0.0.1:6"];
    let people = peers.map(|at| world.connect_from(Peer::Tcp(at.parse().unwrap()), 0, PLENTY));
    world.settle();
    world.ask(&kick(Whom::Connection("127.0.0.1:5".parse().unwrap())));
    assert!(world.people[people[0]].is_shut_down() && !world.people[people[1]].is_shut_down());
}

#[test]
fn in_a_stop_nobody_is_removed_and_requests_are_answered() {
    let mut world = world(&[]);
    let ann = world.join(0, "Ann");
    world.shared.phases.enter(Phase::Draining);
    let everybody = Whom::Network("0.0.0.0/0".parse().unwrap());
    assert_eq!(world.ask(&kick(everybody)), []);
    assert!(!world.people[ann].is_shut_down());
    assert_eq!(names(&mut world), ["Ann"]);
}

#[test]
fn nothing_waits_for_one_who_asked_and_went() {
    let mut world = world(&[]);
    world.join(0, "Ann");
    for inbox in &world.shared.inboxes {
        drop(inbox.ask(Wish::List));
    }
    assert!(world.has_work(0) && world.has_work(1));
    world.settle();
    assert_eq!(names(&mut world), ["Ann"]);
}
