//! Facts about a running process from `/proc`.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Said, Server, Signal, wait_until};

impl Server {
    /// Runs an action while the process is stopped: everything sent meanwhile reaches it at
    /// once.
    ///
    /// # Panics
    ///
    /// If it can't be stopped.
    pub fn while_stopped(&self, work: impl FnOnce()) {
        self.signal(Signal::SIGSTOP);
        wait_until_still(self.pid());
        work();
        self.signal(Signal::SIGCONT);
    }

    /// Returns the memory the process holds now, in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        resident_bytes(self.pid())
    }

    /// Returns the most memory the process has held since it started, in bytes.
    #[must_use]
    pub fn peak_resident_bytes(&self) -> usize {
        self.status_number("status", "VmHWM:") * 1024
    }

    /// Counts open files and sockets.
    #[must_use]
    pub fn open_descriptors(&self) -> usize {
        self.entries("fd").count()
    }

    /// Returns the CPU time that the process has used, in hundredths of a second.
    ///
    /// # Panics
    ///
    /// If it does not run.
    #[must_use]
    pub fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(self.proc("stat")).expect("the process runs");
        let (_, fields) = stat.rsplit_once(')').expect("its name stands in brackets");
        let fields = fields.split_whitespace().skip(11).take(2);
        fields
            .map(|ticks| ticks.parse::<u64>().expect("ticks are a number"))
            .sum()
    }

    /// Counts how often threads of the process went to sleep voluntarily: once for each wake-up.
    #[must_use]
    pub fn voluntary_switches(&self) -> usize {
        self.entries("task")
            .map(|thread| {
                self.status_number(&format!("task/{thread}/status"), "voluntary_ctxt_switches:")
            })
            .sum()
    }

    fn entries(&self, folder: &str) -> impl Iterator<Item = String> {
        let entries =
            fs::read_dir(self.proc(folder)).expect("a running process has its folders in /proc");
        entries.map(|entry| {
            entry
                .expect("/proc can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
    }

    fn status_number(&self, file: &str, key: &str) -> usize {
        number(&self.proc(file), key)
    }

    fn proc(&self, file: &str) -> PathBuf {
        proc(self.pid(), file)
    }
}

/// Sets a limit of a running process, written as prlimit(1) takes it: `--nofile=40:20000`.
///
/// # Panics
///
/// If it can't be set.
#[track_caller]
pub fn limit(pid: u32, limit: &str) {
    let mut prlimit = Command::new("prlimit");
    let said = Said::of(prlimit.args(["--pid", &pid.to_string(), limit]));
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// Returns the memory that a running process holds now, in bytes.
///
/// # Panics
///
/// If there is no such process.
#[must_use]
pub fn resident_bytes(pid: u32) -> usize {
    number(&proc(pid, "status"), "VmRSS:") * 1024
}

/// Returns the addresses that a running process has mapped, in bytes.
///
/// # Panics
///
/// If there is no such process.
#[must_use]
pub fn mapped_bytes(pid: u32) -> usize {
    number(&proc(pid, "status"), "VmSize:") * 1024
}

fn proc(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

fn number(file: &Path, key: &str) -> usize {
    let status = fs::read_to_string(file).expect("a running process has its status in /proc");
    let number = status.lines().find_map(|line| {
        line.strip_prefix(key)?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    number.unwrap_or_else(|| panic!("{} has no {key}", file.display()))
}

/// Waits until every thread of a process that was sent SIGSTOP stands still.
#[track_caller]
pub(crate) fn wait_until_still(pid: u32) {
    let stands_still = |thread: io::Result<DirEntry>| {
        let status = thread.and_then(|it| fs::read_to_string(it.path().join("status")));
        status.is_ok_and(|status| status.contains("State:\tT"))
    };
    wait_until("every thread to stand still", || {
        let mut threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
        threads.all(stands_still)
    });
}
