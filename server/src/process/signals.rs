//! Signals: two that stop the server, one that reopens its log, one that reloads its configuration.
//!
//! They are held from the first line on, so that none ends a start in the middle, and none that the
//! starting process had blocked stays blocked. Only the thread that lets them in takes them; threads
//! that began before never see one.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal as Number};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::process::logging::LogThread;
use crate::process::reload::{ReloadMode, Reloader};

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
    HeldStops::open()?.take()
}

/// Signals to stop, while signals are held. It is ready for reading when one has come.
#[derive(Debug)]
pub(crate) struct HeldStops(SignalFd);

impl HeldStops {
    /// Begins to look for them, those that have come before included.
    pub(crate) fn open() -> nix::Result<Self> {
        let stop = SigSet::from_iter([Number::SIGTERM, Number::SIGINT]);
        SignalFd::with_flags(&stop, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// Takes one that has come; returns its name.
    pub(crate) fn take(&self) -> nix::Result<Option<&'static str>> {
        let signal = self.0.read_signal()?;
        let number = signal.and_then(|signal| i32::try_from(signal.ssi_signo).ok());
        Ok(number
            .and_then(|number| Number::try_from(number).ok())
            .map(Number::as_str))
    }
}

impl AsFd for HeldStops {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The signals of a serving server.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// SIGHUP, unless it means that a terminal is gone.
#[derive(Debug)]
pub(crate) struct HangUp(Option<Signal>);

impl Signals {
    /// Installs handlers for the signals, which are still held. A task handles SIGUSR1.
    ///
    /// SIGHUP asks for a reload, except of a server without a log file on a terminal, which ends with it.
    pub(crate) fn install(log: &LogThread) -> io::Result<(Self, HangUp)> {
        let mut reopen = signal(SignalKind::user_defined1())?;
        let control = log.control();
        tokio::spawn(async move {
            while reopen.recv().await.is_some() {
                control.reopen();
            }
        });
        let reloads = log.is_file() || File::open("/dev/tty").is_err();
        let hang_up = reloads.then(|| signal(SignalKind::hangup())).transpose()?;
        let signals = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        Ok((signals, HangUp(hang_up)))
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

impl HangUp {
    /// Reloads at each SIGHUP. Never returns.
    pub(crate) async fn reload(self, reloader: &Reloader) {
        if let Some(mut signal) = self.0 {
            while signal.recv().await.is_some() {
                // The log says how it went.
                let _ = reloader.reload(ReloadMode::Apply).await;
            }
        }
        std::future::pending().await
    }
}
