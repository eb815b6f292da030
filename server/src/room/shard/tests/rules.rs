//! Rules of the shard's loop (`server/DESIGN.md`), each tested by the failure it prevents.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wac_core::log::Position;
use wac_core::roster::{SessionAddress, SessionId, ShardId, Slot};

use super::world::{PLENTY, World};
use crate::room::inbox::DirectMessage;
use crate::room::shard::PENDING_BYTES;
use crate::room::stop_phase::Phase;

const FREE: &[&str] = &["--flood-rate", "0", "--notices", "off", "--shards"];

fn world(shards: &str, flags: &[&str]) -> World {
    World::new(&[FREE, &[shards], flags].concat())
}

fn line(length: usize) -> String {
    format!("MSG {}\n", "x".repeat(length))
}

#[test]
fn collect_before_perform_all_ready_sockets_are_read_before_anything_is_appended() {
    let mut world = world("1", &[]);
    let people: Vec<usize> = (0..20).map(|n| world.join(0, &format!("u{n}"))).collect();
    people.iter().for_each(|&who| world.send(who, "MSG hi\n"));
    world.turn(0);
    for &who in &people {
        let lines = world.lines(who);
        assert_eq!(lines.len(), 19, "one turn gathered what all said");
    }
}

#[test]
fn collect_before_perform_a_pong_is_a_fence_for_lines_and_whispers_across_shards() {
    let mut world = world("2", &[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    for (said, heard) in [
        ("MSG hi\n", "Ann: hi"),
        ("W bob hi\n", "Ann whispers, \"hi\""),
    ] {
        world.send(ann, said);
        world.send(ann, "PING\n");
        world.turn(0);
        assert_eq!(world.lines(ann), ["PONG"]);
        world.send(bob, "PING\n");
        world.turn(1);
        assert_eq!(world.lines(bob), [heard, "PONG"]);
    }
}

#[test]
fn collect_before_perform_a_whisper_between_two_lines_is_read_between_them() {
    let mut world = world("2", &[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    let now = world.now;
    world.send(ann, "MSG 1\nW bob 2\nMSG 3\n");
    world.tell_news();
    world.shards[1].borrow_mut().ingest(now);
    world.turn(0);
    world.shards[1].borrow_mut().flush(now);
    assert_eq!(
        world.lines(bob),
        ["Ann: 1", "Ann whispers, \"2\"", "Ann: 3"]
    );
}

#[test]
fn one_read_a_turn_a_socket_is_read_once_a_turn_and_never_beyond_a_line() {
    let mut world = world("1", &[]);
    let ann = world.join(0, "Ann");
    let before = world.people[ann].reads();
    world.people[ann].send(&vec![b'x'; 100_000]);
    world.turn(0);
    assert_eq!(world.people[ann].reads(), before + 1);
    assert_eq!(world.people[ann].unread(), 100_000 - 4096);
}

#[test]
fn one_read_a_turn_a_sender_that_is_held_back_stays_in_its_socket() {
    let mut world = World::new(&["--shards", "1", "--flood-burst", "3"]);
    let ann = world.join(0, "Ann");
    world.people[ann].send("SEC\n".repeat(10_000).as_bytes());
    world.settle();
    assert!(world.people[ann].unread() >= 40_000 - 2 * 4096);
    let lines = world.lines(ann);
    assert_eq!(
        lines.iter().filter(|line| *line == "s3cret").count(),
        2,
        "LIN cost a fifth"
    );
    assert_eq!(lines.last().unwrap(), "* slow down: your lines wait");
    world.pass(Duration::from_secs(1));
    assert_eq!(world.lines(ann), ["s3cret"; 5]);
}

#[test]
fn one_read_a_turn_a_sender_that_catches_up_now_and_then_is_never_held_too_long() {
    let mut world = World::new(&["--shards", "1", "--flood-burst", "2"]);
    let ann = world.join(0, "Ann");
    for round in 0..100 {
        world.send(ann, "SEC\nSEC\nSEC\nSEC\n");
        world.settle();
        world.pass(Duration::from_secs(2));
        let told = world
            .lines(ann)
            .iter()
            .filter(|line| line.contains("slow down"))
            .count();
        assert_eq!(
            told, 1,
            "round {round}: told once, and again after a quiet time"
        );
    }
    assert!(!world.people[ann].is_shut_down());
}

#[test]
fn one_read_a_turn_a_client_that_pushed_megabytes_and_left_does_not_talk_for_hours() {
    let mut world = World::new(&["--shards", "1"]);
    let ghost = world.join(0, "Ghost");
    world.send(ghost, &"SEC\n".repeat(100_000));
    world.people[ghost].end_input();
    world.settle();
    world.pass(Duration::from_secs(119));
    assert!(!world.people[ghost].is_shut_down());
    world.pass(Duration::from_secs(2));
    assert!(world.people[ghost].is_shut_down());
    assert_eq!(
        world.lines(ghost).pop().unwrap(),
        "* closing: you sent more than the room takes"
    );
}

#[test]
fn one_read_a_turn_a_held_back_line_that_fills_the_buffer_is_not_the_last() {
    let mut world = World::new(&["--shards", "1", "--flood-burst", "1"]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(0, "Bob"));
    world.send(ann, &line(4096 - "MSG \n".len()).repeat(3));
    world.settle();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.lines(bob).len(), 3);
}

#[test]
fn paced_appends_a_burst_larger_than_the_window_closes_nobody() {
    let mut world = world("2", &["--window", "64KiB"]);
    let senders: Vec<usize> = (0..100)
        .map(|n| world.join(n % 2, &format!("u{n}")))
        .collect();
    let reader = world.connect(0, PLENTY);
    world.settle();
    world.lines(reader);
    senders.iter().for_each(|&who| world.send(who, &line(4000)));
    world.settle();
    assert_eq!(world.lines(reader).len(), 100);
    assert_eq!(world.sessions(), 101);
}

#[test]
fn paced_appends_a_shard_with_too_much_pending_stops_reading_and_waits_for_the_other() {
    let mut world = world("2", &["--window", "64KiB"]);
    let senders: Vec<usize> = (0..200).map(|n| world.join(0, &format!("u{n}"))).collect();
    let reader = world.connect(1, PLENTY);
    world.settle();
    senders.iter().for_each(|&who| world.send(who, &line(4000)));
    for _ in 0..20 {
        world.turn(0);
    }
    {
        let shard = world.shards[0].borrow();
        assert!(shard.items.pending_bytes() >= PENDING_BYTES - 64 * 1024);
        assert!(shard.items.pending_bytes() < PENDING_BYTES + 4352);
        assert!(
            !shard.has_work(),
            "it waits for the other shard's turn, and does not spin"
        );
    }
    let unread: usize = senders.iter().map(|&who| world.people[who].unread()).sum();
    assert!(unread > 0, "the rest stays in the sockets");
    world.settle();
    assert_eq!(
        world.lines(reader).len(),
        201,
        "the greeting and every line"
    );
}

#[test]
fn only_its_own_socket_makes_a_session_too_slow() {
    let mut world = world("1", &["--window", "64KiB"]);
    let ann = world.join(0, "Ann");
    let stuck = world.connect(0, 100);
    let slow = world.connect(0, 100);
    let healthy = world.connect(0, PLENTY);
    world.settle();
    for _ in 0..50 {
        world.send(ann, &line(4000));
        world.settle();
        world.people[slow].make_room(4100);
        world.settle();
    }
    assert!(world.people[stuck].is_shut_down());
    assert!(!world.people[slow].is_shut_down() && !world.people[healthy].is_shut_down());
    assert_eq!(world.lines(healthy).len(), 51);
    assert_eq!(world.lines(slow).len(), 51);
}

#[test]
fn reserve_before_posting_a_message_for_a_session_that_is_gone_is_dropped_and_counted() {
    let mut world = world("2", &[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    let gone = SessionAddress {
        shard: ShardId(1),
        slot: Slot(0),
        id: SessionId(999),
    };
    let message = DirectMessage {
        to: gone,
        at: Position(0),
        line: Box::from(*b"Ann whispers, \"x\"\r\n"),
    };
    world.shards[1].borrow().inbox.post(message).unwrap();
    world.settle();
    assert_eq!(world.undelivered(), 1, "its slot is another's now");
    assert_eq!((world.lines(ann).len(), world.lines(bob).len()), (0, 0));
}

#[test]
fn reserve_before_posting_a_whisper_that_does_not_fit_is_refused_to_its_sender() {
    let mut world = world("2", &[]);
    let ann = world.join(0, "Ann");
    let carol = world.connect(1, 200);
    world.settle();
    world.send(carol, "LIN Carol\n");
    world.settle();
    let whisper = format!("W Carol {}\n", "x".repeat(4000));
    for _ in 0..20 {
        world.send(ann, &whisper);
        world.settle();
    }
    let refused = world.lines(ann);
    assert!(
        refused
            .iter()
            .any(|line| line == "! Carol is not reading, try later"),
        "{refused:?}"
    );
    assert!(
        !world.people[carol].is_shut_down(),
        "she is not closed for what others send"
    );
    world.people[carol].make_room(PLENTY);
    world.settle();
    let got = world
        .lines(carol)
        .iter()
        .filter(|line| line.starts_with("Ann whispers"))
        .count();
    let told = refused
        .iter()
        .filter(|line| line.starts_with("! Carol"))
        .count();
    assert_eq!(got + told, 20, "each whisper was delivered or refused");
    assert!(
        (10..=12).contains(&got),
        "{got} whispers of 4 KiB fit into 48 KiB"
    );
}

#[test]
fn reserve_before_posting_a_full_inbox_pauses_the_sender_until_it_is_taken() {
    let mut world = world("2", &[]);
    let ann = world.join(0, "Ann");
    let many: Vec<usize> = (0..90).map(|n| world.join(1, &format!("u{n}"))).collect();
    for _ in 0..60 {
        let burst: String = (0..many.len()).map(|n| format!("W u{n} x\n")).collect();
        world.send(ann, &burst);
        for _ in 0..10 {
            world.turn(0);
        }
    }
    assert!(
        !world.shards[0].borrow().items.is_empty() && !world.shards[0].borrow().has_work(),
        "it waits"
    );
    world.settle();
    for &who in &many {
        assert_eq!(world.lines(who), ["Ann whispers, \"x\""; 60]);
    }
}

#[test]
fn the_end_is_the_last_item_a_session_ends_with_its_last_line_its_leave_notice_and_then_its_name() {
    let mut world = World::new(&["--shards", "2", "--flood-rate", "0"]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    world.send(ann, "MSG last words\n");
    world.people[ann].end_input();
    world.turn(0);
    world.settle();
    assert_eq!(world.lines(bob), ["Ann: last words", "* Ann left"]);
    let heir = world.connect(1, PLENTY);
    world.settle();
    world.send(heir, "LIN Ann\n");
    world.settle();
    assert_eq!(world.lines(heir)[1], "* welcome, Ann");
}

#[test]
fn the_end_is_the_last_item_a_closed_connection_is_read_until_its_peer_closes_for_two_seconds_at_most()
 {
    let mut world = world("1", &[]);
    let people = [world.join(0, "Ann"), world.join(0, "Bob")];
    people
        .iter()
        .for_each(|&who| world.send(who, "QUIT\nMSG unread\n"));
    world.settle();
    assert!(world.people[people[0]].is_shut_down() && world.sessions() == 2);
    assert_eq!(
        world.people[people[0]].unread(),
        0,
        "what still comes is dropped"
    );
    world.people[people[0]].end_input();
    world.settle();
    assert_eq!(world.sessions(), 1);
    world.pass(Duration::from_millis(2001));
    assert_eq!(world.sessions(), 0);
}

#[test]
fn a_new_stream_is_neither_full_nor_ready() {
    let mut world = world("1", &["--window", "64KiB"]);
    let ann = world.join(0, "Ann");
    let late = world.connect(0, 0);
    (0..2).for_each(|slot| world.shards[0].borrow_mut().mark_ready(Slot(slot)));
    for _ in 0..50 {
        world.send(ann, &line(4000));
        world.settle();
    }
    assert!(!world.people[late].is_shut_down(), "it has refused nothing");
    world.people[late].make_room(PLENTY);
    world.settle();
    world.send(ann, "MSG now\n");
    world.settle();
    let lines = world.lines(late);
    assert!(
        lines[0].starts_with("* WAC chat"),
        "its greeting comes first"
    );
    assert_eq!(lines[1..], ["Ann: now"]);
}

#[test]
fn wake_ups_are_earned_a_shard_with_nothing_to_do_rests() {
    let mut world = world("2", &[]);
    let (ann, bob) = (world.join(0, "Ann"), world.join(1, "Bob"));
    world.send(ann, "MSG hi\n");
    assert!(world.shards[0].borrow().has_work() && !world.shards[1].borrow().has_work());
    world.turn(0);
    assert!(world.shards[1].borrow().has_work(), "the log has grown");
    world.turn(1);
    assert_eq!(world.lines(bob), ["Ann: hi"]);
    world.settle();
    assert!(
        world
            .shards
            .iter()
            .all(|shard| !shard.borrow().has_work() && shard.borrow().next_deadline().is_none())
    );
}

#[test]
fn gathered_notices_are_sent_at_the_end_of_their_second_but_not_in_a_stop() {
    let mut world = World::new(&["--shards", "2", "--flood-rate", "0"]);
    let observer = world.connect(0, PLENTY);
    world.settle();
    let join = |world: &mut World, range: std::ops::Range<usize>| {
        for n in range {
            let who = world.connect(n % 2, PLENTY);
            world.settle();
            world.send(who, &format!("LIN u{n}\n"));
            world.settle();
        }
    };
    join(&mut world, 0..20);
    let lines = world.lines(observer);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.ends_with(" joined"))
            .count(),
        8
    );
    world.pass(Duration::from_secs(1));
    assert_eq!(world.lines(observer), ["* 12 more joined"]);
    join(&mut world, 20..40);
    world.lines(observer);
    world.shared.phases.enter(Phase::Draining);
    world.pass(Duration::from_secs(2));
    world.settle();
    assert_eq!(world.lines(observer), [""; 0]);
    assert!(
        world
            .shards
            .iter()
            .all(|shard| shard.borrow().next_deadline().is_none()),
        "nothing spins"
    );
}

#[test]
fn in_a_stop_pending_lines_precede_the_last_notice_and_everybody_ends_there() {
    let mut world = world("2", &["--window", "64KiB"]);
    let senders: Vec<usize> = (0..100).map(|n| world.join(0, &format!("u{n}"))).collect();
    let readers = [world.connect(0, PLENTY), world.connect(1, PLENTY)];
    world.settle();
    senders.iter().for_each(|&who| world.send(who, &line(4000)));
    world.turn(0);
    let pending = world.shards[0].borrow().items.pending_bytes();
    assert!(pending > 0, "a shard waits for the other");
    let settled = |world: &World| world.shared.phases.settled.load(Ordering::SeqCst);
    world.shared.phases.enter(Phase::Draining);
    world.turn(0);
    assert_eq!(
        settled(&world),
        0,
        "the log is not sealed while something is pending"
    );
    world.settle();
    assert_eq!(settled(&world), 2);
    assert_eq!(world.shards[0].borrow().items.pending_bytes(), 0);
    let unread: usize = senders.iter().map(|&who| world.people[who].unread()).sum();
    assert!(unread > 0, "unread lines are not accepted");
    world.shared.seal();
    world.shared.phases.enter(Phase::Sealed);
    world.settle();
    let [here, there] = readers.map(|who| world.lines(who));
    assert_eq!(here, there);
    assert_eq!(here.last().unwrap(), "* closing: the server is stopping");
    for &who in &senders {
        assert_eq!(world.lines(who).last(), here.last());
        assert!(world.people[who].is_shut_down());
    }
}

#[test]
fn every_session_ends_with_one_reason_and_leaves_nothing_behind() {
    let mut world = World::new(&["--shards", "1", "--window", "64KiB"]);
    for round in 0..3 {
        let people: Vec<usize> = (0..5).map(|n| world.join(0, &format!("u{n}"))).collect();
        world.people[people[0]].reset();
        world.people[people[1]].end_input();
        world.send(people[2], "QUIT\n");
        world.send(people[3], "GET / HTTP/1.1\n");
        world.people[people[4]].end_input();
        world.people[people[4]].reset();
        world.settle();
        world.people[people[3]].end_input();
        world.pass(Duration::from_secs(40));
        assert_eq!(world.sessions(), 0, "round {round}");
        assert_eq!(
            crate::room::locks::lock(&world.shared.admission).connections(),
            0
        );
        assert_eq!(crate::room::locks::lock(&world.shared.roster).names(), []);
    }
}

#[test]
fn an_answer_to_who_is_read_whole_and_in_order_however_little_the_socket_takes_at_a_time() {
    let mut world = world("1", &[]);
    let names: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
    names.iter().for_each(|name| _ = world.join(0, name));
    let asking = world.connect(0, PLENTY);
    world.settle();
    drop(world.people[asking].take_output());
    world.people[asking].limit(0);
    world.send(asking, "WHO\nPING\nWHO\n");
    world.settle();
    let mut text = Vec::new();
    for _ in 0..10 * names.len() {
        world.people[asking].make_room(7);
        world.settle();
        text.extend(world.people[asking].take_output());
    }
    let list = |text: &str| -> Vec<String> {
        let lines = text.split_terminator("\r\n");
        lines
            .flat_map(|line| line.split_once(": ").unwrap().1.split(", "))
            .map(str::to_owned)
            .collect()
    };
    let text = String::from_utf8(text).unwrap();
    let (before, behind) = text.split_once("PONG\r\n").unwrap();
    assert!(before.starts_with("* online (300): u0, "));
    assert_eq!((list(before), list(behind)), (names.clone(), names));
}
