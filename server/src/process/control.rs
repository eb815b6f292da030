//! Control of a running server: stopping it, and telling whether it runs.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::process::pidfile::{Holder, LastWord};

/// The outcome of stopping a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// No server was running.
    NotRunning,
    /// The server has stopped.
    Gone {
        /// Its process id.
        pid: i32,
        /// Its report; `None` if it left none, because it was killed.
        last_word: Option<LastWord>,
    },
    /// The server still runs.
    StillRunning {
        /// Its process id.
        pid: i32,
    },
}

/// Returns the process id of the server that holds a pidfile.
///
/// # Errors
/// If the file can't be read or its lock can't be queried.
pub fn status(pid_file: &Path) -> io::Result<Option<i32>> {
    Ok(Holder::of(pid_file)?.map(|holder| holder.pid))
}

/// Stops the server that holds a pidfile and waits until it is gone. No other process is ever
/// signalled: a handle pins the process, and the lock is then checked again.
///
/// # Errors
/// If the file's holder can't be determined, or may not be signalled.
pub fn stop(pid_file: &Path, timeout: Duration) -> io::Result<Stopped> {
    let Some(mut holder) = Holder::of(pid_file)? else {
        return Ok(Stopped::NotRunning);
    };
    let pid = holder.pid;
    let raw =
        Pid::from_raw(pid).ok_or_else(|| io::Error::other("the pidfile holds no process id"))?;
    let process = pidfd_open(raw, PidfdFlags::empty())?;
    if !holder.still_holds() {
        return Ok(Stopped::NotRunning);
    }
    pidfd_send_signal(&process, Signal::TERM).map_err(|error| match error {
        Errno::PERM => io::Error::other(format!(
            "process {pid} is running but belongs to another user; only that user and root may stop it"
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
