//! Signals: one reaches a starting server as well as a serving one, whatever mask it inherited.

use std::process::{Child, Command, Stdio};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Daemon, Said, Signal, binary, wait_until};

const ROUNDS: usize = 20;

fn wacd(daemon: &Daemon, mut command: Command) -> Command {
    let socket = daemon.path("wac.sock");
    command
        .args(["--listen", "127.0.0.1:0"])
        .arg(format!("--listen=unix:{}", socket.display()))
        .arg("--pid-file")
        .arg(daemon.path("wacd.pid"))
        .arg("--log-file")
        .arg(daemon.path("wacd.log"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).expect("process ids are small");
    kill(Pid::from_raw(pid), signal).expect("a child that was not waited for can be signalled");
}

fn nothing_is_left(daemon: &Daemon) {
    for name in ["wacd.pid", "wac.sock"] {
        assert!(!daemon.path(name).exists(), "{name}");
    }
}

#[test]
fn a_stop_during_the_start_ends_cleanly_and_leaves_nothing() {
    for _ in 0..ROUNDS {
        let daemon = Daemon::folder();
        let mut child = wacd(&daemon, Command::new(binary("wacd")))
            .spawn()
            .expect("it can be run");
        while !daemon.path("wacd.pid").exists() {
            std::thread::yield_now();
        }
        send(&child, Signal::SIGTERM);
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        nothing_is_left(&daemon);
    }
}

#[test]
fn a_daemon_stopped_during_the_start_serves_or_leaves_nothing() {
    for _ in 0..ROUNDS {
        let daemon = Daemon::folder();
        let mut command = Command::new(binary("wacd"));
        command.arg("--daemon");
        let mut child = wacd(&daemon, command).spawn().expect("it can be run");
        while !daemon.path("wacd.pid").exists() {
            std::thread::yield_now();
        }
        send(&child, Signal::SIGTERM);
        match child.wait().expect("it ends").code() {
            Some(0) => assert_eq!(daemon.stop(&[]).code, Some(0)),
            code => assert_eq!(code, Some(1)),
        }
        wait_until("it is gone", || daemon.status().code == Some(3));
        nothing_is_left(&daemon);
    }
}

/// Runs the server with signals blocked, through `env`, as some supervisors do.
fn with_signals_blocked(daemon: &Daemon) -> Child {
    let mut env = Command::new("env");
    env.arg("--block-signal=TERM,INT").arg(binary("wacd"));
    let child = wacd(daemon, env).spawn().expect("env can be run");
    wait_until("it serves", || daemon.status().code == Some(0));
    child
}

#[test]
fn inherited_blocked_signals_still_stop_the_server() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let daemon = Daemon::folder();
        let mut child = with_signals_blocked(&daemon);
        send(&child, signal);
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{signal}");
    }
}

#[test]
fn a_signal_from_before_the_first_line_stops_the_server() {
    let daemon = Daemon::folder();
    let mut env = Command::new("env");
    env.args([
        "--block-signal=TERM",
        "sh",
        "-c",
        "kill -TERM $$; exec \"$@\"",
        "sh",
    ]);
    env.arg(binary("wacd"));
    let stopped = Said::of(&mut wacd(&daemon, env));
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    nothing_is_left(&daemon);
}
