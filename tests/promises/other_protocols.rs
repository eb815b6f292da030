//! Other protocols on our port: recognised by their first line, and closed with a notice.

use wac_tests::{Ending, Peer, Server};

const NO_WEB_SERVER: &str = "* closing: this is a chat server, not a web server";

/// Returns everything received by a connection that sends this first.
#[track_caller]
fn told(server: &Server, first: &[u8]) -> Vec<String> {
    let mut peer = Peer::dial(server.address());
    peer.send_bytes(first);
    let rest = peer.read_to_end();
    rest.whole();
    rest.lines
}

#[test]
fn a_web_browser_gets_a_notice_that_this_is_a_chat_server() {
    let server = Server::start();
    for verb in ["GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT"] {
        let request = format!("{verb} / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
        assert_eq!(
            told(&server, request.as_bytes()).last().map(String::as_str),
            Some(NO_WEB_SERVER),
            "{verb}"
        );
    }
    server.wait_for_ends(1, "NotOurProtocol");
}

#[test]
fn a_web_browser_gets_no_refusals_for_its_lines() {
    let server = Server::start();
    let heard = told(
        &server,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
    );
    assert!(heard.iter().all(|line| line.starts_with("* ")), "{heard:?}");
}

#[test]
fn a_tls_hello_gets_a_notice_that_this_is_a_chat_server() {
    let server = Server::start();
    // The beginning of a ClientHello: a handshake record of TLS 1.0, 512 bytes long.
    let mut hello = vec![
        0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03,
    ];
    hello.extend((0..506_u32).map(|number| (number * 31 % 251) as u8));
    assert_eq!(
        told(&server, &hello).last().map(String::as_str),
        Some(NO_WEB_SERVER)
    );
}

#[test]
fn a_request_cut_in_its_verb_is_recognised() {
    let server = Server::setup().with("--shards", "1").start();
    let mut pacer = server.connect();
    let mut browser = Peer::dial(server.address());
    browser.send_bytes(b"GE");
    pacer.fence();
    browser.send_bytes(b"T / HTTP/1.1\r\n\r\n");
    let rest = browser.read_to_end();
    assert_eq!(rest.lines.last().map(String::as_str), Some(NO_WEB_SERVER));
    assert_eq!(rest.ending, Ending::Closed);
}

#[test]
fn a_verb_that_is_not_the_first_word_is_an_unknown_command() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.silent_until_fence();
    peer.send("GET / HTTP/1.1");
    peer.expect("! unknown command GET; HELP lists them");
}

#[test]
fn a_word_that_begins_like_a_verb_is_an_unknown_command() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("GETTING up");
    peer.expect("! unknown command GETTING; HELP lists them");
    peer.silent_until_fence();
}
