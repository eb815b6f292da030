//! Flood control: holds a sender back; refuses nothing and loses nothing.

use std::thread;
use std::time::{Duration, Instant};

use wac_tests::{Crowd, Listen, Peer, Server, Setup};

const TOLD: &str = "* slow down: your lines wait";

/// Starts a server that allows a burst of 10 lines, then 50 a second: ten times the default rate, to keep tests fast.
fn limited() -> Setup {
    Server::setup()
        .with("--flood-burst", "10")
        .with("--flood-rate", "50")
}

/// Sends `count` messages at once.
fn flood(sender: &mut Peer, lines: usize) {
    let lines: String = (0..lines).map(|number| format!("MSG {number}\n")).collect();
    sender.send_bytes(lines.as_bytes());
}

#[track_caller]
fn receives_all(listener: &mut Peer, name: &str, lines: usize) {
    for number in 0..lines {
        listener.expect(&format!("{name}: {number}"));
    }
    listener.silent_until_fence();
}

#[test]
fn a_burst_passes() {
    let server = Server::setup().with_flood_control().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    // With the login and the fence, a fifth of a line each, this is within the burst of 10.
    flood(&mut ann, 9);
    ann.silent_until_fence();
    receives_all(&mut bob, "ann", 9);
}

#[test]
fn more_than_a_burst_is_held_back_with_one_notice_and_not_lost() {
    let server = limited().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let begun = Instant::now();
    flood(&mut ann, 110);
    assert_eq!(ann.fence(), [TOLD]);
    // 110 lines less a burst of 10, at 50 a second, take 2 s; less is the server's fault, more may
    // be the machine's.
    assert!(
        begun.elapsed() > Duration::from_millis(1700),
        "{:?}",
        begun.elapsed()
    );
    receives_all(&mut bob, "ann", 110);
}

#[test]
fn after_a_quiet_time_the_next_episode_has_a_notice_of_its_own() {
    let server = limited().start();
    let mut ann = server.user("ann");
    for _ in 0..2 {
        flood(&mut ann, 30);
        assert_eq!(ann.fence(), [TOLD]);
        // The quiet time itself: five times what it takes until a whole burst is allowed again.
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn a_held_back_sender_delays_nobody_else() {
    let server = Server::setup().with_flood_control().start();
    let (mut ann, mut bob, mut cat) = (server.user("ann"), server.user("bob"), server.user("cat"));
    flood(&mut ann, 1000);
    ann.expect(TOLD);
    // Ann's lines take 200 s.
    bob.send("MSG hello");
    cat.lines_until("bob: hello");
}

#[test]
fn every_byte_counts() {
    let server = Server::setup().with_flood_control().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let begun = Instant::now();
    // Fewer lines than a burst.
    let text = "x".repeat(4000);
    for _ in 0..8 {
        ann.send(&format!("MSG {text}"));
    }
    assert_eq!(ann.fence(), [TOLD]);
    // 32 KB less a burst of 16 KiB, at 8 KiB a second, take nearly 2 s; half a second is left to
    // a server that lets the last line pass before it counts it.
    assert!(
        begun.elapsed() > Duration::from_millis(1300),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(bob.fence().len(), 8);
}

#[test]
fn lines_of_the_full_length_are_held_back_and_not_lost() {
    let server = limited().with("--flood-burst", "1").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    // Each fills the server's whole input buffer for a connection.
    let text = "x".repeat(4096 - "MSG \n".len());
    ann.send_bytes(format!("MSG {text}\n").repeat(3).as_bytes());
    ann.fence();
    assert_eq!(bob.fence().len(), 3);
}

#[test]
fn the_room_holds_all_senders_back_together_with_one_notice_each() {
    const SENDERS: usize = 100;
    // Each less than a sender's own burst; together 1.5 MB, of which the room takes 512 KiB at once.
    const LINES: usize = 9;
    let server = Server::setup()
        .with_flood_control()
        .with("--room-rate", "1MiB")
        .start();
    let mut crowd = Crowd::connect(server.address(), SENDERS);
    crowd.log_in("u");
    let begun = Instant::now();
    for sender in crowd.all() {
        crowd.send_bytes(
            sender,
            format!("MSG {}\n", "x".repeat(1650))
                .repeat(LINES)
                .as_bytes(),
        );
    }
    let (mut told, mut missing) = ([0; SENDERS], SENDERS * (SENDERS - 1) * LINES);
    crowd.listen("all lines at everyone", |listener, event| {
        match event.line() {
            TOLD => told[listener] += 1,
            _ => missing -= 1,
        }
        Listen::enough_if(missing == 0)
    });
    assert!(
        begun.elapsed() > Duration::from_millis(600),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        told.iter().all(|told| *told <= 1),
        "told too often: {told:?}"
    );
}

#[test]
fn a_ping_counts_a_fifth_of_a_line() {
    let server = Server::setup().with_flood_control().start();
    let mut ann = server.user("ann");
    ann.send_bytes("PING x\n".repeat(45).as_bytes());
    assert_eq!(ann.fence(), ["PONG x"; 45]);
}

#[test]
fn unix_peers_are_not_held_back() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let setup = Server::setup().with_flood_control();
    let server = setup
        .listen_unix(&folder.path().join("wac.sock"))
        .listen("127.0.0.1:0")
        .start();
    let (mut bob, mut ann) = (server.connect_at(1), server.connect_at(0));
    ann.log_in("ann");
    // At 5 a second this would take 200 s.
    flood(&mut ann, 1000);
    ann.silent_until_fence();
    receives_all(&mut bob, "ann", 1000);
}

#[test]
fn flood_control_can_be_switched_off() {
    let server = Server::setup().with("--flood-rate", "0").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    flood(&mut ann, 2000);
    // The room's rate is not limited either: 2 MB.
    ann.send_bytes(
        format!("MSG {}\n", "x".repeat(1000))
            .repeat(2000)
            .as_bytes(),
    );
    ann.silent_until_fence();
    assert_eq!(bob.fence().len(), 4000);
}
