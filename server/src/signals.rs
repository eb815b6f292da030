//! Signals: two that stop the server, one that reopens its log.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::logging::Log;

/// SIGTERM and SIGINT; SIGUSR1, and SIGHUP where there is a log file, are seen to by tasks.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from their default action.
    pub(crate) fn install(log: Log) -> io::Result<Self> {
        reopen_on(SignalKind::user_defined1(), log.clone())?;
        if matches!(log, Log::File(_)) {
            // A rotation's HUP must never end a server; one on a terminal ends with its terminal.
            reopen_on(SignalKind::hangup(), log)?;
        }
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for a signal to stop.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("stopping on SIGTERM"),
            _ = self.interrupt.recv() => tracing::info!("stopping on SIGINT"),
        }
    }

    /// Waits for SIGINT: while draining, a second one ends at once, and SIGTERM is ignored.
    pub(crate) async fn interrupt(&mut self) {
        self.interrupt.recv().await;
    }
}

/// Reopens the log whenever a signal comes.
fn reopen_on(kind: SignalKind, log: Log) -> io::Result<()> {
    let mut reopen = signal(kind)?;
    tokio::spawn(async move {
        while reopen.recv().await.is_some() {
            log.reopen();
        }
    });
    Ok(())
}
