//! Signals: two that stop the server, one that reopens its log.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::logging::Log;

/// SIGTERM and SIGINT; SIGUSR1 is seen to by a task.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from their default action.
    pub(crate) fn install(log: Log) -> io::Result<Self> {
        let mut reopen = signal(SignalKind::user_defined1())?;
        tokio::spawn(async move {
            while reopen.recv().await.is_some() {
                log.reopen();
            }
        });
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
