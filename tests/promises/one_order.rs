//! Promise 1: all users see the lines of the room in the same order, and the lines of one sender,
//! whispers included, in the order sent.

use std::thread;

use wac_tests::{Peer, Server};

const LINES: usize = 200;
const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Two shards, so that the order has to hold across them.
fn server() -> Server {
    Server::setup().with("--shards", "2").start()
}

/// Sends all its lines, and returns the others' lines received until its own were in the room.
fn talk(mut sender: Peer) -> (Peer, Vec<String>) {
    for number in 0..LINES {
        sender.send(&format!("MSG {number}"));
    }
    let heard = sender.fence();
    (sender, heard)
}

/// Lets everybody talk at once, and returns the lines that each sender received in the end.
fn everybody_talks(server: &Server) -> Vec<Vec<String>> {
    let senders = NAMES.map(|name| server.user(name));
    let talking = senders.map(|sender| thread::spawn(move || talk(sender)));
    let talked = talking.map(|thread| thread.join().expect("a sender talks without failing"));
    // Only now does everything come before everybody's next fence.
    let complete = talked.map(|(mut sender, mut heard)| {
        heard.extend(sender.fence());
        heard
    });
    complete.into()
}

fn lines_of<'a>(name: &str, lines: &'a [String]) -> Vec<&'a String> {
    lines
        .iter()
        .filter(|line| line.starts_with(&format!("{name}: ")))
        .collect()
}

#[test]
fn everybody_sees_the_lines_of_the_room_in_the_same_order() {
    let server = server();
    let mut silent: Vec<Peer> = (0..3).map(|_| server.connect()).collect();
    let heard = everybody_talks(&server);
    let orders: Vec<Vec<String>> = silent.iter_mut().map(Peer::fence).collect();
    assert_eq!(orders[0].len(), NAMES.len() * LINES);
    assert!(
        orders.iter().all(|order| *order == orders[0]),
        "two silent readers disagree"
    );
    for (name, heard) in NAMES.iter().zip(heard) {
        let own = format!("{name}: ");
        let others: Vec<_> = orders[0]
            .iter()
            .filter(|line| !line.starts_with(&own))
            .collect();
        assert!(
            others.iter().eq(&heard.iter().collect::<Vec<_>>()),
            "{name} saw another order"
        );
    }
}

#[test]
fn a_senders_lines_are_seen_in_the_order_sent() {
    let server = server();
    let mut silent = server.connect();
    everybody_talks(&server);
    let order = silent.fence();
    for name in NAMES {
        let sent: Vec<String> = (0..LINES)
            .map(|number| format!("{name}: {number}"))
            .collect();
        assert!(
            lines_of(name, &order).into_iter().eq(&sent),
            "{name}'s lines changed their order"
        );
    }
}

#[test]
fn a_whisper_keeps_its_place_among_its_senders_lines() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for number in 0..LINES {
        ann.send(&format!("MSG {number}"));
        ann.send(&format!("W bob {number}"));
    }
    for number in 0..LINES {
        bob.expect(&format!("ann: {number}"));
        bob.expect(&format!("ann whispers, \"{number}\""));
    }
}

#[test]
fn a_whisper_keeps_its_place_when_everything_is_sent_in_one_packet() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let lines: Vec<String> = (0..LINES)
        .map(|n| format!("MSG {n}\nW bob {n}\nMSG again {n}\n"))
        .collect();
    ann.send_bytes(lines.concat().as_bytes());
    for number in 0..LINES {
        bob.expect(&format!("ann: {number}"));
        bob.expect(&format!("ann whispers, \"{number}\""));
        bob.expect(&format!("ann: again {number}"));
    }
}
