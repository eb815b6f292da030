//! Signals: one reaches a starting server as well as a serving one, whatever mask it inherited.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::kill;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use wac_tests::{Daemon, Said, Signal, binary, wait_until};

const ROUNDS: usize = 20;
/// Moments of a start at which it is told to stop.
const MOMENTS: usize = 50;

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

/// A start whose first thread stands still before and after each system call.
struct SlowMotion<'a> {
    daemon: &'a Daemon,
    child: Child,
    pid: Pid,
}

impl SlowMotion<'_> {
    fn begin(daemon: &Daemon) -> SlowMotion<'_> {
        let mut shell = Command::new("sh");
        shell.args(["-c", "kill -STOP $$; exec \"$@\"", "sh"]);
        shell.arg(binary("wacd"));
        let said = File::create(daemon.path("said")).expect("a file can be made");
        let mut start = wacd(daemon, shell);
        let child = start.stderr(said).spawn().expect("sh can be run");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("process ids are small"));
        waitpid(pid, Some(WaitPidFlag::WUNTRACED)).expect("it stops itself");
        ptrace::attach(pid).expect("a test may trace its child");
        waitpid(pid, None).expect("it stands still");
        let mut motion = SlowMotion { daemon, child, pid };
        // The shell's own calls.
        while fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sh\n") {
            motion.step();
        }
        motion
    }

    /// Lets it run up to the next begin or end of a system call.
    fn step(&mut self) {
        let mut signal = None;
        loop {
            ptrace::syscall(self.pid, signal).expect("it stands still");
            match waitpid(self.pid, None).expect("it is a child") {
                WaitStatus::Stopped(_, Signal::SIGTRAP) => return,
                // Those that made it stand still in the first place.
                WaitStatus::Stopped(_, Signal::SIGSTOP | Signal::SIGCONT) => signal = None,
                WaitStatus::Stopped(_, other) => signal = Some(other),
                status => panic!("the start ended: {status:?}"),
            }
        }
    }

    /// Takes so many steps, unless it serves before; returns their number.
    fn steps(&mut self, wanted: usize) -> usize {
        let said = self.daemon.path("said");
        let serves = || fs::read_to_string(&said).is_ok_and(|said| said.starts_with("ready "));
        let mut taken = 0;
        while taken < wanted && !serves() {
            self.step();
            taken += 1;
        }
        taken
    }

    /// Sends a signal, and lets it run on; returns its exit code, none if the signal ended it.
    fn end(mut self, signal: Signal) -> Option<i32> {
        send(&self.child, signal);
        ptrace::detach(self.pid, None).expect("it is traced");
        // It has stopped itself, too.
        send(&self.child, Signal::SIGCONT);
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn a_stop_at_any_moment_of_the_start_ends_it_and_leaves_nothing() {
    let daemon = Daemon::folder();
    let mut motion = SlowMotion::begin(&daemon);
    let all = motion.steps(usize::MAX);
    assert_eq!(motion.end(Signal::SIGTERM), Some(0));
    let moments = (0..MOMENTS).map(|moment| all * moment / MOMENTS);
    let ends = moments.map(|moment| {
        let daemon = Daemon::folder();
        let mut motion = SlowMotion::begin(&daemon);
        motion.steps(moment);
        let code = motion.end(Signal::SIGTERM);
        nothing_is_left(&daemon);
        code
    });
    let ends: Vec<Option<i32>> = ends.collect();
    // The signal ends it at once until it holds signals, before it makes anything.
    let held = ends
        .iter()
        .position(Option::is_some)
        .expect("it holds signals");
    assert!(ends[held..].iter().all(|code| *code == Some(0)), "{ends:?}");
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
