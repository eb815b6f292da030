//! Handshakes beside the chat: none has to wait for another, and none keeps its place for long.

use std::net::Ipv4Addr;

use wac_tests::{Address, Peer, Server, wait_until};

use super::{Bystanders, setup};

/// Returns a connection that says nothing, not even hello.
fn silent(server: &Server, number: u8) -> Peer {
    let from = Ipv4Addr::new(127, 0, 1, number);
    Peer::dial_from(from, &Address::Tcp(server.tls_address().tcp()))
}

#[test]
fn a_thousand_silent_handshakes_disturb_nobody() {
    let server = setup().with("--trusted", "127.0.0.1").start();
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
    let mut people = [None, None];
    for peer in &mut people {
        wait_until("a place is free", || {
            *peer = Peer::try_dial(server.address()).ok();
            peer.is_some()
        });
    }
    ann.send("MSG hello");
    for peer in people.iter_mut().flatten() {
        peer.greeted();
        peer.expect("ann: hello");
    }
}
