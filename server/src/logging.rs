//! The log: lines on standard error or in a file, written by a thread of their own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::args::LogLevel;
use crate::identity::Identity;
use crate::sync::lock;

/// Log lines that wait for a slow disk; one more is dropped, lest the room wait.
const WAITING_LINES: usize = 8_192;

/// Where log lines go.
#[derive(Debug, Clone)]
pub enum Log {
    /// Standard error.
    StandardError,
    /// A file, which can be reopened when it has been moved away.
    File(Arc<LogFile>),
}

/// A log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

/// A log file that can't be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log {}", path.display())]
pub struct LogError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Log {
    /// Opens the log: a file to be appended to, or standard error.
    ///
    /// # Errors
    /// [`LogError`], if the file can't be opened for writing.
    pub fn open(path: Option<&Path>) -> Result<Self, LogError> {
        let Some(path) = path else {
            return Ok(Self::StandardError);
        };
        match append_to(path) {
            Ok(file) => Ok(Self::File(Arc::new(LogFile {
                path: path.to_owned(),
                file: Mutex::new(file),
            }))),
            Err(source) => Err(LogError {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Hands the file to the user the server becomes, so that it can be reopened.
    ///
    /// # Errors
    /// The system's.
    pub fn hand_over(&self, to: &Identity) -> io::Result<()> {
        let Self::File(log) = self else { return Ok(()) };
        fchown(&*lock(&log.file), Some(to.user()), Some(to.group()))?;
        to.own_folder_of(&log.path)
    }

    /// Opens the file anew under its name. Lines before go to the file that was moved, lines after to
    /// the new one, and none is lost; where it can't be opened the old one is kept.
    pub fn reopen(&self) {
        let Self::File(log) = self else { return };
        match append_to(&log.path) {
            Ok(file) => {
                *lock(&log.file) = file;
                tracing::info!("log reopened");
            }
            Err(error) => {
                tracing::error!(path = %log.path.display(), %error, "cannot reopen the log")
            }
        }
    }

    /// Starts the thread that writes; what waits is written when the guard is dropped.
    pub fn start(&self, level: LogLevel) -> WorkerGuard {
        let (writer, guard) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_LINES)
            .lossy(true)
            .thread_name("log")
            .finish(self.clone());
        tracing_subscriber::fmt()
            .with_max_level(filter(level))
            .with_ansi(matches!(self, Self::StandardError) && io::stderr().is_terminal())
            .with_target(false)
            .with_writer(writer)
            .init();
        guard
    }

    /// Returns another handle to the file, for what a daemon itself writes to standard error.
    ///
    /// # Errors
    /// The system's.
    pub fn file(&self) -> io::Result<Option<File>> {
        match self {
            Self::StandardError => Ok(None),
            Self::File(log) => lock(&log.file).try_clone().map(Some),
        }
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::StandardError => io::stderr().write(line),
            Self::File(log) => lock(&log.file).write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
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
