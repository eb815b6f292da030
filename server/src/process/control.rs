//! What is done about a server that runs: stop it, or say whether it does.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::process::pidfile::{Holder, LastWord};

/// How stopping a server went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// There was none.
    NotRunning,
    /// It has stopped, and left word.
    Gone {
        /// Its number.
        pid: i32,
        /// `None`: it left no word, so it was killed.
        last_word: Option<LastWord>,
    },
    /// It still runs.
    StillRunning {
        /// Its number.
        pid: i32,
    },
}

/// Returns the number of the server that holds a pidfile.
///
/// # Errors
/// If that can't be told.
pub fn status(pid_file: &Path) -> io::Result<Option<i32>> {
    Ok(Holder::of(pid_file)?.map(|holder| holder.pid))
}

/// Stops the server that holds a pidfile and waits until it is gone. No other process is ever
/// signalled: the process is pinned first, and looked at again.
///
/// # Errors
/// If it can't be told who holds the file, or the system lets it not be signalled.
pub fn stop(pid_file: &Path, timeout: Duration) -> io::Result<Stopped> {
    let Some(mut holder) = Holder::of(pid_file)? else {
        return Ok(Stopped::NotRunning);
    };
    let pid = holder.pid;
    let raw = Pid::from_raw(pid)
        .ok_or_else(|| io::Error::other("the pidfile has no process's number"))?;
    let process = pidfd_open(raw, PidfdFlags::empty())?;
    if !holder.still_holds() {
        return Ok(Stopped::NotRunning);
    }
    pidfd_send_signal(&process, Signal::TERM).map_err(|error| match error {
        Errno::PERM => io::Error::other(format!(
            "process {pid}, which runs, belongs to another user: only that one and root may stop it"
        )),
        error => error.into(),
    })?;
    let mut gone = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
    if poll(&mut gone, timeout)? == 0 {
        return Ok(Stopped::StillRunning { pid });
    }
    Ok(Stopped::Gone {
        pid,
        last_word: holder.last_word(),
    })
}
