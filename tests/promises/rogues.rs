//! Rogue clients: each is answered as the protocol says, and a healthy pair beside them is not
//! disturbed.

use wac_tests::{Ending, Peer, Server};

/// Two users who chat beside a rogue client.
struct Pair {
    ann: Peer,
    bob: Peer,
    said: usize,
}

impl Pair {
    fn new(server: &Server) -> Pair {
        Pair {
            ann: server.user("ann"),
            bob: server.user("bob"),
            said: 0,
        }
    }

    /// Lets one send a message, and checks that neither received anything else.
    #[track_caller]
    fn undisturbed(&mut self) {
        self.said += 1;
        self.ann.send(&format!("MSG hello {}", self.said));
        self.bob.expect(&format!("ann: hello {}", self.said));
        self.ann.silent_until_fence();
        self.bob.silent_until_fence();
    }
}

/// Returns pseudo-random bytes, the same in every run: the low byte of the high half of a linear
/// congruential generator.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 42_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn a_client_that_talks_before_logging_in_is_refused() {
    let server = Server::start();
    let (mut pair, mut rogue) = (Pair::new(&server), server.connect());
    rogue.send("MSG let me in");
    rogue.expect("! log in first: LIN <name>");
    pair.undisturbed();
}

#[test]
fn a_client_that_logs_in_twice_is_refused() {
    let server = Server::setup().with_flood_control().start();
    let (mut pair, mut rogue) = (Pair::new(&server), server.user("Jack"));
    rogue.send("LIN ann");
    rogue.expect("! you are already Jack");
    pair.undisturbed();
}

#[test]
fn binary_noise_disturbs_nobody() {
    let server = Server::start();
    let (mut pair, mut rogue) = (Pair::new(&server), server.connect());
    rogue.send_bytes(&noise(64 * 1024));
    // Whatever Telnet command or line the noise ended in, this ends it.
    rogue.send_bytes(b"\xff\xf0\xff\xf0\nPING still there\n");
    rogue.bytes_through(b"PONG still there\r\n");
    rogue.silent_until_fence();
    pair.undisturbed();
}

#[test]
fn noise_without_telnet_bytes_is_refused_line_by_line() {
    let server = Server::start();
    let (mut pair, mut rogue) = (Pair::new(&server), server.connect());
    let lines: Vec<u8> = noise(64 * 1024)
        .into_iter()
        .filter(|byte| *byte != 0xff)
        .collect();
    rogue.send_bytes(&lines);
    rogue.send_bytes(b"\n");
    let answers = rogue.fence();
    assert!(
        answers.iter().all(|answer| answer.starts_with("! ")),
        "{answers:?}"
    );
    assert!(answers.iter().any(|answer| answer == "! not valid UTF-8"));
    pair.undisturbed();
}

#[test]
fn a_mebibyte_without_a_newline_is_refused_once() {
    let server = Server::start();
    let (mut pair, mut rogue) = (Pair::new(&server), server.connect());
    let before = server.resident_bytes();
    rogue.send_bytes(b"MSG ");
    rogue.send_bytes(&vec![b'x'; 1024 * 1024]);
    pair.undisturbed();
    rogue.send_bytes(b"\n");
    let mut answers = rogue.fence();
    // The rogue also receives the pair's messages.
    answers.retain(|line| line.starts_with('!'));
    assert_eq!(answers, ["! line too long (limit 4096 bytes)"]);
    assert!(
        server.peak_resident_bytes() < before + 512 * 1024,
        "the line was kept"
    );
}

#[test]
fn a_client_that_vanishes_after_half_a_line_disturbs_nobody() {
    let server = Server::start();
    let mut pair = Pair::new(&server);
    let mut rogue = server.user("Jack");
    rogue.send_bytes(b"MSG unfin");
    drop(rogue);
    server.wait_for_ends(1, "PeerClosed");
    pair.undisturbed();
}

#[test]
fn a_client_that_resets_the_connection_disturbs_nobody() {
    let server = Server::start();
    let mut pair = Pair::new(&server);
    // Closing with the answer unread makes the kernel send a reset.
    let mut rogue = server.user("Jack");
    rogue.send("WHO");
    rogue.wait_for_unread();
    drop(rogue);
    server.wait_for_ends(1, "PeerReset");
    server.connect().log_in_once_free("Jack");
    pair.undisturbed();
}

#[test]
fn an_http_client_is_closed_with_a_notice() {
    let server = Server::start();
    let mut pair = Pair::new(&server);
    let body = b"\r\n\r\nLIN Evil\r\nMSG hi\r\n";
    let long = [b'x'; 5000];
    for first in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"\x16\x03\x01\x00\x05hello",
        &[b"POST /", &long[..], b" HTTP/1.1", body].concat(),
        &[b"PURGE /", &long[..], b" HTTP/1.1", body].concat(),
        &[b"\x16\x03\x01", &long[..], body].concat(),
        &[b"DELETE / HTTP/1.1", &body[..]].concat(),
        &[b"PRI * HTTP/2.0", &body[..]].concat(),
        &[&long[..], body].concat(),
    ] {
        let mut rogue = Peer::dial(server.address());
        rogue.send_bytes(first);
        let rest = rogue.read_to_end();
        let last = rest.lines.last().map(String::as_str);
        assert_eq!(
            last,
            Some("* closing: this is a chat server, not a web server")
        );
        assert_eq!(rest.ending, Ending::Closed);
        pair.undisturbed();
    }
}

#[test]
fn a_silent_connection_disturbs_nobody() {
    let server = Server::start();
    let silent: Vec<Peer> = (0..50).map(|_| Peer::dial(server.address())).collect();
    let mut pair = Pair::new(&server);
    pair.undisturbed();
    drop(silent);
    pair.undisturbed();
}
