//! Unix sockets: files that are already at the path, the socket's owner, and its removal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use wac_tests::{Address, Daemon, Peer, Said};

use crate::users::{AS_NOBODY, NOBODY, give_to_nobody, is_root, owner};

fn start(daemon: &Daemon, socket: &Path, flags: &[&str]) -> Said {
    let mut start = daemon.start_command(flags);
    Said::of(start.arg(format!("--listen=unix:{}", socket.display())))
}

#[test]
fn a_regular_file_at_the_path_is_kept_and_the_start_fails() {
    let daemon = Daemon::folder();
    let notes = daemon.path("notes.txt");
    fs::write(&notes, "lunch at noon").expect("a file");
    let refused = start(&daemon, &notes, &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.text.contains("a regular file of that name"),
        "{refused:?}"
    );
    assert_eq!(
        fs::read_to_string(&notes).expect("it is kept"),
        "lunch at noon"
    );
}

#[test]
fn the_socket_belongs_to_the_serving_user_with_the_requested_mode() {
    if !is_root() {
        return;
    }
    for (flags, mode) in [
        (&AS_NOBODY[..], 0o660),
        (&["--user=nobody", "--unix-mode=666"], 0o666),
    ] {
        let daemon = Daemon::folder();
        let socket = daemon.path("wac.sock");
        assert_eq!(start(&daemon, &socket, flags).code, Some(0));
        let permissions = fs::metadata(&socket).expect("it is there").permissions();
        assert_eq!((owner(&socket), permissions.mode() & 0o777), (NOBODY, mode));
        Peer::dial(&Address::Unix(socket)).greeted();
        assert_eq!(daemon.stop(&[]).code, Some(0));
    }
}

#[test]
fn the_socket_is_removed_at_a_clean_end_or_the_log_says_why_not_and_the_next_start_takes_it_over() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let theirs = daemon.path("theirs");
    fs::create_dir(&theirs).expect("a folder");
    give_to_nobody(&theirs);
    let (removed, stays) = (theirs.join("wac.sock"), daemon.path("wac.sock"));
    assert_eq!(start(&daemon, &removed, &AS_NOBODY).code, Some(0));
    assert_eq!(daemon.stop(&[]).code, Some(0));
    assert!(!removed.exists());
    for _ in 0..2 {
        assert_eq!(start(&daemon, &stays, &AS_NOBODY).code, Some(0));
        assert_eq!(daemon.stop(&[]).code, Some(0));
    }
    let log = fs::read_to_string(daemon.path("wacd.log")).expect("there is a log");
    let told = format!(
        "the Unix socket stays; the next start takes it over path={}",
        stays.display()
    );
    assert_eq!(log.matches(&told).count(), 2, "{log}");
}

#[test]
fn an_ending_server_leaves_a_socket_that_took_over_its_path() {
    let (first, second) = (Daemon::folder(), Daemon::folder());
    let socket = first.path("wac.sock");
    assert_eq!(start(&first, &socket, &[]).code, Some(0));
    fs::remove_file(&socket).expect("somebody removes it");
    assert_eq!(start(&second, &socket, &[]).code, Some(0));
    assert_eq!(first.stop(&[]).code, Some(0));
    Peer::dial(&Address::Unix(socket)).greeted();
}
