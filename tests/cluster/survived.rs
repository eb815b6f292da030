//! Brokers that are killed, terminated or stopped for a while: no line is lost, doubled, swapped or echoed, and all nodes have the same room.

use std::thread;
use std::time::Duration;

use wac_tests::{Brokers, Server, Signal, wait_until};

use crate::chat::Chat;
use crate::nodes;

/// Lines that everybody reads before and after a fault.
const SOME: usize = 100;
/// The time for which a broker is down.
const PAUSE: Duration = Duration::from_secs(1);
/// The time for which a broker is stopped: less than a node's patience.
const FREEZE: Duration = Duration::from_secs(5);
/// The time in which nodes notice that they read different streams.
const NOTICED: Duration = Duration::from_secs(12);

/// Has people talk while one broker after another is killed, terminated and stopped for a while.
#[track_caller]
fn a_chat_survives(mut brokers: Brokers, victim: impl Fn(&Brokers) -> usize) {
    let nodes: [_; 3] = nodes(&brokers);
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSTOP] {
        let number = victim(&brokers);
        println!("{signal} to broker {number}");
        let mut chat = Chat::begin(&nodes);
        chat.goes_on(SOME);
        if signal == Signal::SIGSTOP {
            brokers.signal(number, Signal::SIGSTOP);
            thread::sleep(FREEZE);
            brokers.signal(number, Signal::SIGCONT);
        } else {
            brokers.end(number, signal);
            thread::sleep(PAUSE);
            brokers.start(number);
        }
        chat.goes_on(SOME);
        if brokers.are_old() && brokers.count() > 1 {
            chat.goes_on_for(NOTICED);
        }
        end(chat, &brokers);
        wait_until("all nodes to have the room", || nodes.iter().all(serves));
    }
}

/// Tells whether a node has joined again as often as it was cut off.
fn serves(node: &Server) -> bool {
    let joins = node.log().count(|line| line.contains("serving the room"));
    joins
        > node
            .log()
            .count(|line| line.contains("cut off from the room"))
}

/// Ends a chat in which nothing is lost. Brokers of an old release lose what they have passed on, now and then, or keep different
/// streams: then whoever has read what the others have not is closed.
#[track_caller]
fn end(chat: Chat, brokers: &Brokers) {
    let (_, cut_off) = chat.end_with_cuts();
    println!("{cut_off} people were cut off");
    assert!(cut_off == 0 || brokers.are_old(), "nothing was lost");
}

#[test]
fn of_a_single_broker() {
    a_chat_survives(Brokers::one(), |_| 0);
}

#[test]
fn of_the_leader_of_three_brokers() {
    a_chat_survives(Brokers::three(), Brokers::leader);
}

#[test]
fn of_a_follower_of_three_brokers() {
    a_chat_survives(Brokers::three(), |brokers| (brokers.leader() + 1) % 3);
}

#[test]
fn of_two_of_three_brokers_at_once() {
    let mut brokers = Brokers::three();
    let nodes: [_; 3] = nodes(&brokers);
    let mut chat = Chat::begin(&nodes);
    chat.goes_on(SOME);
    let leader = brokers.leader();
    let killed = [leader, (leader + 1) % 3];
    for number in killed {
        brokers.end(number, Signal::SIGKILL);
    }
    thread::sleep(FREEZE);
    for number in killed {
        brokers.start(number);
    }
    chat.goes_on(SOME);
    end(chat, &brokers);
}
