//! wacd, the WAC chat server: everything that touches the operating system.
//!
//! The room is a log, a session is a cursor (see `wac-core`). A *shard* is one thread with one loop
//! over the sockets that are ready; the *acceptor* accepts connections and hands them to shards.
//!
//! ```text
//!  listeners ─▶ acceptor ─▶ shard 0: collect ▸ perform ▸ write ▸ judge   ┐
//!              (admission) shard 1: collect ▸ perform ▸ write ▸ judge   ├─ shared: room log, roster,
//!                          …                                            ┘  mailboxes, bells
//! ```
//!
//! # Invariants, and the tests that hold them
//!
//! 1. `wac-core` performs no I/O and reads no clock: `server/core/clippy.toml`, in `scripts/test`.
//! 2. A line that everyone reads is encoded once:
//!    `wac_core::log` `full_chunks_are_shared_and_what_left_the_window_is_released`.
//! 3. Nothing ever waits for a session's socket but that session: `tests/promises/slow_readers.rs`.
//! 4. Every queue has a bound, in bytes or entries, and a named verdict when it is full:
//!    the table in `server/README.md`.
//! 5. Every session ends with exactly one [`CloseReason`](wac_core::close::CloseReason):
//!    `shard` `every_session_ends_with_one_reason`.
//! 6. [`run`] returns only when every session has ended or has been cut short and counted:
//!    `tests/load/stop.rs`.
//! 7. Before it detaches, the process has one thread, and every start-up error has reached the
//!    terminal: `tests/daemon/start.rs`.
//! 8. Nothing waits for the log: `tests/daemon/blocked_log.rs`.
//! 9. A private text is in no log line, no metric and no `Debug` output: `tests/promises/privacy.rs`.

#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where nothing can be written.

pub mod config;
pub mod network;
pub mod process;
mod room;

use std::io;
use std::sync::Arc;

use config::Config;
use network::acceptor;
use network::listeners::Listeners;
use process::logging::LogThread;
use process::pidfile::PidFile;
use process::signals::Signals;
pub use room::drain::DrainReport;
use room::shard::ShardThread;
use room::shared::Shared;
use room::{drain, watchdog};

/// Why the server could not begin to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The system gave no reactor, signal handler or thread.
    #[error("cannot start the {what}")]
    Start {
        /// What could not be started.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Serves until a signal says to stop, then drains.
///
/// `ready` is given the ready line when the server serves. Returns when every session has ended or
/// was cut short.
///
/// # Errors
/// [`RunError`], before anybody was served.
pub fn run(
    config: &Config,
    listeners: Listeners,
    log: &LogThread,
    pid_file: Option<&mut PidFile>,
    ready: impl FnOnce(&str),
) -> Result<DrainReport, RunError> {
    let start = |what| move |source| RunError::Start { what, source };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start("acceptor"))?;
    // First, for tokio panics where no descriptor is left; let in last, for this thread alone.
    let mut signals = runtime
        .block_on(async { Signals::install(log) })
        .map_err(start("signal handlers"))?;
    let shared = Arc::new(Shared::new(config));
    let threads = (0..config.shards)
        .map(|id| ShardThread::spawn(id, shared.clone()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(start("shards"))?;
    let ready_line = ready_line(&listeners, config.shards);
    let report = runtime.block_on(async {
        let acceptor = acceptor::open(listeners, shared.clone()).map_err(start("acceptor"))?;
        signals.let_in().map_err(start("signal handlers"))?;
        ready(&ready_line);
        let serve = async {
            tokio::select! {
                () = signals.stop() => {}
                () = kept(pid_file) => {}
            }
            acceptor.close();
            drain::drain(&shared, signals.interrupt(), config.grace).await
        };
        tokio::select! {
            report = serve => Ok(report),
            () = watchdog::watch(&shared) => unreachable!("it watches to the end"),
        }
    })?;
    if report.hung == 0 {
        threads.into_iter().for_each(ShardThread::join);
    }
    Ok(report)
}

/// Sees to the pidfile, if there is one, as long as the server serves.
async fn kept(pid_file: Option<&mut PidFile>) {
    match pid_file {
        Some(file) => file.keep().await,
        None => std::future::pending().await,
    }
}

/// Returns the line that scripts wait for.
fn ready_line(listeners: &Listeners, shards: usize) -> String {
    let listening: String = listeners
        .addresses()
        .map(|at| format!(" listen={at}"))
        .collect();
    format!(
        "ready{listening} shards={shards} pid={}",
        std::process::id()
    )
}
