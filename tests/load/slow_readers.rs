//! Slow readers in a crowd: fifty stop reading while a hundred people chat.

use wac_tests::{Crowd, Listen, Peer, Server, numbered, unsent_bytes};

const PEOPLE: usize = 100;
const STUCK: usize = 50;
/// Rounds. In each, everyone sends one line and waits for everyone else's: at most 100 KB are
/// in flight, so no active reader is ever slow.
const ROUNDS: usize = 40;
const TEXT_BYTES: usize = 1000;

const WINDOW_BYTES: usize = 256 * 1024;
/// Memory that the server may use beyond its window: for each stuck reader, and for everything else.
const BYTES_PER_STUCK: usize = 16 * 1024;
const OTHER_BYTES: usize = 4 * 1024 * 1024;
/// Memory that the kernel may use for one connection: `SO_SNDBUF` of 128 KiB, which it doubles, and as
/// much again for its overhead.
const UNSENT_BYTES: usize = 512 * 1024;

fn round(crowd: &mut Crowd, number: usize) {
    let text = numbered(number, TEXT_BYTES);
    for member in crowd.all() {
        crowd.send(member, &format!("MSG {text}"));
    }
    let mut heard = vec![[false; PEOPLE]; PEOPLE];
    let mut missing = PEOPLE * (PEOPLE - 1);
    crowd.listen("everyone's line at everyone", |listener, event| {
        let (sender, said) = event.line().split_once(": ").expect("a message");
        let sender: usize = sender
            .trim_start_matches('u')
            .parse()
            .expect("a name is u and a number");
        assert!(
            sender != listener && said == text,
            "u{listener} heard a wrong line of u{sender}"
        );
        assert!(
            !heard[listener][sender],
            "u{listener} heard u{sender} twice"
        );
        heard[listener][sender] = true;
        missing -= 1;
        Listen::enough_if(missing == 0)
    });
}

#[test]
fn fifty_stalled_readers_cost_the_others_nothing_and_the_server_little() {
    let server = Server::setup().with("--window", "256KiB").start();
    let mut crowd = Crowd::connect(server.address(), PEOPLE);
    crowd.log_in("u");
    let stuck: Vec<Peer> = (0..STUCK).map(|_| server.connect_narrow()).collect();
    let before = server.resident_bytes();
    for number in 0..ROUNDS {
        round(&mut crowd, number);
        assert_sockets_are_bounded(&server);
    }
    server.wait_for_ends(STUCK, "TooSlow");
    assert_eq!(server.ends("TooSlow"), STUCK, "somebody else was closed");
    let grown = server.peak_resident_bytes().saturating_sub(before);
    let allowed = WINDOW_BYTES + STUCK * BYTES_PER_STUCK + OTHER_BYTES;
    assert!(
        grown <= allowed,
        "the server grew by {grown} bytes, {allowed} are allowed"
    );
    drop(stuck);
}

fn assert_sockets_are_bounded(server: &Server) {
    let unsent = unsent_bytes(server);
    assert!(
        unsent.len() >= PEOPLE,
        "ss shows {} sockets of the server",
        unsent.len()
    );
    let most = unsent.into_iter().max().unwrap_or(0);
    assert!(most <= UNSENT_BYTES, "{most} bytes in one socket");
}
