//! Rotation by the real logrotate, with the file that comes with the server.

use std::fs;
use std::path::Path;
use std::process::Command;

use wac_tests::{Daemon, Peer, Said, binary, wait_until};

use crate::users::{AS_NOBODY, is_root};

const SHIPPED: &str = include_str!("../../scripts/logrotate/wacd");

/// Runs logrotate on a daemon's log, as if a week had passed.
#[track_caller]
fn rotate(daemon: &Daemon) {
    let here = |path: &Path| path.display().to_string();
    let rules = SHIPPED
        .replace(
            "/var/log/wacd/wacd.log",
            &here(&daemon.path("log/wacd.log")),
        )
        .replace("/run/wacd/wacd.pid", &here(&daemon.path("wacd.pid")));
    fs::write(daemon.path("rules"), rules).expect("a file can be written");
    let programs = binary("wacd")
        .parent()
        .expect("it is in a folder")
        .to_owned();
    let said = Said::of(
        Command::new("logrotate")
            .arg("--force")
            .arg("--state")
            .arg(daemon.path("state"))
            .arg(daemon.path("rules"))
            .env(
                "PATH",
                format!("{}:/usr/bin:/usr/sbin:/bin", programs.display()),
            ),
    );
    assert_eq!((said.code, said.text.as_str()), (Some(0), ""));
}

/// Starts a daemon that logs into a folder that it makes, as by default.
#[track_caller]
fn start(daemon: &Daemon, flags: &[&str]) -> Said {
    let mut command = Command::new(binary("wacd"));
    command.args(["--daemon", "--listen", "127.0.0.1:0"]);
    command.arg("--pid-file").arg(daemon.path("wacd.pid"));
    command.arg("--log-file").arg(daemon.path("log/wacd.log"));
    Said::of(command.args(flags))
}

fn ends(text: &str) -> usize {
    text.lines()
        .filter(|line| line.contains("session ended"))
        .count()
}

/// Rotates twice, with sessions before, between and after; checks that the files have a line for each.
fn rotate_twice(flags: &[&str]) {
    let daemon = Daemon::folder();
    let address = start(&daemon, flags).address();
    let read = |name: &str| fs::read_to_string(daemon.path(name)).unwrap_or_default();
    for rotation in 1..=3 {
        let mut peer = Peer::dial(&address);
        peer.send("QUIT");
        let _ = peer.read_to_end();
        wait_until("the end is logged", || ends(&read("log/wacd.log")) == 1);
        if rotation < 3 {
            rotate(&daemon);
            wait_until("the log is there again", || {
                daemon.path("log/wacd.log").exists()
            });
        }
    }
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let oldest = Said::of(Command::new("zcat").arg(daemon.path("log/wacd.log.2.gz")));
    let logs = [oldest.text, read("log/wacd.log.1"), read("log/wacd.log")];
    assert_eq!(logs.each_ref().map(|log| ends(log)), [1, 1, 1], "{logs:#?}");
}

#[test]
fn logrotate_moves_the_log_of_a_running_server() {
    rotate_twice(&[]);
}

#[test]
fn logrotate_moves_the_log_of_a_server_that_serves_as_another_user() {
    if is_root() {
        rotate_twice(&AS_NOBODY);
    }
}

#[test]
fn logrotate_has_no_trouble_with_a_server_that_is_gone() {
    let daemon = Daemon::folder();
    rotate(&daemon);
    fs::create_dir(daemon.path("log")).expect("a folder can be made");
    fs::write(daemon.path("log/wacd.log"), "the last line\n").expect("a file can be written");
    // This very process holds no lock on it, and would not survive the signal.
    let pid = std::process::id();
    fs::write(daemon.path("wacd.pid"), format!("{pid}\n")).expect("a file can be written");
    rotate(&daemon);
    assert!(daemon.path("log/wacd.log.1").exists());
}
