//! Accounts: registered names, their passwords, and owners who take their names back.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::world::{PLENTY, World, kick};
use crate::accounts;
use crate::room::peer::Peer;
use crate::room::requests::Whom;
use crate::room::stop_phase::Phase;

const WRONG: &str = "! wrong name or password";
const ELSEWHERE: &str = "* closing: you logged in elsewhere";

/// Starts with a file of accounts, in which Ann has the password `pw a` and Bob `pw b`.
fn world(flags: &[&str]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts");
    fs::write(
        &file,
        accounts::text_of(&[("Ann", "pw a"), ("Bob", "pw b")]),
    )
    .unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let usual = ["--shards", "2", "--accounts", file];
    World::new(&[&usual, flags].concat())
}

impl World {
    /// Sends a line, and lets passwords be checked until everybody comes to rest.
    fn log_in(&mut self, who: usize, line: &str) -> Vec<String> {
        self.send(who, &format!("{line}\n"));
        self.settle();
        while self.shared.logins.check_all(&self.shared, self.now) > 0 {
            self.settle();
        }
        self.lines(who)
    }

    fn arrive(&mut self, shard: usize) -> usize {
        let who = self.connect(shard, PLENTY);
        self.settle();
        self.lines(who);
        who
    }
}

#[test]
fn a_registered_name_needs_its_password_and_others_need_none() {
    let mut world = world(&[]);
    let ann = world.arrive(0);
    assert_eq!(
        world.log_in(ann, "LIN ann"),
        ["! the name ann needs its password: LIN <name> <password>"]
    );
    assert_eq!(world.log_in(ann, "LIN Ann pw b"), [WRONG]);
    assert_eq!(world.log_in(ann, "LIN Carl pw a"), [WRONG]);
    assert_eq!(
        world.log_in(ann, "LIN \u{410}nn"),
        ["! the name \u{410}nn is reserved"]
    );
    assert_eq!(world.log_in(ann, "LIN \u{410}nn pw a"), [WRONG]);
    assert_eq!(world.log_in(ann, "LIN ANN pw a"), ["* welcome, ANN"]);
    let carl = world.arrive(1);
    assert_eq!(world.log_in(carl, "LIN Carl"), ["* welcome, Carl"]);
}

#[test]
fn what_is_sent_behind_a_password_waits_until_it_is_checked() {
    let mut world = world(&[]);
    let ann = world.arrive(0);
    world.send(ann, "LIN Ann pw a\nMSG hi\nPING\n");
    world.settle();
    assert!(world.lines(ann).is_empty());
    assert_eq!(
        world.log_in(ann, "PING 2"),
        ["* welcome, Ann", "PONG", "PONG 2"]
    );
}

#[test]
fn the_owner_takes_the_name_back_and_the_room_sees_one_leave_and_one_join() {
    for shards in [[0, 0], [0, 1]] {
        let mut world = world(&[]);
        let carl = world.join(0, "Carl");
        let old = world.arrive(shards[0]);
        world.log_in(old, "LIN Ann pw a");
        world.lines(carl);
        // What the old connection had said is in the room before it leaves.
        world.people[old].send(b"MSG last words\n");
        let new = world.arrive(shards[1]);
        let answers = world.log_in(new, "LIN Ann pw a");
        assert_eq!(answers.last().unwrap(), "* welcome, Ann");
        assert_eq!(world.lines(old), [ELSEWHERE]);
        assert!(world.people[old].is_shut_down());
        assert_eq!(
            world.lines(carl),
            ["Ann: last words", "* Ann left", "* Ann joined"]
        );
        world.send(new, "MSG back\n");
        world.settle();
        assert_eq!(world.lines(carl), ["Ann: back"]);
        assert_eq!(world.shared.users(), 2);
    }
}

#[test]
fn a_connection_that_is_dead_and_full_does_not_keep_its_owner_out() {
    let mut world = world(&[]);
    let old = world.arrive(0);
    world.log_in(old, "LIN Ann pw a");
    world.people[old].limit(0);
    let new = world.arrive(1);
    let answers = world.log_in(new, "LIN Ann pw a");
    assert_eq!(answers.last().unwrap(), "* welcome, Ann");
}

#[test]
fn of_several_who_take_a_name_back_at_once_one_has_it() {
    let mut world = world(&[]);
    let mut all: Vec<usize> = (0..4).map(|number| world.arrive(number % 2)).collect();
    for &who in &all {
        world.send(who, "LIN Ann pw a\n");
    }
    world.log_in(all[0], "PING");
    all.retain(|&who| !world.people[who].is_shut_down());
    assert_eq!((all.len(), world.shared.users()), (1, 1));
    world.send(all[0], "LIN Ann\n");
    world.settle();
    let last = world.lines(all[0]).pop().unwrap();
    assert_eq!(last, "! you are already Ann");
}

