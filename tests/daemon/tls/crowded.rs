//! Handshakes beside the chat: none has to wait for another, and none keeps its place for long.

use std::net::Ipv4Addr;

use wac_tests::{Address, Ending, Peer, Server, wait_until};

use super::{Bystanders, setup};

/// Returns a connection that says nothing, not even hello.
fn silent(server: &Server, number: u8) -> Peer {
    let from = Ipv4Addr::new(127, 0, 1, number);
    Peer::dial_from(from, &Address::Tcp(server.tls_address().tcp()))
}

#[test]
fn a_thousand_silent_handshakes_disturb_nobody() {
    let server = setup()
        .with("--trusted", "127.0.0.1")
        .with("--metrics", "127.0.0.1:0")
        .start();
    let mut bystanders = Bystanders::of(&server);
    let silent: Vec<Peer> = (1..=50)
        .flat_map(|number| [number; 20])
        .map(|number| silent(&server, number))
        .collect();
    bystanders.undisturbed();
    for name in ["cat", "dan", "eve"] {
        let mut late = server.user(name);
        late.silent_until_fence();
        bystanders.undisturbed();
    }
    // All but the last 256 were displaced by those that came after them.
    let metrics = server.get("/metrics").body;
    let mut lines = metrics.lines();
    let failed = lines.find_map(|line| line.strip_prefix("wacd_handshakes_failed_total "));
    let failed: usize = failed.and_then(|it| it.parse().ok()).expect("a count");
    assert!(failed >= 1000 - 256, "{failed}");
    drop(silent);
    bystanders.undisturbed();
}

#[test]
fn handshakes_that_stall_are_ended_and_their_places_are_free_again() {
    let server = setup().with("--max-connections", "3").start();
    let mut ann = server.user("ann");
    let mut stalled = [silent(&server, 1), silent(&server, 2)];
    stalled[1].send_bytes(b"\x16\x03\x01\x02\x00\x01");
    Peer::refused(None, server.address(), "");
    for each in stalled {
        assert_eq!(each.bytes_to_end(), b"");
    }
    for name in ["bob", "cat"] {
        let mut peer = place(&server);
        peer.greeted();
        peer.log_in(name);
        ann.send("MSG hello");
        peer.expect("ann: hello");
    }
}

/// Connects as soon as there is a place.
#[track_caller]
fn place(server: &Server) -> Peer {
    let mut peer = None;
    wait_until("a place is free", || {
        peer = Peer::try_dial(server.address()).ok();
        peer.is_some()
    });
    peer.expect("it is connected")
}

/// A fatal alert: access denied.
const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

#[test]
fn whoever_is_refused_may_still_send_its_hello() {
    let server = setup().with("--max-connections", "1").start();
    let _ann = server.user("ann");
    let mut late = Peer::dial(&Address::Tcp(server.tls_address().tcp()));
    late.bytes_through(&ACCESS_DENIED);
    assert_eq!(late.line_or_end(), Err(Ending::Closed));
    // If it were closed, one of these would be answered with a reset, which can overtake the alert, and the next would fail.
    for _ in 0..100 {
        late.send_bytes(b"\x16\x03\x01\x02\x00\x01");
    }
}
