//! A claim waits for its outcome: commands after a login wait until it has succeeded or failed.
//!
//! The failure: commands sent in one packet with the login were treated as if nobody had logged in.

use wac_tests::{Server, Setup};

fn setup() -> Setup {
    Server::setup().with_notices().with("--shards", "2")
}

#[test]
fn commands_in_one_packet_with_the_login_are_performed_in_order() {
    let server = setup().start();
    let (mut others, mut ann) = ([server.connect(), server.connect()], server.connect());
    ann.send_bytes(b"LIN ann\nMSG hi\nWHO\nPING x\n");
    ann.expect("* welcome, ann");
    ann.expect("* online (1): ann");
    ann.expect("PONG x");
    ann.silent_until_fence();
    for other in &mut others {
        other.expect("* ann joined");
        other.expect("ann: hi");
        other.silent_until_fence();
    }
}

#[test]
fn commands_in_one_packet_with_a_refused_login_need_another_login() {
    let server = setup().start();
    let (_ann, mut peer) = (server.user("ann"), server.connect());
    peer.send_bytes(b"LIN ann\nMSG one\nLIN bob\nMSG two\nLIN cat\n");
    peer.expect("! the name ann is taken");
    peer.expect("! log in first: LIN <name>");
    peer.expect("* welcome, bob");
    peer.expect("! you are already bob");
    peer.silent_until_fence();
}

#[test]
fn a_whole_session_fits_into_one_packet() {
    let server = setup().start();
    let mut other = server.connect();
    for number in 0..4 {
        let mut brief = server.connect();
        brief.send_bytes(format!("LIN u{number}\nMSG hello\nW u{number} me\nQUIT\n").as_bytes());
        let rest = brief.read_to_end();
        rest.whole();
        assert_eq!(rest.lines.first(), Some(&format!("* welcome, u{number}")));
        assert_eq!(
            rest.lines.last().map(String::as_str),
            Some("* closing: goodbye")
        );
        other.expect(&format!("* u{number} joined"));
        other.expect(&format!("u{number}: hello"));
        other.expect(&format!("* u{number} left"));
    }
}

#[test]
fn a_login_and_the_end_of_input_in_one_packet_leave_the_name_free() {
    let server = setup().start();
    for _ in 0..50 {
        let mut brief = server.connect();
        brief.send_bytes(b"LIN ann\nMSG hello\n");
        brief.half_close();
        let rest = brief.read_to_end();
        rest.whole();
        let welcomed = rest.lines.contains(&"* welcome, ann".to_owned());
        assert!(welcomed, "the name was still taken: {:?}", rest.lines);
    }
}
