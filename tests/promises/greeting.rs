//! Greeting of the server, and its secret.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use wac_tests::{Peer, Server};

/// Creates a file with this content, and returns it with its folder.
fn file(content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("content.txt");
    fs::write(&path, content).expect("a temporary file can be written");
    (folder, path)
}

fn secret_of(server: &Server) -> String {
    let mut peer = server.connect();
    peer.send("SEC");
    peer.line()
}

#[test]
fn the_greeting_is_one_notice_that_says_how_to_log_in() {
    let server = Server::start();
    let mut peer = Peer::dial(server.address());
    let greeting = peer.expect_starting("* ");
    assert!(greeting.contains("LIN"), "{greeting}");
    peer.silent_until_fence();
}

#[test]
fn the_lines_of_the_motd_follow_as_notices() {
    let (_folder, motd) = file("Be kind.\nNo trains today: é\n");
    let server = Server::setup()
        .with("--motd", &motd.to_string_lossy())
        .start();
    let mut peer = Peer::dial(server.address());
    peer.greeted();
    peer.expect("* Be kind.");
    peer.expect("* No trains today: é");
    peer.silent_until_fence();
}

#[test]
fn a_motd_of_2000_lines_arrives_whole() {
    let (_folder, motd) = file(&"All work and no play makes Jack a dull boy.\n".repeat(2000));
    let server = Server::setup()
        .with("--motd", &motd.to_string_lossy())
        .start();
    let mut peer = Peer::dial(server.address());
    peer.greeted();
    assert_eq!(
        peer.fence(),
        ["* All work and no play makes Jack a dull boy."; 2000]
    );
}

#[test]
fn an_unreadable_motd_is_an_error_that_names_it() {
    let refused = Server::setup()
        .with("--motd", "/nowhere/motd.txt")
        .refused();
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(refused.text().contains("/nowhere/motd.txt"), "{refused:?}");
}

#[test]
fn the_operator_can_choose_the_secret() {
    let server = Server::setup().with("--secret", "Zürich, 42").start();
    assert_eq!(secret_of(&server), "Zürich, 42");
}

#[test]
fn the_secret_can_come_from_a_file() {
    let (_folder, secret) = file("open sesame\n");
    let setup = Server::setup().without("--secret");
    let server = setup
        .with("--secret-file", &secret.to_string_lossy())
        .start();
    assert_eq!(secret_of(&server), "open sesame");
}

#[test]
fn without_a_choice_the_secret_is_16_hexadecimal_digits_of_this_run() {
    let setup = Server::setup().without("--secret");
    let secrets = [setup.start(), setup.start()].map(|server| secret_of(&server));
    for secret in &secrets {
        assert_eq!(secret.len(), 16, "{secret}");
        assert!(
            secret.chars().all(|digit| digit.is_ascii_hexdigit()),
            "{secret}"
        );
    }
    assert_ne!(secrets[0], secrets[1]);
}

#[test]
fn a_secret_that_looks_like_another_kind_of_line_is_refused_at_the_start() {
    let lines = [
        "* hi",
        "! no",
        "PONG",
        "PONG x",
        "Jack: hi",
        "Jack whispers, \"hi\"",
        "two\nlines",
    ];
    for secret in lines {
        let refused = Server::setup().with("--secret", secret).refused();
        assert_eq!(refused.code, Some(2), "{secret:?}: {refused:?}");
        assert!(refused.text().contains("secret"), "{refused:?}");
    }
}

#[test]
fn a_secret_that_only_resembles_another_kind_of_line_is_accepted() {
    for secret in ["PONGS", "what time is it: noon", "a, b"] {
        let server = Server::setup().with("--secret", secret).start();
        assert_eq!(secret_of(&server), secret);
    }
}
