//! Log rotation: no line is lost under load.

use std::collections::BTreeSet;
use std::fs;

use wac_tests::{Daemon, Peer, Signal, wait_until};

const ROTATIONS: usize = 5;
const CONNECTIONS: usize = 100;

/// Returns the session ids in a log file, from the lines about a session's end.
fn ended(daemon: &Daemon, name: &str) -> Vec<u64> {
    let log = fs::read_to_string(daemon.path(name)).expect("there is a log");
    let ids = log
        .lines()
        .filter(|line| line.contains("session ended"))
        .filter_map(|line| line.split_once("session.id="));
    ids.map(|(_, rest)| {
        rest.split(' ')
            .next()
            .and_then(|id| id.parse().ok())
            .expect("a number")
    })
    .collect()
}

#[test]
fn a_log_reopened_under_load_loses_no_line() {
    let daemon = Daemon::folder();
    let address = daemon.start(&[]).address();
    let load = std::thread::spawn(move || {
        // Users: of so many visitors only a sample is logged.
        for number in 0..CONNECTIONS * ROTATIONS {
            let mut peer = Peer::dial(&address);
            peer.send(&format!("LIN user-{number}\nQUIT"));
            let _ = peer.read_to_end();
        }
    });
    let names: Vec<String> = (0..ROTATIONS).map(|n| format!("wacd.log.{n}")).collect();
    let signals = [Signal::SIGUSR1, Signal::SIGHUP].into_iter().cycle();
    for (name, signal) in names.iter().zip(signals) {
        wait_until("something has been logged", || {
            !ended(&daemon, "wacd.log").is_empty()
        });
        fs::rename(daemon.path("wacd.log"), daemon.path(name)).expect("a log can be moved");
        daemon.signal(signal);
        wait_until("the log is there again", || {
            daemon.path("wacd.log").exists()
        });
        if load.is_finished() {
            break;
        }
    }
    load.join().expect("everybody came and went");
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let files = names.iter().map(String::as_str).chain(["wacd.log"]);
    let kept: Vec<u64> = files
        .filter(|name| daemon.path(name).exists())
        .flat_map(|name| ended(&daemon, name))
        .collect();
    assert_eq!(
        kept.len(),
        CONNECTIONS * ROTATIONS,
        "a line for each session"
    );
    let each: BTreeSet<u64> = kept.iter().copied().collect();
    assert_eq!(each.len(), kept.len(), "none twice");
    assert!(daemon.path("wacd.log.0").exists());
}

#[test]
fn a_daemons_standard_error_follows_the_log() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    fs::rename(daemon.path("wacd.log"), daemon.path("moved")).expect("a log can be moved");
    daemon.signal(Signal::SIGUSR1);
    let log = fs::canonicalize(daemon.path(""))
        .expect("a folder")
        .join("wacd.log");
    wait_until("standard error leads to the new log", || {
        fs::read_link(format!("/proc/{}/fd/2", daemon.pid())).is_ok_and(|to| to == log)
    });
}
