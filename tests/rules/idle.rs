//! Wake-ups are earned: an idle server sleeps.
//!
//! The failure: a timer for each session, or shards that wake each other needlessly, keep a silent
//! server busy.

use std::thread;
use std::time::Duration;

use wac_tests::{Crowd, Server, Setup};

const USERS: usize = 200;
/// The time without any event: the measured interval, not a wait.
const IDLE: Duration = Duration::from_secs(3);
/// Wake-ups of all threads in all of the idle time: a few timers of the whole server, none of a session.
const WAKE_UPS: usize = 30;

#[test]
fn an_idle_server_sleeps() {
    sleeps(&Server::setup());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path of text");
    sleeps(&Server::setup().with("--history", path));
}

#[track_caller]
fn sleeps(setup: &Setup) {
    let server = setup.clone().with("--shards", "2").start();
    let mut crowd = Crowd::connect(server.address(), USERS);
    crowd.log_in("u");
    let mut fence = server.connect();
    fence.silent_until_fence();
    let before = server.voluntary_switches();
    thread::sleep(IDLE);
    fence.silent_until_fence();
    let wake_ups = server.voluntary_switches() - before;
    assert!(wake_ups <= WAKE_UPS, "{wake_ups} wake-ups in {IDLE:?}");
}

#[test]
fn a_held_back_sender_wakes_the_server_only_for_its_lines() {
    let server = Server::setup().with_flood_control().start();
    let mut crowd = Crowd::connect(server.address(), USERS);
    crowd.log_in("u");
    let mut ann = server.user("ann");
    ann.send_bytes("PING x\n".repeat(1000).as_bytes());
    ann.lines_until("* slow down: your lines wait");
    let before = server.voluntary_switches();
    thread::sleep(IDLE);
    let wake_ups = server.voluntary_switches() - before;
    // 25 of these a second, a line each, and a margin for timers that come early.
    assert!(
        wake_ups <= WAKE_UPS + 3 * 3 * 25,
        "{wake_ups} wake-ups in {IDLE:?}"
    );
}
