//! Log: lines on standard error, in the journal or in a file, written by a thread of their own.
//!
//! ```text
//!  every thread ──try_send──▶ queue (8,192 lines) ──▶ writer ──▶ file, pipe or standard error
//!  SIGUSR1 ──── a mark ───────────────────────────────▶ the writer reopens the file
//! ```
//!
//! Only the writer touches the file and shares no lock, so a log that blocks holds up nobody.

mod form;
mod writer;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::{FileType, Mode, OFlags};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::config::args::{LogFormat, LogLevel};
use crate::config::identity::Identity;
use crate::process::safe_open::{Missing, Place};
use form::{Form, LogReader, leads_to_journal};
pub(crate) use writer::LogControl;
pub use writer::LogThread;

/// The kinds of file a log may be: a pipe into a program and `/dev/null` are allowed.
const KINDS: &[FileType] = &[
    FileType::RegularFile,
    FileType::Fifo,
    FileType::CharacterDevice,
];

/// The user who has no privileges in the sandbox.
const ROOT: &str = "root";

/// A handle to the level of the log.
type LevelHandle = reload::Handle<LevelFilter, Registry>;

/// The destination of log lines.
#[derive(Debug)]
pub enum Log {
    /// Standard error.
    StandardError,
    /// A file, which can be reopened when it has been moved away.
    File {
        /// The path.
        path: PathBuf,
        /// The file opened under that path.
        file: File,
        /// Whether standard error leads to the file too, as a daemon's does.
        is_standard_error: bool,
    },
}

/// The error of a log file that can't be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log {}{}", path.display(), by(user.as_deref()))]
pub struct LogError {
    path: PathBuf,
    user: Option<String>,
    #[source]
    source: io::Error,
}

fn by(user: Option<&str>) -> String {
    user.map_or_else(String::new, |user| format!(" as {user}"))
}

impl LogError {
    /// Returns the path of the log.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a hint at the remedy.
    pub fn hint(&self) -> Option<String> {
        let user = self.user.as_ref()?;
        let other = if user == ROOT {
            "serve as its owner with --user, or "
        } else {
            ""
        };
        Some(format!(
            "{other}chown it to {user}, or move it away: the server makes a new one; {user} must be able to reach it without privileges"
        ))
    }
}

impl Log {
    /// Opens the log: a file to append to, or standard error. A file that is created belongs to
    /// `server`, so that the serving user can reopen it.
    ///
    /// # Errors
    /// [`LogError`], if the file can't be opened for writing.
    pub fn open(path: Option<&Path>, server: Option<&Identity>) -> Result<Self, LogError> {
        let Some(path) = path else {
            return Ok(Self::StandardError);
        };
        match append_to(path, server) {
            Ok(file) => Ok(Self::File {
                path: path.to_owned(),
                file,
                is_standard_error: false,
            }),
            Err(source) => Err(LogError {
                path: path.to_owned(),
                user: None,
                source,
            }),
        }
    }

    /// Reopens the file as the user this process has become, with the privileges it has left, so that a file which it can't
    /// write is found at the start, not at the first rotation.
    ///
    /// # Errors
    /// [`LogError`], which names the user.
    pub fn reopen_as(&mut self, user: Option<&Identity>) -> Result<(), LogError> {
        let root = || {
            rustix::process::geteuid()
                .is_root()
                .then(|| ROOT.to_owned())
        };
        self.reopen().map_err(|error| LogError {
            user: user.map(Identity::name).or_else(root),
            ..error
        })
    }

    /// Reopens the file under its name; keeps the old one if that fails.
    fn reopen(&mut self) -> Result<(), LogError> {
        let Self::File {
            path,
            file,
            is_standard_error,
        } = self
        else {
            return Ok(());
        };
        let reopened = append_to(path, None).and_then(|new| {
            if *is_standard_error {
                rustix::stdio::dup2_stderr(&new)?;
            }
            Ok(new)
        });
        *file = reopened.map_err(|source| LogError {
            path: path.clone(),
            user: None,
            source,
        })?;
        Ok(())
    }

    /// Starts the thread that writes; waiting lines are written when the handle is dropped.
    ///
    /// # Errors
    /// An I/O error if no thread can be started.
    pub fn start(self, level: LogLevel, format: LogFormat) -> io::Result<LogThread> {
        let form = Form {
            format,
            reader: self.reader(),
        };
        let (max_level, handle) = reload::Layer::new(filter(level));
        let (thread, queue) = LogThread::spawn(self, form, handle)?;
        form.subscriber(max_level, move || queue.clone()).init();
        Ok(thread)
    }

    fn reader(&self) -> LogReader {
        let standard_error = io::stderr();
        match self {
            Self::StandardError if leads_to_journal(&standard_error) => LogReader::Journal,
            Self::StandardError if standard_error.is_terminal() => LogReader::Terminal,
            Self::StandardError | Self::File { .. } => LogReader::Other,
        }
    }

    /// Writes to another log from now on; a standard error that leads to this one follows.
    fn replace(&mut self, mut next: Self) -> io::Result<()> {
        let follows = matches!(
            self,
            Self::File {
                is_standard_error: true,
                ..
            }
        );
        let led = match &mut next {
            Self::File {
                file,
                is_standard_error,
                ..
            } if follows => {
                *is_standard_error = true;
                rustix::stdio::dup2_stderr(file)
            }
            _ => Ok(()),
        };
        *self = next;
        Ok(led?)
    }

    /// Returns another handle to the file, for a daemon's standard error, which leads to the file
    /// from now on.
    ///
    /// # Errors
    /// An I/O error if there is no descriptor left.
    pub fn as_standard_error(&mut self) -> io::Result<Option<File>> {
        let Self::File {
            file,
            is_standard_error,
            ..
        } = self
        else {
            return Ok(None);
        };
        *is_standard_error = true;
        file.try_clone().map(Some)
    }

    /// Writes as much as fits.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::StandardError => io::stderr().write(line),
            Self::File { file, .. } => file.write(line),
        }
    }

    /// Waits until more fits, or the time is over.
    fn wait_for_room(&self, time: Duration) {
        let stderr = io::stderr();
        let fd = match self {
            Self::StandardError => stderr.as_fd(),
            Self::File { file, .. } => file.as_fd(),
        };
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        // The next write reports any error.
        let _ = poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], time);
    }
}

fn append_to(path: &Path, server: Option<&Identity>) -> io::Result<File> {
    let place = Place::of(path, Missing::Made, server)?;
    let how = OFlags::WRONLY | OFlags::APPEND;
    let (file, _) = place.open_or_make(how, Mode::from_raw_mode(0o640), KINDS)?;
    Ok(file)
}

/// Returns whole milliseconds as a number of a log line: JSON has none of 128 bits.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
