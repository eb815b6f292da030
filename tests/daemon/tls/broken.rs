//! Connections that break the rules of TLS, or end without its goodbye.

use wac_tests::{Address, AlertDescription, Ending, Peer};

use super::{Bystanders, setup};

#[test]
fn the_end_of_the_stream_ends_the_input_as_a_goodbye_does() {
    let server = setup().start();
    let mut peer = server.connect();
    peer.send("PING x");
    peer.cut_off();
    peer.expect_end(&["PONG x"]);
    let mut peer = server.connect();
    peer.send("PING x");
    peer.half_close();
    peer.expect_end(&["PONG x"]);
    server.wait_for_ends(2, "PeerClosed");
}

#[test]
fn half_a_record_at_the_end_of_the_stream_is_dropped() {
    let server = setup().start();
    let mut peer = server.connect();
    peer.send("PING x");
    let record = peer.sealed(b"PING y\n");
    peer.send_sealed(&record[..record.len() - 1]);
    peer.cut_off();
    peer.expect_end(&["PONG x"]);
    server.wait_for_ends(1, "PeerClosed");
}

#[test]
fn whatever_is_no_tls_is_answered_with_an_alert_and_disturbs_nobody() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    for (number, (garbage, answer)) in [
        (
            &b"MSG hello in plain text\n"[..],
            AlertDescription::DecodeError,
        ),
        (
            b"\x17\x03\x03\x00\x20garbage, but in a record's shape",
            AlertDescription::BadRecordMac,
        ),
        (
            b"\x17\x03\x03\xff\xfftoo long",
            AlertDescription::DecodeError,
        ),
        (b"\x63\x03\x03\x00\x01?", AlertDescription::DecodeError),
    ]
    .into_iter()
    .enumerate()
    {
        let mut rogue = server.connect();
        rogue.send_sealed(garbage);
        assert_eq!(rogue.alert(), answer, "{}", garbage.escape_ascii());
        server.wait_for_ends(number + 1, "BadTls");
        bystanders.undisturbed();
    }
}

#[test]
fn plain_text_where_tls_is_spoken_is_told_so() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    let mut lost = Peer::dial(&Address::Tcp(server.tls_address().tcp()));
    lost.send("LIN lost");
    lost.wait_for_unread();
    // If it were closed already, the first would be answered with a reset, and the second would fail.
    lost.send("WHO");
    lost.send("HELP");
    lost.expect_end(&["* closing: this port speaks TLS; use wac tls:HOST or openssl s_client"]);
    bystanders.undisturbed();
}

#[test]
fn tls_where_plain_text_is_spoken_is_told_so() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    let error = Peer::try_dial(&Address::Tls(server.plain_address().tcp()));
    let error = error.expect_err("there is no TLS").to_string();
    assert!(error.contains("InvalidContentType"), "{error}");
    server.wait_for_ends(1, "NotOurProtocol");
    bystanders.undisturbed();
}

#[test]
fn whoever_resets_a_connection_in_its_handshake_disturbs_nobody() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x00\x05\x01"] {
        let mut rogue = Peer::dial(&Address::Tcp(server.tls_address().tcp()));
        rogue.send_bytes(begun);
        rogue.reset();
        bystanders.undisturbed();
    }
}

#[test]
fn a_hello_that_breaks_off_ends_its_connection() {
    let server = setup().start();
    let mut rogue = Peer::dial(&Address::Tcp(server.tls_address().tcp()));
    rogue.send_bytes(b"\x16\x03\x01\x02\x00\x01");
    rogue.half_close();
    let rest = rogue.read_to_end();
    assert_eq!((rest.lines.len(), rest.ending), (0, Ending::Closed));
}
