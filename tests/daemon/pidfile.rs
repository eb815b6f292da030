//! Pidfile: every query gets a true answer, and no other user can prevent a start.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::Command;

use wac_tests::{Daemon, Said, binary, wait_until};

use crate::users::{AS_NOBODY, NOBODY, is_root};

fn as_nobody(daemon: &Daemon, verb: &str) -> Said {
    let mut command = Command::new(binary("wacd"));
    command.uid(NOBODY).gid(NOBODY).arg(verb);
    Said::of(command.arg("--pid-file").arg(daemon.path("wacd.pid")))
}

#[test]
fn another_user_sees_that_the_server_runs_and_cannot_stop_it() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let running = as_nobody(&daemon, "status");
    assert_eq!(running.code, Some(0), "{running:?}");
    assert!(
        running.text.contains(&format!("process {}", daemon.pid())),
        "{running:?}"
    );
    let refused = as_nobody(&daemon, "stop");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.text.contains("belongs to another user"),
        "{refused:?}"
    );
    assert_eq!(daemon.status().code, Some(0));
}

#[test]
fn the_serving_user_may_query_and_stop() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&AS_NOBODY).code, Some(0));
    assert_eq!(as_nobody(&daemon, "status").code, Some(0));
    let stopped = as_nobody(&daemon, "stop");
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert!(stopped.text.contains("0 were cut short"), "{stopped:?}");
}

#[test]
fn a_readers_lock_prevents_no_start() {
    let daemon = Daemon::folder();
    fs::write(daemon.path("wacd.pid"), "1\n").expect("a stale pidfile");
    let reader = File::open(daemon.path("wacd.pid")).expect("anybody may read it");
    reader.lock().expect("anybody may lock it");
    let started = daemon.start(&[]);
    assert_eq!(started.code, Some(0), "{started:?}");
}

#[test]
fn a_file_named_by_mistake_is_kept() {
    let daemon = Daemon::folder();
    fs::write(daemon.path("wacd.pid"), "lunch at noon\n").expect("a file");
    let refused = daemon.start(&[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.text.contains("--pid-file"), "{refused:?}");
    let kept = fs::read_to_string(daemon.path("wacd.pid")).expect("it is kept");
    assert_eq!(kept, "lunch at noon\n");
}

#[test]
fn a_removed_pidfile_is_recreated_and_until_then_the_control_socket_tells_that_the_server_runs() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let pid = daemon.pid();
    fs::remove_file(daemon.path("wacd.pid")).expect("somebody removes it");
    let asked = daemon.status();
    assert_eq!(asked.code, Some(0), "{asked:?}");
    wait_until("it is there again", || daemon.path("wacd.pid").exists());
    assert_eq!(daemon.pid(), pid);
    assert_eq!(daemon.stop(&[]).code, Some(0));
    assert!(!daemon.path("wacd.pid").exists());
}
