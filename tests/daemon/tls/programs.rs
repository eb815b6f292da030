//! Programs that speak TLS: OpenSSL's.

use wac_tests::{Program, Server};

use super::{Bystanders, setup};

#[track_caller]
fn logged_in(server: &Server, name: &str, flags: &[&str]) -> Program {
    let mut program = Program::s_client(server.tls_address().tcp(), flags);
    program.types(&format!("LIN {name}"));
    program.shows_before(&format!("* welcome, {name}"));
    program
}

#[test]
fn openssl_a_peer_over_tls_and_telnet_chat_together() {
    for version in ["-tls1_2", "-tls1_3"] {
        let server = setup().start();
        let mut openssl = logged_in(&server, "olga", &["-quiet", version]);
        let mut peer = server.user("ann");
        let mut telnet = Program::telnet(server.plain_address().tcp());
        telnet.types("LIN tom");
        telnet.shows_before("* welcome, tom");
        openssl.types("MSG grüezi");
        peer.expect("olga: grüezi");
        telnet.shows("olga: grüezi");
        telnet.types("W olga psst");
        openssl.shows("tom whispers, \"psst\"");
        peer.send("MSG hello");
        openssl.shows("ann: hello");
        telnet.shows("ann: hello");
        openssl.types("QUIT");
        assert_eq!(openssl.lines_to_end(), ["* closing: goodbye"]);
    }
}

#[test]
fn tls_1_1_is_refused_with_an_alert() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    let flags = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let screen = Program::s_client(server.tls_address().tcp(), &flags).lines_to_end();
    let told = |line: &String| line.contains("SSL alert number");
    assert!(screen.iter().any(told), "{screen:#?}");
    let log = server.log();
    log.wait_for("the failed handshake", |line| {
        line.contains("TLS handshake failed")
    });
    bystanders.undisturbed();
}

#[test]
fn a_renegotiation_is_refused_with_an_alert() {
    let server = setup().start();
    let mut bystanders = Bystanders::of(&server);
    let mut openssl = logged_in(&server, "olga", &["-tls1_2", "-legacy_renegotiation"]);
    openssl.types("R");
    let screen = openssl.lines_to_end();
    assert!(screen.contains(&"RENEGOTIATING".to_owned()), "{screen:#?}");
    let told = |line: &String| line.contains("no renegotiation");
    assert!(screen.iter().any(told), "{screen:#?}");
    bystanders.undisturbed();
}

#[test]
fn openssl_renews_keys_under_talk() {
    let server = setup().start();
    let mut ann = server.user("ann");
    let mut openssl = logged_in(&server, "olga", &["-tls1_3"]);
    // Its own key, or the server's, too.
    for key in ["k", "K"] {
        ann.send("MSG before");
        openssl.shows_before("ann: before");
        openssl.types(key);
        openssl.shows_before("KEYUPDATE");
        openssl.types("MSG behind");
        ann.expect("olga: behind");
        ann.send("MSG and back");
        openssl.shows_before("ann: and back");
    }
}
