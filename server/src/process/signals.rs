//! Signals: two that stop the server, one that reopens its log.
//!
//! They are held from the first line on, so that none ends a start in the middle, and none that the
//! starting process had blocked stays blocked. Only the thread that lets them in takes them; threads
//! that began before never see one.

use std::io;

use nix::sys::signal::{SigSet, Signal as Number};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::process::logging::LogThread;

/// Signals that the server handles.
const OURS: [Number; 4] = [
    Number::SIGTERM,
    Number::SIGINT,
    Number::SIGUSR1,
    Number::SIGHUP,
];
/// A signal blocked for good, so that a write beyond `ulimit -f` fails instead of killing the process.
const NEVER: Number = Number::SIGXFSZ;

/// Holds the signals back until they are let in, whatever mask was inherited. They stay pending.
///
/// Called before anything else, while the process has one thread.
///
/// # Errors
/// An I/O error if the mask can't be set.
pub fn hold() -> nix::Result<()> {
    OURS.into_iter()
        .chain([NEVER])
        .collect::<SigSet>()
        .thread_set_mask()
}

/// Takes a signal to stop that came while signals were held.
///
/// # Errors
/// An I/O error if pending signals can't be queried.
pub fn stop_while_held() -> nix::Result<Option<&'static str>> {
    let stop = SigSet::from_iter([Number::SIGTERM, Number::SIGINT]);
    let pending = SignalFd::with_flags(&stop, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let signal = pending.read_signal()?;
    let number = signal.and_then(|signal| i32::try_from(signal.ssi_signo).ok());
    Ok(number
        .and_then(|number| Number::try_from(number).ok())
        .map(Number::as_str))
}

/// SIGTERM and SIGINT. Tasks handle SIGUSR1, and SIGHUP if there is a log file.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs handlers for the signals, which are still held.
    pub(crate) fn install(log: &LogThread) -> io::Result<Self> {
        let mut reopen = signal(SignalKind::user_defined1())?;
        if let Some(reopen_log) = log.reopener() {
            // HUP from log rotation must never end a server; without a log file, a server ends with its terminal.
            let mut hang_up = signal(SignalKind::hangup())?;
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        _ = reopen.recv() => reopen_log(),
                        _ = hang_up.recv() => reopen_log(),
                    }
                }
            });
        }
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Lets in pending and future signals.
    pub(crate) fn let_in(&self) -> io::Result<()> {
        Ok(SigSet::from(NEVER).thread_set_mask()?)
    }

    /// Waits for a signal to stop.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("stopping on SIGTERM"),
            _ = self.interrupt.recv() => tracing::info!("stopping on SIGINT"),
        }
    }

    /// Waits for SIGINT: while draining, a second one ends at once and SIGTERM is ignored.
    pub(crate) async fn interrupt(&mut self) {
        self.interrupt.recv().await;
    }
}
