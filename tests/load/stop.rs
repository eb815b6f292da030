//! Stop under load: everyone who reads ends at the same line of the room.

use std::process::Command;
use std::time::{Duration, Instant};

use wac_tests::{Crowd, Ending, Peer, Said, Server, Setup, Signal, binary};

use crate::talkers::{PEOPLE, Pace, SENDERS, Story, Town};

const STOPPING: &str = "* closing: the server is stopping";

/// Checks that everyone got the closing notice, and the same lines except their own.
#[track_caller]
fn assert_same_end(stories: &[Story]) {
    let room = &stories[PEOPLE - 1].room;
    for (person, story) in stories.iter().enumerate() {
        assert_eq!(story.last, STOPPING, "u{person}");
        assert_eq!(story.ending, Ending::Closed, "u{person}");
        let others = room.iter().filter(|(sender, _)| *sender != person);
        assert!(
            others.eq(&story.room),
            "u{person} ends at another line, or heard others"
        );
    }
    for sender in 0..SENDERS {
        let own = room
            .iter()
            .filter(|line| line.0 == sender)
            .map(|line| line.1);
        let count = own.clone().count();
        assert!(own.eq(0..count), "u{sender}'s lines have a hole");
    }
}

#[test]
fn however_fast_they_talk_all_readers_end_at_the_same_line() {
    let server = Server::start();
    let town = Town::begin(&server, Pace::OfTheReaders);
    // In full swing: everybody has received thousands of lines.
    town.progress.wait(0, 2000);
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    let stopped = server.wait_for_exit();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "the grace was not enough: {:?}",
        begun.elapsed()
    );
    assert_same_end(&town.stories());
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.logged("cut_short=0"), "{stopped:?}");
}

#[test]
fn a_stop_that_the_operator_planned_ends_at_the_same_line_for_all_readers() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let control = format!("unix:{}", folder.path().join("control").display());
    let server = Server::setup().with("--control", &control).start();
    let town = Town::begin(&server, Pace::OfTheReaders);
    town.progress.wait(0, 500);
    let said = Said::of(Command::new(binary("wacd")).args([
        "drain",
        "--in=1s",
        "--reason=a test",
        "--control",
        &control,
    ]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let stopped = server.wait_for_exit();
    assert_same_end(&town.stories());
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.logged("cut_short=0"), "{stopped:?}");
}

#[test]
fn with_flood_control_all_readers_end_at_the_same_line() {
    let server = Server::setup().with_flood_control().start();
    let mut watching = server.connect();
    let town = Town::begin(&server, Pace::OfTheServer);
    // Every burst has passed, and each sender has pushed megabytes into the kernel.
    for _ in 0..15 * SENDERS {
        watching.expect_starting("u");
    }
    server.signal(Signal::SIGTERM);
    drop(watching);
    let stopped = server.wait_for_exit();
    let stories = town.stories();
    assert_same_end(&stories);
    assert!(
        stories[PEOPLE - 1].room.len() < 50 * SENDERS,
        "a held-back line was accepted"
    );
    assert_eq!(stopped.code, Some(0));
}

#[test]
fn stuck_readers_are_counted_and_the_others_end_at_the_same_line() {
    const STUCK: usize = 3;
    let setup: Setup = Server::setup()
        .with("--grace", "2s")
        .with("--window", "64MiB");
    let server = setup.start();
    let stuck: Vec<Peer> = (0..STUCK).map(|_| server.connect_narrow()).collect();
    let town = Town::begin(&server, Pace::OfTheReaders);
    // 1.4 MB: more than the sockets of the stuck readers take.
    town.progress.wait(0, 2000);
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    let stopped = server.wait_for_exit();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert_same_end(&town.stories());
    assert_eq!(stopped.code, Some(3));
    assert!(stopped.logged(&format!("cut_short={STUCK}")), "{stopped:?}");
    drop(stuck);
}

#[test]
fn a_stop_without_grace_ends_in_the_middle_of_a_burst() {
    for _ in 0..6 {
        let server = Server::setup()
            .with("--shards", "2")
            .with("--window", "64KiB")
            .with("--grace", "1ms")
            .start();
        let mut crowd = Crowd::connect(server.address(), PEOPLE);
        crowd.log_in("u");
        // More than a window, so that the shards wait for each other.
        let burst = format!("MSG {}\n", "x".repeat(4000)).repeat(8);
        for member in crowd.all() {
            crowd.send_bytes(member, burst.as_bytes());
        }
        let stopped = server.stop();
        assert!(matches!(stopped.code, Some(0 | 3)), "{}", stopped.text());
        assert!(!stopped.text().contains("do not answer"), "a shard hung");
    }
}
