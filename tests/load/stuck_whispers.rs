//! Attack that once made a shard spin for ever: readers that stop in the middle of a line, and
//! whispers to them just when that line leaves the window.

use wac_tests::{Crowd, Event, Listen, Peer, Server};

const TALKERS: usize = 8;
const STUCK: usize = 8;
/// Each sends 32 KB to everybody: after these, the cursors of the stuck readers are far behind the
/// window.
const ROUNDS: usize = 40;

#[test]
fn whispers_to_readers_whose_line_leaves_the_window_hang_no_shard() {
    let server = Server::setup()
        .with("--shards", "2")
        .with("--window", "64KiB")
        .start();
    // The shard with the fewest sessions takes the next: there is one watcher on each.
    let mut watchers = [server.connect(), server.connect()];
    let mut talkers = Crowd::connect(server.address(), TALKERS);
    talkers.log_in("u");
    let stuck: Vec<Peer> = (0..STUCK).map(|n| stuck(&server, n)).collect();
    // In one segment, so that both are handled in one turn.
    let attack = format!(
        "MSG {}\n{}",
        "x".repeat(3900),
        (0..STUCK)
            .map(|n| format!("W s{n} x\n"))
            .collect::<String>()
    );
    for _ in 0..ROUNDS {
        for talker in talkers.all() {
            talkers.send_bytes(talker, attack.as_bytes());
        }
        for watcher in &mut watchers {
            watcher.fence();
        }
        receive_from_everyone(&mut talkers);
    }
    server.wait_for_ends(STUCK, "TooSlow");
    drop(stuck);
    let stopped = server.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.text());
}

fn stuck(server: &Server, number: usize) -> Peer {
    let mut peer = server.connect_narrow();
    peer.log_in(&format!("s{number}"));
    peer
}

/// Waits until each talker has received everyone else's lines, so that no active reader is slow.
fn receive_from_everyone(talkers: &mut Crowd) {
    let mut missing = TALKERS * (TALKERS - 1);
    talkers.listen("everyone's line at everyone", |_, event: Event<'_>| {
        missing -= usize::from(event.line().contains(": x"));
        Listen::enough_if(missing == 0)
    });
}
