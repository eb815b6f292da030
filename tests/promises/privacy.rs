//! Promise 5: only the named user receives a whisper, and no text of a chat is ever written to a log.

use wac_tests::{SECRET, Server};

/// A word that is in a log only if a private text is.
const TEXT: &str = "the key rotates at noon";

#[test]
fn a_whisper_reaches_the_named_user_alone() {
    let server = Server::setup().with("--shards", "2").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut others = vec![server.user("cat"), server.user("bobby"), server.connect()];
    ann.send(&format!("W bob {TEXT}"));
    bob.expect(&format!("ann whispers, \"{TEXT}\""));
    ann.silent_until_fence();
    bob.silent_until_fence();
    for other in &mut others {
        other.silent_until_fence();
    }
}

#[test]
fn a_refused_whisper_reaches_nobody() {
    let server = Server::start();
    let (mut ann, mut bob, mut stranger) =
        (server.user("ann"), server.user("bob"), server.connect());
    ann.send(&format!("W bab {TEXT}"));
    ann.expect("! no user named bab");
    stranger.send(&format!("W bob {TEXT}"));
    stranger.expect("! log in first: LIN <name>");
    bob.silent_until_fence();
    ann.silent_until_fence();
}

#[test]
fn the_text_of_a_whisper_appears_in_no_log_at_any_level() {
    let server = Server::setup()
        .with("--log-level", "trace")
        .with("--shards", "2")
        .start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send(&format!("W bob {TEXT}"));
    bob.expect(&format!("ann whispers, \"{TEXT}\""));
    ann.send_bytes(
        format!(
            "W ann {TEXT}\nW nobody {TEXT}\nW bob {TEXT} {}\n",
            "x".repeat(5000)
        )
        .as_bytes(),
    );
    ann.send_bytes(&[b"W bob ", TEXT.as_bytes(), b"\xc3\x28\n"].concat());
    ann.fence();
    server.connect().send(&format!("W bob {TEXT}"));
    ann.send_bytes(format!("W bob {TEXT}\nQUIT\n").as_bytes());
    server.wait_for_ends(1, "Quit");
    let stopped = server.stop();
    assert!(!stopped.text().contains(TEXT), "a private text was logged");
}

#[test]
fn no_text_of_a_chat_appears_in_a_log_of_any_level_and_form() {
    for (level, form) in [("info", "text"), ("trace", "text"), ("trace", "json")] {
        let server = Server::setup()
            .with("--log-level", level)
            .with("--log-format", form)
            .with("--shards", "2")
            .start();
        let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
        ann.send(&format!("MSG {TEXT}"));
        bob.expect(&format!("ann: {TEXT}"));
        ann.send_bytes(
            format!("{TEXT}\nLIN {TEXT}\nPING {TEXT}\nSEC\nMSG {TEXT}\nQUIT\n").as_bytes(),
        );
        server.connect().send(&format!("MSG {TEXT}"));
        server
            .log()
            .wait_for("the end", |line| line.contains("Quit"));
        let log = server.stop().text();
        assert!(
            log.contains("ann"),
            "the name of a session is in its last line: {log}"
        );
        assert!(!log.contains(TEXT) && !log.contains(SECRET), "{log}");
    }
}
