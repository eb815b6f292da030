//! Nodes that start: two at once begin one room, and a room that others keep going is joined with all that it remembers.

use std::thread;
use std::time::Duration;

use wac_tests::{Brokers, Server, Signal};

use crate::chat::{Chat, assert_same};
use crate::nodes;

/// Expects that all nodes serve one room.
#[track_caller]
fn assert_one_room(nodes: &[Server]) {
    let mut chat = Chat::begin(nodes);
    chat.goes_on(20);
    chat.end();
}

#[test]
fn nodes_that_start_at_once_begin_one_room() {
    for _ in 0..5 {
        let brokers = Brokers::one();
        let nodes: [_; 3] = nodes(&brokers);
        assert_one_room(&nodes);
    }
}

#[test]
fn nodes_that_start_before_their_brokers_wait_for_them() {
    let mut brokers = Brokers::three();
    (0..3).for_each(|number| brokers.end(number, Signal::SIGKILL));
    let nodes = [(); 3].map(|()| brokers.node().launch());
    for node in &nodes {
        node.log()
            .wait_for("it has begun", |line| line.contains("joining the room"));
    }
    (0..3).for_each(|number| brokers.start(number));
    assert_one_room(&nodes.map(Server::ready));
}

#[test]
fn a_node_that_joins_a_busy_room_misses_nothing_from_then_on() {
    let brokers = Brokers::one();
    let old: [_; 2] = nodes(&brokers);
    let mut chat = Chat::begin(&old);
    let new = [(); 3].map(|()| {
        chat.goes_on(100);
        let node = brokers.node().start();
        let mut listener = node.connect();
        let read: Vec<_> = (0..100).map(|_| listener.line()).collect();
        (node, listener, read)
    });
    let room = chat.end();
    for (_node, mut listener, mut read) in new {
        read.extend(listener.fence());
        assert_same(&read, &room[room.len() - read.len()..]);
    }
}

#[test]
fn brokers_that_speak_tls_are_spoken_to_if_somebody_vouches_for_them() {
    let brokers = Brokers::over_tls();
    let authority = brokers.authority();
    let trusting = brokers
        .node()
        .with("--cluster-ca", authority.to_str().unwrap());
    let chat = [trusting.launch(), trusting.launch()].map(Server::ready);
    assert_one_room(&chat);
    let stranger = brokers.node().launch();
    stranger
        .log()
        .wait_for("it tells what to do", |line| line.contains("--cluster-ca"));
}

#[test]
fn brokers_that_speak_tls_are_spoken_to_if_the_system_vouches_for_them() {
    let brokers = Brokers::over_tls();
    let authority = brokers.authority();
    let trusting = brokers
        .node()
        .env("SSL_CERT_FILE", authority.to_str().unwrap());
    assert_one_room(&[trusting.start()]);
}

/// The time for which a node is watched that has nothing to do.
const WATCHED: Duration = Duration::from_secs(2);

#[test]
fn a_node_that_lost_its_broker_while_it_tried_to_read_the_room_sleeps() {
    let mut brokers = Brokers::one();
    // One broker can't keep a line three times, so reading fails, and is tried again and again.
    let node = brokers.node().with("--cluster-replicas", "3").launch();
    node.log()
        .wait_for("it tells why", |line| line.contains("replicas > 1"));
    brokers.end(0, Signal::SIGKILL);
    node.log().wait_for("it has noticed", |line| {
        line.contains("the connection to the broker is lost")
    });
    let before = node.cpu_ticks();
    thread::sleep(WATCHED);
    let used = node.cpu_ticks() - before;
    assert!(used < 50, "{used} hundredths of a second in {WATCHED:?}");
}
