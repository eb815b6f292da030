//! Child processes: programs in the words of the user, which no shell reads.
//!
//! The client blocks the signals that it waits for, and the standard library would have a child inherit
//! that: neither Ctrl-C nor SIGTERM would reach it.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, ErrorKind};
use std::iter;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// Starts a program: its words, and one more. It gets these files as standard input, output and error,
/// and inherits those that are not given.
///
/// # Errors
/// There is no such program, or it cannot be started.
pub(crate) fn spawn(words: &[String], last: &OsStr, files: &[BorrowedFd<'_>]) -> io::Result<Pid> {
    if words.is_empty() {
        return Err(ErrorKind::NotFound.into());
    }
    let words = words.iter().map(OsString::from);
    let words = c_strings(words.chain(iter::once(last.to_owned())))?;
    let variables = c_strings(env::vars_os().map(|(mut variable, value)| {
        variable.push("=");
        variable.push(value);
        variable
    }))?;
    let mut actions = PosixSpawnFileActions::init()?;
    for (number, file) in (0..).zip(files) {
        actions.add_dup2(file.as_raw_fd(), number)?;
    }
    let signals = usual_signals()?;
    Ok(posix_spawnp(
        &words[0], &actions, &signals, &words, &variables,
    )?)
}

/// Waits until a program has ended.
///
/// # Errors
/// It is no child, or has been waited for.
pub(crate) fn wait(pid: Pid) -> io::Result<ExitStatus> {
    loop {
        match waitpid(pid, None)? {
            WaitStatus::Exited(_, code) => return Ok(ExitStatus::from_raw(code << 8)),
            WaitStatus::Signaled(_, signal, _) => return Ok(ExitStatus::from_raw(signal as i32)),
            _ => {}
        }
    }
}

/// No signal is blocked; SIGPIPE, which Rust programs ignore, takes its usual effect.
fn usual_signals() -> io::Result<PosixSpawnAttr> {
    let mut signals = PosixSpawnAttr::init()?;
    signals.set_sigmask(&SigSet::empty())?;
    signals.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    let flags = PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
    signals.set_flags(flags)?;
    Ok(signals)
}

fn c_strings(texts: impl Iterator<Item = OsString>) -> io::Result<Vec<CString>> {
    let texts = texts.map(|text| CString::new(text.into_vec()).map_err(io::Error::from));
    texts.collect()
}
