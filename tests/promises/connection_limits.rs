//! Limits on connections: of the server, and of an address. Where loopback is not trusted, 127.0.0.2 and 127.0.0.3
//! are strangers.

use std::net::Ipv4Addr;
use std::time::Instant;

use wac_tests::{Crowd, Listen, Peer, Server, Setup};

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const FULL: &str = "* closing: server full";
const TOO_MANY: &str = "* closing: too many connections from your address";
const SLOW_DOWN: &str = "* slow down: your lines wait";

fn among_strangers() -> Setup {
    Server::setup().with("--trusted", "none")
}

#[track_caller]
fn greeted(from: Ipv4Addr, server: &Server) -> Peer {
    let mut peer = Peer::dial_from(from, server.address());
    peer.greeted();
    peer
}

#[track_caller]
fn refused(from: Ipv4Addr, server: &Server) {
    Peer::refused(Some(from.into()), server.address(), TOO_MANY);
}

#[test]
fn one_connection_too_many_gets_a_notice_that_the_server_is_full() {
    let server = Server::setup().with("--max-connections", "2").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    Peer::refused(None, server.address(), FULL);
    server.wait_for_ends(1, "ServerFull");
    ann.send("MSG still here");
    bob.expect("ann: still here");
}

#[test]
fn there_is_room_again_when_somebody_has_left() {
    let server = Server::setup().with("--max-connections", "2").start();
    let (mut ann, bob) = (server.user("ann"), server.user("bob"));
    drop(bob);
    server.wait_for_ends(1, "PeerClosed");
    let mut next = server.connect();
    ann.send("MSG welcome");
    next.expect("ann: welcome");
}

#[test]
fn loopback_is_exempt_from_the_limits_of_an_address() {
    let server = Server::setup()
        .with("--max-per-ip", "1")
        .with("--connect-rate", "1")
        .listen("127.0.0.1:0")
        .listen("[::1]:0")
        .start();
    let mut peers = [0, 0, 0, 1, 1, 1].map(|listener| server.connect_at(listener));
    for peer in &mut peers {
        peer.silent_until_fence();
    }
}

#[test]
fn simultaneous_connections_of_an_address_are_limited() {
    let server = among_strangers().with("--max-per-ip", "2").start();
    let (_ann, bob) = (greeted(HERE, &server), greeted(HERE, &server));
    refused(HERE, &server);
    let limit = r#"limit="2 connections at once from 127.0.0.2/32""#;
    server
        .log()
        .wait_for("the limit", |line| line.contains(limit));
    drop((greeted(THERE, &server), bob));
    server.wait_for_ends(2, "PeerClosed");
    drop(greeted(HERE, &server));
}

#[test]
fn new_connections_of_an_address_are_limited() {
    // The next one could come after 10 s.
    let server = among_strangers().with("--connect-rate", "1").start();
    drop(greeted(HERE, &server));
    refused(HERE, &server);
    let limit = r#"limit="1 new connections in 10 s from 127.0.0.2/32""#;
    server
        .log()
        .wait_for("the limit", |line| line.contains(limit));
    drop(greeted(THERE, &server));
}

#[test]
fn only_trusted_addresses_are_exempt() {
    let setup = Server::setup().with("--trusted", "127.0.0.2,192.0.2.0/24");
    let server = setup.with("--max-per-ip", "1").start();
    let _peers = [HERE, HERE, HERE, THERE].map(|from| greeted(from, &server));
    refused(THERE, &server);
}

#[test]
fn an_invalid_network_is_refused_at_the_start() {
    let stopped = Server::setup().with("--trusted", "192.0.2.0/33").refused();
    assert_eq!(stopped.code, Some(2));
    assert!(
        stopped.text().contains("a network such as 192.0.2.0/24"),
        "{}",
        stopped.text()
    );
}

#[test]
fn all_connections_of_an_address_together_send_as_much_as_four() {
    const PEOPLE: usize = 64;
    const LINES: usize = 10;
    let server = among_strangers()
        .with("--flood-rate", "1")
        .with("--connect-rate", "0")
        .start();
    let begun = Instant::now();
    let mut crowd = Crowd::connect_from(HERE, server.address(), PEOPLE);
    crowd.log_in("u");
    let (mut bob, mut cat) = (greeted(THERE, &server), greeted(THERE, &server));
    bob.log_in("bob");
    for member in crowd.all() {
        crowd.send_bytes(member, "MSG x\n".repeat(LINES).as_bytes());
    }
    // Everybody has used up the burst.
    let mut held = [false; PEOPLE];
    crowd.listen("all being held back", |member, event| {
        held[member] |= event.line() == SLOW_DOWN;
        Listen::enough_if(held.iter().all(|held| *held))
    });
    bob.send("MSG hello");
    let before = cat.lines_until("bob: hello").len();
    // A burst of 10 each, then a line a second each; each login counts, too.
    let four = 4 * (10 + begun.elapsed().as_secs() as usize + 1);
    assert!(
        before <= four,
        "{before} lines, but four senders may send {four}"
    );
    assert!(before < PEOPLE * LINES / 2);
}

#[test]
fn a_quiet_user_can_talk_beside_neighbours_that_send_all_they_may() {
    let server = among_strangers()
        .with("--flood-rate", "50")
        .with("--connect-rate", "0")
        .start();
    let mut crowd = Crowd::connect_from(HERE, server.address(), 63);
    crowd.log_in("u");
    let (mut bob, mut cat) = (greeted(HERE, &server), greeted(THERE, &server));
    bob.log_in("bob");
    for member in crowd.all() {
        // At its share of four senders' rate, each needs more than a quarter of a minute for this.
        crowd.send_bytes(member, "MSG x\n".repeat(60).as_bytes());
    }
    bob.send("MSG hello");
    let before = cat.lines_until("bob: hello").len();
    // The burst of four senders, at most one waiting line of each, and the lines that have passed meanwhile.
    assert!(before < 63 * 60 / 4, "{before} lines came before bob's");
}
