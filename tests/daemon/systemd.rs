//! systemd: what the server tells a service manager, here a socket that a test reads.

use std::fs;
use std::io::{Error, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use tempfile::TempDir;
use wac_tests::{DEADLINE, Said, Server, Setup, Signal, binary};

/// A stand-in service manager.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Manager {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        Manager { folder, socket }
    }

    fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("a path of text").to_owned()
    }

    fn setup(&self) -> Setup {
        Server::setup().env("NOTIFY_SOCKET", &self.path("notify"))
    }

    /// Starts a server that is told to give a sign of life every 0.4 s.
    fn start(&self) -> Server {
        self.setup()
            .env("WATCHDOG_USEC", "400000")
            .with("--shards", "2")
            .start()
    }

    /// Starts a server with a configuration file.
    fn start_configured(&self, text: &str) -> Server {
        self.configure(text);
        self.setup()
            .env("WACD_CONFIG", &self.path("wacd.toml"))
            .with("--pid-file", &self.path("wacd.pid"))
            .with("--log-file", &self.path("wacd.log"))
            .start()
    }

    fn configure(&self, text: &str) {
        fs::write(self.path("wacd.toml"), text).expect("a file can be written");
    }

    fn reload(&self) -> Said {
        let mut command = Command::new(binary("wacd"));
        Said::of(command.args(["reload", "--pid-file", &self.path("wacd.pid")]))
    }

    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        // The end of a child process can interrupt a read that has a deadline.
        let received = std::iter::repeat_with(|| self.socket.recv(&mut bytes))
            .find(|it| it.as_ref().err().map(Error::kind) != Some(ErrorKind::Interrupted));
        let length = received.expect("it repeats").expect("a report in time");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, what: &str) -> String {
        loop {
            let report = self.next();
            if report.contains(what) {
                return report;
            }
        }
    }

    /// Counts the signs of life that wait to be read.
    fn signs_of_life(&self) -> usize {
        self.socket.set_nonblocking(true).expect("a socket");
        let mut bytes = [0; 4096];
        let waiting = std::iter::from_fn(|| self.socket.recv(&mut bytes).ok()).count();
        self.socket.set_nonblocking(false).expect("a socket");
        waiting
    }
}

/// A thread that stands still until this value is dropped.
pub(crate) struct Held(Pid);

impl Held {
    pub(crate) fn shard(server: &Server, name: &str) -> Held {
        let shard = shard(server, name);
        ptrace::attach(shard).expect("a child may be traced");
        waitpid(shard, Some(WaitPidFlag::__WALL)).expect("it stops");
        Held(shard)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Without this, a failing test would wait for its server for ever.
        let _ = ptrace::detach(self.0, None);
    }
}

/// Returns the thread of a shard.
fn shard(server: &Server, name: &str) -> Pid {
    let tasks = format!("/proc/{}/task", server.pid());
    fs::read_dir(tasks)
        .expect("threads")
        .map(|task| task.expect("a thread").path())
        .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name))
        .and_then(|task| task.file_name()?.to_str()?.parse().ok())
        .map(Pid::from_raw)
        .expect("a shard")
}

#[test]
fn the_service_manager_is_told_of_readiness_people_life_and_the_stop() {
    let manager = Manager::new();
    let server = manager.start();
    let first = manager.next();
    assert_eq!(first, "READY=1\nSTATUS=serving 0 connections\n");
    let _ann = server.user("ann");
    manager.wait_for("STATUS=serving 1 connections\n");
    // An idle server gives signs of life too.
    manager.wait_for("WATCHDOG=1\n");
    manager.wait_for("WATCHDOG=1\n");
    assert_eq!(server.stop().code, Some(0));
    manager.wait_for("STOPPING=1\n");
}

/// Returns the time of the clock that RELOADING=1 is told with, in microseconds.
fn monotonic_usec() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every system has it");
    now.tv_sec() * 1_000_000 + now.tv_nsec() / 1_000
}

#[test]
fn the_service_manager_is_told_of_a_reload_by_command_or_signal() {
    let manager = Manager::new();
    let server = manager.start_configured("room-rate = '1MiB'");
    manager.wait_for("READY=1\n");
    let reloads: [&dyn Fn(); 2] = [&|| server.signal(Signal::SIGHUP), &|| {
        assert_eq!(manager.reload().code, Some(0));
    }];
    for reload in reloads {
        let before = monotonic_usec();
        reload();
        let begun = manager.next();
        let since = begun.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let since: i64 = since
            .and_then(|since| since.trim_end().parse().ok())
            .unwrap_or_else(|| panic!("{begun}"));
        assert!((before..=monotonic_usec()).contains(&since), "{since}");
        assert_eq!(manager.next(), "READY=1\nSTATUS=serving 0 connections\n");
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn the_service_manager_is_told_why_a_reload_was_refused_until_one_is_not() {
    let manager = Manager::new();
    let server = manager.start_configured("");
    manager.wait_for("READY=1\n");
    manager.configure("room-rate = 'much'");
    assert_eq!(manager.reload().code, Some(2));
    manager.wait_for("RELOADING=1\n");
    let refused = manager.next();
    assert!(
        refused.starts_with("READY=1\nSTATUS=reload refused: ") && refused.contains("room-rate"),
        "{refused}"
    );
    manager.configure("");
    assert_eq!(manager.reload().code, Some(0));
    manager.wait_for("RELOADING=1\n");
    assert_eq!(manager.next(), "READY=1\nSTATUS=serving 0 connections\n");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_shard_that_hangs_ends_the_signs_of_life_until_it_goes_on() {
    let manager = Manager::new();
    let server = manager.start();
    // One on each shard: the line of the other one waits for the shard that hangs.
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let held = Held::shard(&server, "shard-0");
    manager.wait_for("WATCHDOG=1\n");
    ann.send("MSG is anyone there?");
    bob.send("MSG is anyone there?");
    server
        .log()
        .wait_for("the hung shard", |line| line.contains("does not come back"));
    // It is reported at the sixth check; the first may have come before the lines.
    let signs = manager.signs_of_life();
    assert!(signs <= 2, "{signs}");
    drop(held);
    manager.wait_for("WATCHDOG=1\n");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_service_manager_that_does_not_read_or_is_gone_holds_nothing_up() {
    let manager = Manager::new();
    let server = manager.start();
    // More than a socket's queue holds (net.unix.max_dgram_qlen).
    let people: Vec<_> = (0..20).map(|_| server.connect()).collect();
    server.log().wait_for("a full queue", |line| {
        line.contains("cannot tell the service manager")
    });
    assert!(manager.signs_of_life() > 0);
    manager.wait_for("WATCHDOG=1\n");
    drop(manager);
    server
        .log()
        .wait_for_count(2, "a socket that is gone", |line| {
            line.contains("cannot tell the service manager")
        });
    let mut ann = server.user("ann");
    ann.silent_until_fence();
    drop(people);
    assert_eq!(server.stop().code, Some(0));
}
