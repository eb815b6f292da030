//! Removed folders: a running server makes those of its pidfile and its log again.

use std::fs;
use std::path::Path;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Daemon, Peer, Signal, converse, wait_until};

/// Takes the folder of log, pidfile and control socket away from a running daemon, in which people chat on.
fn survives(take_away: impl Fn(&Path)) {
    let daemon = Daemon::folder();
    let address = daemon
        .start(&["--flood-rate", "0", "--notices", "off"])
        .address();
    let pid = daemon.pid();
    let [mut ann, mut bob] = ["ann", "bob"].map(|name| Peer::user(&address, name));
    take_away(&daemon.path(""));
    converse(&mut ann, "ann", &mut bob, 0..100, 64);
    kill(Pid::from_raw(pid), Signal::SIGUSR1).expect("it runs");
    wait_until("the log is there again", || {
        daemon.path("wacd.log").exists() && daemon.log().contains("log reopened")
    });
    wait_for_pidfile(&daemon, pid);
    converse(&mut ann, "ann", &mut bob, 100..200, 64);
    assert_eq!(daemon.stop(&[]).code, Some(0));
    assert!(!daemon.path("wacd.pid").exists());
}

fn wait_for_pidfile(daemon: &Daemon, pid: i32) {
    wait_until("the pidfile is there again", || {
        let text = fs::read_to_string(daemon.path("wacd.pid"));
        text.is_ok_and(|text| text.trim() == pid.to_string())
    });
}

#[test]
fn the_folder_of_log_and_pidfile_may_be_removed() {
    survives(|folder| fs::remove_dir_all(folder).expect("it can be removed"));
}

#[test]
fn the_folder_of_log_and_pidfile_may_be_moved_away() {
    let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
    let to = elsewhere.path().join("moved");
    survives(|folder| fs::rename(folder, &to).expect("it can be moved"));
    assert!(to.join("wacd.log").exists());
    assert!(!to.join("wacd.pid").exists(), "a stale one is left");
}

#[test]
fn a_pidfile_that_cannot_be_recreated_is_recreated_once_it_can() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let pid = daemon.pid();
    fs::remove_file(daemon.path("wacd.pid")).expect("somebody removes it");
    // Something is in its place that is no pidfile.
    fs::create_dir(daemon.path("wacd.pid")).expect("a folder can be made");
    wait_until("the log says so", || {
        daemon
            .log()
            .contains("`wacd stop` does not find this server")
    });
    fs::remove_dir(daemon.path("wacd.pid")).expect("it is empty");
    wait_for_pidfile(&daemon, pid);
    assert_eq!(daemon.stop(&[]).code, Some(0));
}