#[test]
fn a_guest_who_had_the_name_before_it_was_registered_leaves_it_to_the_owner() {
    let mut world = world(&["--notices", "off"]);
    let guest = world.join(0, "Carl");
    let next = world_of(&[("Carl", "pw")]);
    world.shared.adopt(&next);
    let carl = world.arrive(1);
    assert_eq!(world.log_in(carl, "LIN carl pw"), ["* welcome, carl"]);
    assert_eq!(world.lines(guest), [ELSEWHERE]);
    let ann = world.arrive(0);
    assert_eq!(
        world.log_in(ann, "LIN Ann"),
        ["* welcome, Ann"],
        "the name is registered no more"
    );
}

/// Returns the configuration of a server with these accounts.
fn world_of(accounts: &[(&str, &str)]) -> crate::config::Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts");
    fs::write(&file, accounts::text_of(accounts)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let flags = ["--shards", "2", "--notices", "off", "--accounts"];
    let flags = [&flags[..], &[file.to_str().unwrap()]].concat();
    crate::config::Config::of(&flags, 20_000).unwrap()
}

#[test]
fn mistakes_of_an_address_wait_and_nobody_elses_do() {
    let mut world = world(&["--notices", "off", "--trusted", "none"]);
    let from = |last: u8| Peer::Tcp((Ipv4Addr::new(192, 0, 2, last), 1).into());
    let guessers: Vec<usize> = (0..12)
        .map(|_| world.connect_from(from(1), 0, PLENTY))
        .collect();
    world.settle();
    guessers.iter().for_each(|&who| drop(world.lines(who)));
    for &who in &guessers {
        world.send(who, "LIN Ann guess\n");
    }
    world.settle();
    assert_eq!(world.shared.logins.check_all(&world.shared, world.now), 10);
    let honest = world.connect_from(from(2), 1, PLENTY);
    world.settle();
    let answers = world.log_in(honest, "LIN Ann pw a");
    assert_eq!(answers.last().unwrap(), "* welcome, Ann");
    world.now += Duration::from_secs(5);
    assert_eq!(world.shared.logins.check_all(&world.shared, world.now), 1);
    world.settle();
    let answered = guessers
        .iter()
        .filter(|&&who| world.lines(who) == [WRONG])
        .count();
    assert_eq!(answered, 11, "nothing is refused silently");
}

#[test]
fn the_password_of_a_session_that_ended_is_not_checked() {
    let mut world = world(&[]);
    let ann = world.arrive(0);
    world.send(ann, "LIN Ann pw a\n");
    world.settle();
    world.ask(&kick(Whom::Session(world.id_of(ann))));
    assert_eq!(world.shared.logins.check_all(&world.shared, world.now), 0);
}

#[test]
fn a_session_that_ends_while_its_password_is_being_checked_keeps_no_name() {
    let mut world = world(&[]);
    let ann = world.arrive(0);
    world.send(ann, "LIN Ann pw a\n");
    world.settle();
    // The outcome is under way.
    assert_eq!(world.shared.logins.check_all(&world.shared, world.now), 1);
    world.ask(&kick(Whom::Session(world.id_of(ann))));
    let other = world.arrive(1);
    assert_eq!(world.log_in(other, "LIN Ann pw a"), ["* welcome, Ann"]);
}

#[test]
fn nobody_logs_in_once_the_stop_has_begun() {
    let mut world = world(&[]);
    let carl = world.join(0, "Carl");
    let ann = world.arrive(0);
    world.send(ann, "LIN Ann pw a\n");
    world.settle();
    world.shared.phases.enter(Phase::Draining);
    world.settle();
    world.shared.logins.check_all(&world.shared, world.now);
    world.settle();
    assert!(world.lines(ann).is_empty() && world.lines(carl).is_empty());
}

#[test]
fn where_only_registered_names_log_in_all_others_have_one_answer() {
    let mut world = world(&["--login", "registered"]);
    let ann = world.arrive(0);
    for line in ["LIN Ann", "LIN Carl", "LIN", "LIN \u{410}nn"] {
        let answer = "! log in with your password: LIN <name> <password>";
        assert_eq!(world.log_in(ann, line), [answer]);
    }
    assert_eq!(world.log_in(ann, "LIN Ann pw a"), ["* welcome, Ann"]);
}
