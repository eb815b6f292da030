//! Blocked logs: a log that takes no lines, or no more, holds up nobody; losses are reported.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use nix::libc::O_NONBLOCK;
use wac_tests::{Address, Daemon, Peer, Said, Signal, binary, limit, wait_until};

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo can be run").success());
}

/// Opens a pipe, which this test does not read, and fills it.
fn fill(path: &Path) -> File {
    let mut pipe = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(path)
        .expect("the pipe can be opened");
    while pipe.write(&[b'\n'; 4096]).is_ok() {}
    pipe
}

/// Connects and leaves, so that the end of a session is logged.
fn come_and_go(address: &Address) {
    let mut peer = Peer::dial(address);
    peer.send("QUIT");
    let _ = peer.read_to_end();
}

#[test]
fn a_pipe_that_nobody_reads_fails_the_start() {
    let daemon = Daemon::folder();
    make_pipe(&daemon.path("wacd.log"));
    let refused = daemon.start(&[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.text.contains("a pipe that nobody reads"),
        "{refused:?}"
    );
    assert!(!daemon.path("wacd.pid").exists());
}

#[test]
fn a_full_pipe_delays_no_login_and_no_stop() {
    let daemon = Daemon::folder();
    make_pipe(&daemon.path("wacd.log"));
    let _unread = fill(&daemon.path("wacd.log"));
    let address = daemon.start(&[]).address();
    // More than once: the first line to be written may come after the first signal.
    for _ in 0..10 {
        come_and_go(&address);
        daemon.signal(Signal::SIGUSR1);
        Peer::dial(&address).greeted();
    }
    assert_eq!(daemon.stop(&[]).code, Some(0));
}

#[test]
fn a_full_pipe_can_be_replaced_by_a_file() {
    let daemon = Daemon::folder();
    let log = daemon.path("wacd.log");
    make_pipe(&log);
    let _unread = fill(&log);
    let address = daemon.start(&[]).address();
    come_and_go(&address);
    fs::rename(&log, daemon.path("pipe")).expect("a pipe can be moved");
    daemon.signal(Signal::SIGUSR1);
    wait_until("the line that waited is in the file", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("reason=Quit"))
    });
    assert_eq!(daemon.stop(&[]).code, Some(0));
}

#[test]
fn a_full_standard_error_delays_no_login_and_no_stop() {
    let daemon = Daemon::folder();
    make_pipe(&daemon.path("stderr"));
    let _unread = fill(&daemon.path("stderr"));
    let stderr = OpenOptions::new().write(true).open(daemon.path("stderr"));
    let socket = daemon.path("wac.sock");
    let mut child = Command::new(binary("wacd"))
        .arg(format!("--listen=unix:{}", socket.display()))
        .arg("--pid-file")
        .arg(daemon.path("wacd.pid"))
        .stderr(stderr.expect("the pipe has a reader"))
        .spawn()
        .expect("it can be run");
    wait_until("it listens", || daemon.status().code == Some(0));
    Peer::dial(&Address::Unix(socket)).greeted();
    daemon.signal(Signal::SIGTERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// Uses a limit on file sizes in place of a full disk.
#[test]
fn lost_log_lines_are_counted_and_reported_once_there_is_room() {
    const SESSIONS: usize = 100;
    let daemon = Daemon::folder();
    let log = daemon.path("wacd.log");
    let mut start = Command::new("prlimit");
    start
        .arg("--fsize=4096:unlimited")
        .arg(binary("wacd"))
        .args(["--daemon", "--listen", "127.0.0.1:0", "--pid-file"])
        .arg(daemon.path("wacd.pid"))
        .arg("--log-file")
        .arg(&log);
    let address = Said::of(&mut start).address();
    for _ in 0..SESSIONS {
        come_and_go(&address);
    }
    fs::rename(&log, daemon.path("full")).expect("a log can be moved");
    daemon.signal(Signal::SIGUSR1);
    wait_until("the log is there again", || log.exists());
    // A writer that had no time until now has more to write than the limit allows in the new file, too.
    limit(daemon.pid().unsigned_abs(), "--fsize=unlimited");
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let ends = |text: &str| {
        text.lines()
            .filter(|line| line.contains("reason=Quit"))
            .count()
    };
    let full = fs::read_to_string(daemon.path("full")).expect("it was moved");
    let after = fs::read_to_string(&log).expect("it was reopened");
    let told = after.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" WARN ")?;
        rest.strip_suffix(" log lines were lost")?
            .parse::<usize>()
            .ok()
    });
    // The last line of the full file may be cut anywhere.
    let whole = full.rfind('\n').map_or("", |end| &full[..end]);
    assert_eq!(
        ends(whole) + ends(&after) + told.sum::<usize>(),
        SESSIONS,
        "{full}\nand after it:\n{after}"
    );
}
