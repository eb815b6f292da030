//! Logins with a password, of the real server.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use wac_tests::{Daemon, Peer, Server, wait_until};

use super::{Accounts, PASSWORD, WRONG, log_in, said, verb};

/// Memory that passwords to be checked may take: one hash, and what else a test of the server costs.
const MEMORY_BYTES: usize = 48 << 20;

#[test]
fn a_registered_name_logs_in_by_its_password_alone() {
    let accounts = Accounts::of(&["Ann"]);
    let server = accounts.setup().with("--shards", "2").start();
    let mut ann = server.connect();
    ann.send("LIN Ann");
    ann.expect("! the name Ann needs its password: LIN <name> <password>");
    assert_eq!(log_in(&mut ann, "Ann", "wrong"), WRONG);
    assert_eq!(log_in(&mut ann, "Nobody", PASSWORD), WRONG);
    ann.send("LIN \u{410}nn");
    ann.expect("! the name \u{410}nn is reserved");
    // What comes in one packet with the login is performed after it.
    ann.send_bytes(format!("LIN \"ann\" {PASSWORD}\r\nPING\r\nLIN Bob\r\n").as_bytes());
    ann.expect("* welcome, ann");
    ann.expect("PONG");
    ann.expect("! you are already ann");
    let mut bob = server.user("Bob");
    bob.send("MSG hi");
    ann.expect("Bob: hi");
}

#[test]
fn without_accounts_two_words_are_no_name_and_with_registered_names_alone_all_have_one_answer() {
    let server = Server::start();
    let mut ann = server.connect();
    ann.send("LIN two words");
    ann.expect("! not a name: it is more than one word");
    let accounts = Accounts::of(&["Ann"]);
    let server = accounts.setup().with("--login", "registered").start();
    let mut ann = server.connect();
    for line in ["LIN Ann", "LIN Bob", "LIN", "LIN a:b"] {
        ann.send(line);
        ann.expect("! log in with your password: LIN <name> <password>");
    }
    assert_eq!(log_in(&mut ann, "Ann", PASSWORD), "* welcome, Ann");
    let refused = Server::setup().with("--login", "registered").refused();
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .text()
            .contains("name the file of the registered names with --accounts")
    );
}

#[test]
fn the_owner_takes_the_name_back_from_a_connection_that_nobody_ended() {
    let accounts = Accounts::of(&["Ann"]);
    let server = accounts
        .setup()
        .with("--shards", "2")
        .with_notices()
        .start();
    let (mut bob, mut old) = (server.user("Bob"), server.connect());
    log_in(&mut old, "Ann", PASSWORD);
    bob.expect("* Ann joined");
    old.send("MSG before");
    bob.expect("Ann: before");
    let mut new = server.connect();
    new.send(&format!("LIN Ann {PASSWORD}"));
    bob.expect("* Ann left");
    bob.expect("* Ann joined");
    new.lines_until("* welcome, Ann");
    old.expect_end(&["* closing: you logged in elsewhere"]);
    new.send("MSG after");
    bob.expect("Ann: after");
    server.wait_for_ends(1, "LoggedInElsewhere");
}

