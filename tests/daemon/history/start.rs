//! Starts: what keeps a server from using a history, and what it says to do about it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use wac_tests::{Daemon, Said, Setup, Stopped};

use super::{Kept, kill, mark};
use crate::users::{AS_NOBODY, NOBODY, is_root};

/// Expects a start to fail, for a reason and with advice.
#[track_caller]
fn refused(setup: &Setup, why: &str, advice: &str) {
    let Stopped { code, log } = setup.refused();
    let said = log.join("\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(why) && said.contains(advice), "{said}");
}

#[test]
fn of_two_servers_with_one_history_the_second_does_not_start() {
    let kept = Kept::new();
    let server = kept.start();
    refused(
        &kept.setup(),
        "is that of a server that runs",
        "hint: stop that server, or choose another --history",
    );
    mark(&mut server.user("ann"));
    kill(server);
    mark(&mut kept.start().user("ann"));
}

#[test]
fn a_check_says_that_a_server_uses_the_history() {
    let kept = Kept::new();
    let note = "the history in";
    let check = || {
        let mut check = std::process::Command::new(wac_tests::binary("wacd"));
        check.env("WACD_CONFIG", "/dev/null").arg("check");
        let said = Said::of(check.arg("--history").arg(kept.path()));
        assert_eq!(said.code, Some(0), "{said:?}");
        said.text.contains(note)
    };
    assert!(!check() && !kept.path().exists());
    let server = kept.start();
    assert!(check());
    kill(server);
    assert!(!check());
}

#[test]
fn a_file_in_the_folder_that_cant_be_used_is_named() {
    let kept = Kept::new();
    kill(kept.start());
    let file = kept.newest();
    let elsewhere = kept.0.path().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("a file");
    std::os::unix::fs::symlink(&elsewhere, &file).expect("a link");
    refused(
        &kept.setup(),
        "history: history-00000000000000000000.txt: it is a link",
        "",
    );
    // As good as a full disk.
    fs::remove_file(&file).expect("a link");
    std::os::unix::fs::symlink("/dev/full", &file).expect("a link");
    refused(
        &kept.setup(),
        "history-00000000000000000000.txt: it is a link",
        "",
    );
}

#[test]
fn the_history_of_a_newer_version_is_left_alone() {
    let kept = Kept::new();
    fs::create_dir(kept.path()).expect("a folder");
    let file = kept.path().join("history-00000000000000000007.txt");
    let text = "WAC history 2, of things to come\r\n";
    fs::write(&file, text).expect("a file");
    refused(
        &kept.setup(),
        "history-00000000000000000007.txt was written by a newer wacd",
        "hint: start that version",
    );
    assert_eq!(fs::read_to_string(file).expect("it is there"), text);
}

#[test]
fn the_status_of_a_daemon_says_where_its_history_is_and_whether_it_is_written() {
    let daemon = Daemon::folder();
    let path = daemon.path("history");
    let path = path.to_str().expect("a path of text");
    assert_eq!(daemon.start(&["--history", path]).code, Some(0));
    let status = daemon.status().text;
    let line = format!("history          {path}, written");
    assert!(status.lines().any(|it| it == line), "{status}");
    assert_eq!(daemon.stop(&[]).code, Some(0));
}

#[test]
fn files_of_others_in_the_folder_are_left_alone() {
    let kept = Kept::new();
    fs::create_dir(kept.path()).expect("a folder");
    let names = [
        "notes.txt",
        "history-7.txt",
        "history-00000000000000000007.bak",
    ];
    for name in names {
        fs::write(kept.path().join(name), "mine").expect("a file");
    }
    assert_eq!(kept.start().stop().code, Some(0));
    for name in names {
        assert_eq!(
            fs::read_to_string(kept.path().join(name)).expect(name),
            "mine"
        );
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_told_by_a_check() {
    let kept = Kept::new();
    fs::write(kept.path(), "").expect("a file");
    let mut check = std::process::Command::new(wac_tests::binary("wacd"));
    check
        .env("WACD_CONFIG", "/dev/null")
        .arg("check")
        .arg("--history")
        .arg(kept.path());
    let said = Said::of(&mut check);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.text.contains("--history: ") && said.text.contains("is no folder"),
        "{said:?}"
    );
}

#[test]
fn a_folder_on_a_disk_that_is_read_only_is_refused() {
    if !is_root() {
        return;
    }
    let kept = Kept::new();
    kill(kept.start());
    let path = kept.path();
    let path = path.to_str().expect("a path of text");
    let script =
        format!("mount --bind {path} {path} && mount -o remount,ro,bind {path} && exec \"$@\"");
    let read_only = kept
        .setup()
        .through(&["unshare", "--mount", "sh", "-c", &script, "sh"]);
    refused(
        &read_only,
        "cannot use the history in",
        "Read-only file system",
    );
}

#[test]
fn the_folder_is_made_for_the_user_who_serves() {
    if !is_root() {
        return;
    }
    let kept = Kept::new();
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(kept.0.path(), everybody).expect("it is ours");
    let setup = kept.setup().with(AS_NOBODY[0], AS_NOBODY[1]);
    let server = setup.start();
    let before = mark(&mut server.user("ann"));
    for path in [kept.path(), kept.newest()] {
        assert_eq!(fs::metadata(path).expect("it is there").uid(), NOBODY);
    }
    kill(server);
    let server = setup.start();
    let mut ann = server.user("ann");
    assert_eq!(mark(&mut ann), before);
    // Root's own is not that user's.
    let other = Kept::new();
    fs::set_permissions(other.0.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    kill(other.start());
    let advice = "chown it with all that is in it to nobody";
    let theirs = other.setup().with(AS_NOBODY[0], AS_NOBODY[1]);
    refused(&theirs, "as nobody: Permission denied", advice);
    for path in [other.path(), other.path().join("lock")] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
    }
    let why = "as nobody: history-00000000000000000000.txt: Permission denied";
    refused(&theirs, why, advice);
}
