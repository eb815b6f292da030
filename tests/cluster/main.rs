//! A room served by several nodes, with real brokers: what one server promises holds over all of them, whatever happens to a node or a
//! broker. Each test has brokers of its own; most wait, so many run at a time: `--test-threads=16`.

mod chat;
mod credentials;
mod cut_link;
mod cut_off;
mod drain;
mod fence;
mod gone_nodes;
mod history;
mod lost_stream;
mod names;
mod operator;
mod overtaken;
mod script;
mod start;
mod survived;
mod tokens;
mod whispers;

use std::thread;

use wac_tests::{Brokers, Peer, Server, Setup};

/// The last line of a connection whose node has lost the room.
const CUT_OFF: &str = "* closing: cut off from the room";

/// What people are told by their node alone, when the brokers are silent for a while.
const SILENT: &str = "* server: the other servers of the room can't be reached; what you say waits";
const BACK: &str = "* server: the other servers of the room are back";

/// Leaves out what the node alone says, as it may on a slow machine.
fn of_room(mut lines: Vec<String>) -> Vec<String> {
    lines.retain(|line| line != SILENT && line != BACK);
    lines
}

/// Starts nodes, at once.
fn nodes<const N: usize>(brokers: &Brokers) -> [Server; N] {
    start(&brokers.node())
}

/// Starts servers with the same description, at once.
fn start<const N: usize>(setup: &Setup) -> [Server; N] {
    let servers = [(); N].map(|()| setup.launch());
    servers.map(Server::ready)
}

/// Waits until each node serves a room for the n-th time in its life.
fn wait_for_joins(nodes: &[Server], count: usize) {
    for node in nodes {
        node.log()
            .wait_for_count(count, "it serves a room", |line| {
                line.contains("serving the room")
            });
    }
}

/// Reads what everybody is sent until their connections end, all at once: nobody waits for another's deadline.
fn read_to_ends(people: Vec<Peer>) -> Vec<Vec<String>> {
    let reading = people.into_iter().map(|peer| {
        thread::spawn(|| {
            let rest = peer.read_to_end();
            rest.whole();
            rest.lines
        })
    });
    let reading: Vec<_> = reading.collect();
    reading
        .into_iter()
        .map(|it| it.join().expect("it was closed in order"))
        .collect()
}