#[test]
fn a_reload_takes_over_accounts_and_a_broken_file_refuses_it() {
    let accounts = Accounts::of(&["Ann"]);
    let daemon = Daemon::folder();
    daemon.configure("listen = '127.0.0.1:0'\n");
    let file = daemon.path("wacd.toml");
    let address = daemon
        .start(&["--config", file.to_str().unwrap()])
        .address();
    let mut guest = Peer::user(&address, "Ann");
    daemon.configure(&format!(
        "listen = '127.0.0.1:0'\naccounts = '{}'\n",
        accounts.path().display()
    ));
    let reloaded = daemon.reload(&[]);
    assert!(reloaded.text.contains("accounts = "), "{reloaded:?}");
    let mut ann = Peer::dial(&address);
    ann.greeted();
    ann.send(&format!("LIN Ann {PASSWORD}"));
    ann.lines_until("* welcome, Ann");
    guest.lines_until("* closing: you logged in elsewhere");

    accounts.does(&["passwd", "Ann"], "another");
    let planned = daemon.reload(&["--plan"]);
    assert_eq!(planned.text, "the text of accounts: changes now\n");
    let mut other = Peer::dial(&address);
    other.greeted();
    assert_eq!(log_in(&mut other, "Ann", "another"), WRONG, "it was a plan");
    assert_eq!(daemon.reload(&[]).code, Some(0));
    ann.silent_until_fence();
    assert_eq!(log_in(&mut other, "Ann", PASSWORD), WRONG);

    let good = accounts.text();
    fs::write(accounts.path(), format!("{good}Bob:hunter2\n")).unwrap();
    let refused = daemon.reload(&[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.text.contains(":3: after the name is no hash"),
        "{refused:?}"
    );
    assert!(!daemon.log().contains("hunter2"));
    fs::write(accounts.path(), good).unwrap();
    fs::set_permissions(accounts.path(), Permissions::from_mode(0o640)).unwrap();
    let refused = daemon.reload(&[]);
    assert!(
        refused.code == Some(2) && refused.text.contains("run chmod 600"),
        "{refused:?}"
    );
    other.send(&format!("LIN Ann {}", "another"));
    other.lines_until("* welcome, Ann");
}

#[test]
fn no_password_is_in_a_log_a_metric_or_an_answer_to_the_operator() {
    let accounts = Accounts::of(&["Ann"]);
    for form in ["text", "json"] {
        let server = accounts
            .setup()
            .with("--log-level", "trace")
            .with("--log-format", form)
            .with("--metrics", "127.0.0.1:0")
            .start();
        let (mut ann, mut bob) = (server.connect(), server.user("Bob"));
        let wrong = format!("not {PASSWORD}");
        assert_eq!(log_in(&mut ann, "Ann", &wrong), WRONG);
        assert_eq!(log_in(&mut ann, "Eve", PASSWORD), WRONG);
        ann.send(&format!("LIN a:b {PASSWORD}"));
        assert!(!ann.line().contains(PASSWORD));
        ann.send(&format!("LI Ann {PASSWORD}"));
        ann.expect("! unknown command LI; HELP lists them");
        assert_eq!(log_in(&mut ann, "Ann", PASSWORD), "* welcome, Ann");
        ann.send(&format!("LIN Ann {PASSWORD}"));
        ann.expect("! you are already Ann");
        let metrics = server.get("/metrics").body;
        assert!(metrics.contains("wacd_failed_logins_total 2"), "{metrics}");
        assert!(!metrics.contains(PASSWORD));
        bob.silent_until_fence();
        ann.send("QUIT");
        let quits = |line: &str| line.contains("Quit");
        server.log().wait_for("the end", quits);
        let stopped = server.stop();
        assert!(
            stopped.logged("failed_logins=1") || form == "json",
            "{stopped:?}"
        );
        let log = stopped.text();
        assert!(
            log.contains("a login failed") && log.contains("Ann"),
            "{log}"
        );
        assert!(!log.contains(PASSWORD) && !log.contains("argon2"), "{log}");
    }
}

#[test]
fn a_password_in_the_place_of_the_name_is_not_logged() {
    let accounts = Accounts::of(&["Ann"]);
    let server = accounts.setup().with("--log-level", "trace").start();
    let mut ann = server.connect();
    assert_eq!(log_in(&mut ann, "swordfish", "Ann"), WRONG);
    let is_failure = |line: &str| line.contains("a login failed");
    server.log().wait_for("the failure", is_failure);
    ann.silent_until_fence();
    let log = server.stop().text();
    assert!(!log.contains("swordfish"), "{log}");
}

#[test]
fn guesses_of_one_address_at_a_high_rate_wait_take_little_memory_and_disturb_nobody() {
    let accounts = Accounts::of(&["Ann"]);
    let server = accounts
        .setup()
        .with("--shards", "2")
        .with("--trusted", "127.0.0.1/32")
        .with("--connect-rate", "0")
        .with("--metrics", "127.0.0.1:0")
        .start();
    let (mut bob, mut carl) = (server.user("Bob"), server.user("Carl"));
    let before = server.resident_bytes();
    let line = format!("LIN Ann {}\n", "guess ".repeat(100));
    let attackers: Vec<Peer> = (0..50)
        .map(|_| {
            let attacker = Peer::dial_from([127, 0, 0, 2], server.address());
            // More than the socket takes: it is not read while the first one waits.
            let _ = attacker.writer().send_bytes(line.repeat(6).as_bytes());
            attacker
        })
        .collect();
    for number in 0..200 {
        bob.send(&format!("MSG {number}"));
        carl.expect(&format!("Bob: {number}"));
    }
    let mut ann = server.connect();
    assert_eq!(log_in(&mut ann, "Ann", PASSWORD), "* welcome, Ann");
    let judged = || server.metrics()["wacd_failed_logins_total"] >= 10.0;
    wait_until("ten guesses to be judged", judged);
    let grown = server.peak_resident_bytes().saturating_sub(before);
    assert!(
        grown < MEMORY_BYTES,
        "{grown} bytes for {} guessers",
        attackers.len()
    );
    let stopped = server.stop();
    assert_eq!(
        stopped.code,
        Some(0),
        "the guesses that wait hold up no stop"
    );
}

#[test]
fn a_name_registered_by_a_script_logs_in_after_the_next_start() {
    let accounts = Accounts::of(&[]);
    let mut add = verb(&["add", "Ann"]);
    add.env("WACD_ACCOUNTS", accounts.path());
    assert_eq!(said(add, PASSWORD).code, Some(0));
    let server = accounts.setup().start();
    let mut ann = server.connect();
    assert_eq!(log_in(&mut ann, "Ann", PASSWORD), "* welcome, Ann");
}
