//! The log: lines on standard error, written by a thread of their own.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::args::LogLevel;

/// Log lines that wait for a slow reader of the log; one more is dropped, lest the room wait.
const WAITING_LINES: usize = 65_536;

/// Starts the log; what waits is written when the guard is dropped.
pub fn start(level: LogLevel) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .thread_name("log")
        .finish(io::stderr());
    tracing_subscriber::fmt()
        .with_max_level(filter(level))
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .with_writer(writer)
        .init();
    guard
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
