//! Lines on the wire: their endings, their length, UTF-8, and the end of input.

use wac_tests::{Peer, Server};

const TOO_LONG: &str = "! line too long (limit 4096 bytes)";
/// The longest line a client may send, its ending included.
const LIMIT: usize = 4096;

fn pair(server: &Server) -> (Peer, Peer) {
    (server.user("ann"), server.user("bob"))
}

/// Returns a message that makes a line of `bytes`, ending included.
fn message(line_bytes: usize, ending: &str) -> (String, String) {
    let text = "x".repeat(line_bytes - "MSG ".len() - ending.len());
    (format!("MSG {text}{ending}"), text)
}

#[test]
fn a_line_ends_with_lf_or_with_cr_lf() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send_bytes(b"MSG one\nMSG two\r\nMSG three\n");
    bob.expect("ann: one");
    bob.expect("ann: two");
    bob.expect("ann: three");
}

#[test]
fn a_line_ends_with_cr_nul_too_as_telnet_sends_enter_in_character_mode() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send_bytes(b"MSG one\r\0MSG two\r\0");
    bob.expect("ann: one");
    bob.expect("ann: two");
}

#[test]
fn a_byte_order_mark_before_the_first_command_is_ignored() {
    let server = Server::start();
    let mut peer = Peer::dial(server.address());
    peer.send("\u{feff}LIN ann");
    peer.line();
    peer.expect("* welcome, ann");
}

#[test]
fn an_empty_line_is_ignored() {
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send_bytes(b"\n\r\n\n");
    ann.silent_until_fence();
}

#[test]
fn a_line_of_4096_bytes_is_accepted() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    for ending in ["\n", "\r\n"] {
        let (line, text) = message(LIMIT, ending);
        ann.send_bytes(line.as_bytes());
        bob.expect(&format!("ann: {text}"));
    }
    ann.silent_until_fence();
}

#[test]
fn a_line_of_4097_bytes_is_refused_once_and_reaches_nobody() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    for ending in ["\n", "\r\n"] {
        let (line, _) = message(LIMIT + 1, ending);
        ann.send_bytes(line.as_bytes());
        assert_eq!(ann.fence(), [TOO_LONG]);
    }
    bob.silent_until_fence();
}

#[test]
fn the_tail_of_an_overlong_line_is_not_read_as_a_command() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    let line = format!("MSG {}MSG tail\nMSG next\n", "x".repeat(3 * LIMIT));
    ann.send_bytes(line.as_bytes());
    assert_eq!(ann.fence(), [TOO_LONG]);
    assert_eq!(bob.fence(), ["ann: next"]);
}

#[test]
fn each_overlong_line_is_refused() {
    let server = Server::start();
    let mut ann = server.user("ann");
    let line = "x".repeat(2 * LIMIT) + "\n";
    ann.send_bytes(line.repeat(3).as_bytes());
    assert_eq!(ann.fence(), [TOO_LONG; 3]);
}

#[test]
fn the_longest_message_of_the_longest_name_arrives_whole() {
    let server = Server::start();
    // 32 letters of 4 bytes each.
    let name = "\u{20000}".repeat(32);
    let (mut ann, mut bob) = (server.user(&name), server.user("bob"));
    let (line, text) = message(LIMIT, "\n");
    ann.send_bytes(line.as_bytes());
    bob.expect(&format!("{name}: {text}"));
    let text = "x".repeat(LIMIT - "W bob \n".len());
    ann.send(&format!("W bob {text}"));
    bob.expect(&format!("{name} whispers, \"{text}\""));
}

#[test]
fn a_line_that_is_not_utf_8_is_refused_and_reaches_nobody() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    let broken: [&[u8]; 6] = [
        b"\x80",             // a stray continuation byte
        b"\xc3(",            // a missing continuation byte
        b"\xe2\x82",         // truncated
        b"\xc0\xaf",         // an overlong encoding
        b"\xed\xa0\x80",     // a surrogate
        b"\xf4\x90\x80\x80", // beyond the last character
    ];
    for bytes in broken {
        ann.send_bytes(&[b"MSG a", bytes, b"\n"].concat());
        ann.expect("! not valid UTF-8");
    }
    ann.silent_until_fence();
    bob.silent_until_fence();
}

#[test]
fn a_line_that_is_not_utf_8_is_refused_whatever_its_command() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send_bytes(b"LIN \xc3(\nW \xc3( hi\nPING \xc3(\n\xc3(\n");
    assert_eq!(peer.fence(), ["! not valid UTF-8"; 4]);
}

#[test]
fn at_the_end_of_input_complete_lines_are_answered_and_the_server_closes() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send_bytes(b"WHO\nPING x\n");
    peer.half_close();
    peer.expect_end(&["* online (0)", "PONG x"]);
}

#[test]
fn at_the_end_of_input_an_unfinished_line_is_dropped() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send_bytes(b"PING x\nMSG unfin");
    ann.half_close();
    ann.expect_end(&["PONG x"]);
    bob.silent_until_fence();
}

#[test]
fn at_the_end_of_input_the_last_messages_reach_everyone() {
    let server = Server::start();
    let (mut ann, mut bob) = pair(&server);
    ann.send_bytes("MSG last words\n".repeat(100).as_bytes());
    ann.half_close();
    ann.expect_end(&[]);
    assert_eq!(bob.fence(), ["ann: last words"; 100]);
}
