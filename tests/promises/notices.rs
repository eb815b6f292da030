//! Notices of joins and leaves.

use std::time::Instant;

use wac_tests::{Crowd, Peer, Server, Tally};

fn server() -> Server {
    Server::setup().with_notices().start()
}

/// Reads until the given number of people have joined and left.
fn tally(watching: &mut Peer, joined: usize, left: usize) -> Tally {
    let mut tally = Tally::default();
    while tally.joined < joined || tally.left < left {
        tally.add(&watching.line());
    }
    assert_eq!((tally.joined, tally.left), (joined, left));
    tally
}

#[test]
fn everyone_else_gets_join_and_leave_notices() {
    let server = server();
    let (mut ann, mut stranger) = (server.user("ann"), server.connect());
    let mut jack = server.user("Jack");
    jack.silent_until_fence();
    drop(jack);
    for told in [&mut ann, &mut stranger] {
        told.expect("* Jack joined");
        told.expect("* Jack left");
    }
}

#[test]
fn a_visitor_comes_and_goes_unnoticed() {
    let server = server();
    let mut ann = server.user("ann");
    let mut stranger = server.connect();
    stranger.send("QUIT");
    stranger.expect_end(&["* closing: goodbye"]);
    ann.silent_until_fence();
}

#[test]
fn a_refused_login_goes_unnoticed() {
    let server = server();
    let mut ann = server.user("ann");
    let mut stranger = server.connect();
    stranger.send_bytes(b"LIN ann\nLIN server\nLIN -\n");
    stranger.fence();
    ann.silent_until_fence();
}

#[test]
fn notices_in_quick_succession_are_gathered() {
    const PEOPLE: usize = 100;
    let server = server();
    let mut watching = server.connect();
    let begun = Instant::now();
    let mut crowd = Crowd::connect(server.address(), PEOPLE);
    crowd.log_in("u");
    let joins = tally(&mut watching, PEOPLE, 0);
    drop(crowd);
    let leaves = tally(&mut watching, 0, PEOPLE);
    assert!(
        joins.gathered > 0 && leaves.gathered > 0,
        "{joins:?} {leaves:?}"
    );
    // 8 notices and a gathered one for each second; one more second may have begun at either end.
    let seconds = usize::try_from(begun.elapsed().as_secs()).expect("a test is short") + 2;
    assert!(
        joins.lines + leaves.lines <= 9 * seconds,
        "{joins:?} {leaves:?} in {seconds} s"
    );
}

#[test]
fn the_first_eight_notices_of_a_second_are_sent_at_once() {
    let server = server();
    let mut watching = server.connect();
    let users: Vec<Peer> = (0..8)
        .map(|number| server.user(&format!("u{number}")))
        .collect();
    for number in 0..8 {
        watching.expect(&format!("* u{number} joined"));
    }
    drop(users);
}

#[test]
fn a_gathered_notice_also_reaches_the_users_it_counts() {
    const PEOPLE: usize = 40;
    let server = server();
    let mut crowd = Crowd::connect(server.address(), PEOPLE);
    for member in crowd.all() {
        crowd.send(member, &format!("LIN u{member}"));
    }
    crowd.each_receives("a gathered notice", |line| line.ends_with(" more joined"));
}

#[test]
fn joins_and_leaves_of_one_second_are_gathered_in_one_line() {
    // A user normally leaves within the second of joining: one round of five is enough.
    assert!((0..5).any(|_| joins_and_leaves_come_in_one_line(&server())));
}

fn joins_and_leaves_come_in_one_line(server: &Server) -> bool {
    let mut watching = server.connect();
    let mut crowd = Crowd::connect(server.address(), 60);
    crowd.log_in("u");
    drop(crowd);
    let (mut total, mut together) = (Tally::default(), false);
    while total.joined < 60 || total.left < 60 {
        let line = watching.line();
        total.add(&line);
        together |= line.contains(" more joined, ") && line.ends_with(" more left");
    }
    together
}

#[test]
fn notices_can_be_switched_off() {
    let server = Server::setup().with("--notices", "off").start();
    let mut watching = server.connect();
    let mut crowd = Crowd::connect(server.address(), 40);
    crowd.log_in("u");
    drop(crowd);
    server.wait_for_ends(40, "PeerClosed");
    let mut last = server.user("last");
    last.silent_until_fence();
    watching.silent_until_fence();
}
