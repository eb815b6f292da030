//! Links and folders of the serving user, which lead root nowhere.

use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use wac_tests::{Daemon, Said, Signal, binary, wait_until};

use crate::users::{AS_NOBODY, NOBODY, give_to_nobody, is_root, owner};

/// A file owned by root, and a link to it in a folder of the user `nobody`.
fn trap(daemon: &Daemon) -> (PathBuf, PathBuf) {
    let (target, folder) = (daemon.path("passwd"), daemon.path("theirs"));
    fs::write(&target, "").expect("a file of root's");
    fs::create_dir(&folder).expect("a folder");
    give_to_nobody(&folder);
    let link = folder.join("link");
    symlink(&target, &link).expect("a link");
    lchown(&link, Some(NOBODY), Some(NOBODY)).expect("root may");
    (target, link)
}

/// Starts the daemon as the user `nobody`, with these files.
fn start(log: &Path, pid_file: &Path) -> Said {
    let mut start = Command::new(binary("wacd"));
    start
        .args(["--daemon", "--listen", "127.0.0.1:0"])
        .args(AS_NOBODY);
    start
        .arg("--log-file")
        .arg(log)
        .arg("--pid-file")
        .arg(pid_file);
    Said::of(&mut start)
}

#[test]
fn a_link_in_the_place_of_the_log_or_the_pidfile_is_refused_and_its_target_stays_roots() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let (target, link) = trap(&daemon);
    for (log, pid_file) in [
        (&link, &daemon.path("wacd.pid")),
        (&daemon.path("wacd.log"), &link),
    ] {
        let refused = start(log, pid_file);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.text.contains("it is a link"), "{refused:?}");
        assert_eq!((owner(&target), owner(&link)), (0, NOBODY));
    }
}

#[test]
fn a_link_of_the_serving_user_in_the_path_is_refused() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let (target, link) = trap(&daemon);
    let way = link.with_file_name("way");
    symlink(daemon.path(""), &way).expect("a link");
    lchown(&way, Some(NOBODY), Some(NOBODY)).expect("root may");
    let log = way.join("wacd.log");
    let refused = start(&log, &daemon.path("wacd.pid"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.text.contains("belongs to user"), "{refused:?}");
    assert!(!target.with_file_name("wacd.log").exists());
}

#[test]
fn an_existing_device_or_folder_is_not_given_away() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let (device, folder) = (daemon.path("null"), daemon.path("wacd"));
    fs::create_dir(&folder).expect("a folder");
    let made = Command::new("mknod")
        .arg(&device)
        .args(["-m", "666", "c", "1", "3"])
        .status();
    if !made.is_ok_and(|made| made.success()) {
        return; // A container may not create devices.
    }
    for log in [device.clone(), folder.join("wacd.log")] {
        let started = start(&log, &daemon.path("wacd.pid"));
        assert_eq!(started.code, Some(0), "{started:?}");
        assert_eq!(daemon.stop(&[]).code, Some(0));
    }
    assert_eq!((owner(&device), owner(&folder)), (0, 0));
    assert_eq!(owner(&folder.join("wacd.log")), NOBODY);
}

#[test]
fn a_log_that_the_user_cannot_write_fails_the_start_not_the_first_rotation() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    fs::write(daemon.path("wacd.log"), "").expect("a log of root's");
    let refused = daemon.start(&AS_NOBODY);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.text.contains("as nobody"), "{refused:?}");
    assert!(
        refused.text.contains("hint: chown it to nobody"),
        "{refused:?}"
    );
    assert_eq!(owner(&daemon.path("wacd.log")), 0);
}

#[test]
fn the_serving_user_can_rotate_and_restart_in_a_folder_created_by_the_start() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let log = daemon.path("made/here/wacd.log");
    for _ in 0..2 {
        let started = start(&log, &daemon.path("wacd.pid"));
        assert_eq!(started.code, Some(0), "{started:?}");
        fs::rename(&log, log.with_extension("1")).expect("a log can be moved");
        daemon.signal(Signal::SIGUSR1);
        wait_until("the log is there again", || log.exists());
        assert_eq!(daemon.stop(&[]).code, Some(0));
    }
    assert_eq!(
        (
            owner(&daemon.path("made")),
            owner(&daemon.path("made/here"))
        ),
        (0, NOBODY)
    );
}
