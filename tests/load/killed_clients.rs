//! Killed clients: half of a room is gone at once, and the others chat on.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use wac_tests::{Crowd, Listen, Peer, Server, Tally, binary, wait_until};

/// As many are killed as stay.
const HALF: usize = 250;
const LINES: usize = 40;

/// Starts a process in which half of the people are, silent.
fn half(server: &Server) -> Child {
    Command::new(binary("wac-loadgen"))
        .args(["idle", &server.address().tcp().to_string()])
        .args(["--users", &HALF.to_string(), "--duration", "2m"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the load tester can be started")
}

/// Reads notices until as many have joined and left.
#[track_caller]
fn told(watching: &mut Peer, tally: &mut Tally, joined: usize, left: usize) {
    while tally.joined < joined || tally.left < left {
        tally.add(&watching.line());
    }
    assert_eq!((tally.joined, tally.left), (joined, left));
}

/// Lets one of the crowd say lines, which everybody else must receive once and in order.
fn chat(crowd: &mut Crowd, round: usize) {
    let said: Vec<String> = (0..LINES).map(|n| format!("{round}-{n}")).collect();
    for text in &said {
        crowd.send(0, &format!("MSG {text}"));
    }
    let mut due = vec![0; HALF];
    let mut missing = (HALF - 1) * LINES;
    crowd.listen("all lines at everyone", |member, event| {
        if let Some(text) = event.line().strip_prefix("u0: ") {
            assert_eq!(text, said[due[member]], "u{member}");
            due[member] += 1;
            missing -= 1;
        }
        Listen::enough_if(missing == 0)
    });
}

#[test]
fn when_half_of_the_clients_are_killed_each_leaves_once_and_the_others_chat_on() {
    let server = Server::setup().with_notices().start();
    let (mut watching, mut clerk) = (server.connect(), server.connect());
    let mut tally = Tally::default();
    let mut crowd = Crowd::connect(server.address(), HALF);
    crowd.log_in("u");
    told(&mut watching, &mut tally, HALF, 0);
    let staying: BTreeSet<String> = clerk.online().into_iter().collect();
    let descriptors = server.open_descriptors();

    let mut killed = half(&server);
    told(&mut watching, &mut tally, 2 * HALF, 0);
    let everybody: BTreeSet<String> = clerk.online().into_iter().collect();
    chat(&mut crowd, 0);
    killed.kill().expect("it was not waited for");
    chat(&mut crowd, 1);
    told(&mut watching, &mut tally, 2 * HALF, HALF);
    killed.wait().expect("it was killed");

    let left: BTreeSet<String> = clerk.online().into_iter().collect();
    assert_eq!(left, staying);
    let name = everybody.difference(&staying).next().expect("it was there");
    server.connect().log_in(name);
    wait_until("the descriptors come back", || {
        server.open_descriptors() <= descriptors
    });
    chat(&mut crowd, 2);
    let log = server.log().so_far();
    let ended = log.iter().filter(|line| line.contains("session ended"));
    for end in ended {
        let is_theirs = end.contains("reason=PeerReset") || end.contains("reason=PeerClosed");
        assert!(is_theirs, "{end}");
    }
    assert_eq!(server.stop().code, Some(0));
}
