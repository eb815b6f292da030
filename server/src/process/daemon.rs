//! Daemonisation: the shell gets its prompt back once the daemon serves, or an error.

use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::process;

use daemonize::{Daemonize, Outcome};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::signals::HeldStops;
use crate::process::terminal::complain;

/// The first byte of the daemon's message that it serves; any other message is an error.
const READY: u8 = b'+';
const ENDED: &str = "wacd: the daemon ended before it served; its log says why";
/// The time after which it is said that a start takes long.
const SOON_MILLIS: u16 = 3000;

/// The recipient of the report that the server serves, or why it does not.
#[derive(Debug)]
pub enum Starter {
    /// The terminal: the server is in the foreground.
    Terminal,
    /// The process that started the daemon, and waits.
    Parent(PipeWriter),
    /// Nobody any more: the report has been sent.
    Reported,
}

impl Starter {
    /// Reports that the server serves.
    pub fn ready(&mut self, line: &str) {
        self.report(&[&[READY], line.as_bytes()].concat(), line);
    }

    /// Reports why the server does not serve, or ended.
    pub fn failed(&mut self, text: &str) {
        self.report(text.as_bytes(), text);
    }

    /// Reports to the parent once; later reports go to standard error, which is the daemon's log.
    fn report(&mut self, word: &[u8], line: &str) {
        match std::mem::replace(self, Self::Reported) {
            Self::Parent(mut parent) => {
                // A parent that was killed needs no report.
                let _ = parent.write_all(word);
            }
            Self::Terminal | Self::Reported => complain(line),
        }
    }
}

/// Goes into the background. Returns only in the daemon: the original process follows
/// the daemon's start, prints what became of it, and exits.
///
/// The process must have one thread. The daemon's standard error goes to `log`.
///
/// # Errors
/// An I/O error if no pipe or process can be created; nothing has been forked then.
pub fn detach(log: Option<File>) -> io::Result<Starter> {
    let (word, mut parent) = io::pipe()?;
    let mut daemonize = Daemonize::new().working_directory("/").umask(0o027);
    if let Some(log) = log {
        daemonize = daemonize.stderr(log);
    }
    match daemonize.execute() {
        Outcome::Parent(forked) => {
            drop(parent);
            let code = match forked {
                Ok(_) => follow(word).unwrap_or_else(|error| {
                    fail(&format!("wacd: cannot follow the daemon's start: {error}"))
                }),
                Err(error) => fail(&format!("wacd: cannot go into the background: {error}")),
            };
            // Destructors must run in the daemon only, which owns the sockets and the pidfile now.
            process::exit(code)
        }
        Outcome::Child(began) => {
            // A parent that was killed needs no report.
            let _ = parent.write_all(&process::id().to_ne_bytes());
            let mut starter = Starter::Parent(parent);
            if let Err(error) = began {
                starter.failed(&format!("wacd: cannot go into the background: {error}"));
                process::exit(1);
            }
            Ok(starter)
        }
    }
}

/// Follows the daemon's start until it serves, ends or is told to stop, and prints what became of it; returns the exit code.
fn follow(mut word: io::PipeReader) -> io::Result<i32> {
    let stops = HeldStops::open()?;
    let mut pid = [0; size_of::<i32>()];
    if word.read_exact(&mut pid).is_err() {
        return Ok(fail(ENDED));
    }
    let daemon = Pid::from_raw(i32::from_ne_bytes(pid));
    let mut said = Vec::new();
    if has_said(&word, &stops)? {
        word.read_to_end(&mut said)?;
    }
    let text = |said: &[u8]| String::from_utf8_lossy(said).into_owned();
    Ok(match (said.split_first(), stops.take()?) {
        (None | Some((&READY, _)), Some(signal)) => stop(daemon, signal),
        (None, None) => fail(ENDED),
        (Some((&READY, line)), None) => {
            complain(text(line));
            0
        }
        (Some(_), _) => fail(&text(&said)),
    })
}

/// Waits until the daemon has said something, or has ended, or there is a signal to stop; tells whether it is not the signal alone.
fn has_said(word: &io::PipeReader, stops: &HeldStops) -> io::Result<bool> {
    let mut patience = PollTimeout::from(SOON_MILLIS);
    loop {
        let [word, stop] =
            [word.as_fd(), stops.as_fd()].map(|it| PollFd::new(it, PollFlags::POLLIN));
        let mut both = [word, stop];
        match poll(&mut both, patience) {
            Ok(0) => {
                complain(
                    "wacd: still starting; the log says what it waits for, and Ctrl-C ends it",
                );
                patience = PollTimeout::NONE;
            }
            Err(Errno::EINTR) => {}
            ready => {
                ready?;
                return Ok(both[0].any() == Some(true));
            }
        }
    }
}

/// Stops a daemon that has begun to start.
fn stop(daemon: Pid, signal: &str) -> i32 {
    let told = match kill(daemon, Signal::SIGTERM) {
        Ok(()) => "is told to stop".to_owned(),
        Err(error) => format!("cannot be told to stop: {error}"),
    };
    fail(&format!(
        "wacd: {signal} came during the start; process {daemon} {told}"
    ))
}

fn fail(text: &str) -> i32 {
    complain(text);
    1
}
