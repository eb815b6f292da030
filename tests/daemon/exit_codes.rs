//! Exit codes: each tells the outcome, even if no message can be written, and none comes from a panic.

use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Stdio};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Daemon, Said, Signal, binary, wait_until};

fn full() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it")
        .into()
}

fn verb(daemon: &Daemon, verb: &str) -> Command {
    let mut command = Command::new(binary("wacd"));
    command
        .arg(verb)
        .arg("--pid-file")
        .arg(daemon.path("wacd.pid"));
    command
}

#[test]
fn a_server_whose_standard_error_is_full_serves_and_stops() {
    let daemon = Daemon::folder();
    let mut child = Command::new(binary("wacd"))
        .args(["--listen", "127.0.0.1:0", "--pid-file"])
        .arg(daemon.path("wacd.pid"))
        .stderr(full())
        .spawn()
        .expect("it can be run");
    wait_until("it serves or has ended", || {
        daemon.status().code == Some(0) || matches!(child.try_wait(), Ok(Some(_)))
    });
    let pid = i32::try_from(child.id()).expect("process ids are small");
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it was not waited for");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_failed_start_has_its_exit_code_even_if_nothing_can_be_printed() {
    let daemon = Daemon::folder();
    let status = daemon
        .start_command(&["--window", "1KiB"])
        .stderr(full())
        .status();
    assert_eq!(status.expect("it can be run").code(), Some(2));
}

#[test]
fn status_and_stop_have_their_exit_codes_even_if_nothing_can_be_printed() {
    let daemon = Daemon::folder();
    let status = || {
        verb(&daemon, "status")
            .stdout(full())
            .status()
            .expect("it ran")
            .code()
    };
    assert_eq!(status(), Some(3));
    assert_eq!(daemon.start(&[]).code, Some(0));
    assert_eq!(status(), Some(0));
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let stopped = verb(&daemon, "stop").stdout(writer).status();
    assert_eq!(stopped.expect("it ran").code(), Some(0));
}

#[test]
fn a_start_with_too_few_open_files_says_so() {
    for files in 4..=12 {
        let mut start = Command::new("prlimit");
        start
            .arg(format!("--nofile={files}:{files}"))
            .arg(binary("wacd"));
        let refused = Said::of(start.args(["--listen", "127.0.0.1:0", "--shards", "1"]));
        assert_eq!(refused.code, Some(2), "{files}: {refused:?}");
        let told = format!("the limit of open files is {files}");
        assert!(refused.text.contains(&told), "{refused:?}");
    }
}
