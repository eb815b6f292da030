//! The stop: a barrier, the last notice, and everybody to the end of the log.
//!
//! ```text
//!  Serving ─▶ Draining: no shard reads; each performs what is pending and reports
//!          ─▶ Sealed:   the last notice is appended, the log takes no more; every cursor to its end
//!          ─▶ Cut:      the time is over; who is left is cut short and counted
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wac_core::close::CloseReason;
use wac_core::line::ServerLine;

use crate::phase::Phase;
use crate::shared::Shared;
use crate::signals::Signals;

/// How the stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainReport {
    /// Sessions that got everything.
    pub stopped: usize,
    /// Sessions that had not got everything when the time was over.
    pub cut_short: usize,
    /// How long it took.
    pub elapsed: Duration,
}

impl Shared {
    /// Reports that a shard has nothing pending.
    pub(crate) fn report_settled(&self) {
        self.phases.settled.fetch_add(1, Ordering::SeqCst);
        self.drained.notify_one();
    }

    /// Reports that a shard has no session left.
    pub(crate) fn report_empty(&self) {
        self.phases.empty.fetch_add(1, Ordering::SeqCst);
        self.drained.notify_one();
    }

    async fn all_shards(&self, reported: &AtomicUsize) {
        while reported.load(Ordering::SeqCst) < self.gates.len() {
            self.drained.notified().await;
        }
    }

    fn enter(&self, phase: Phase) {
        self.phases.enter(phase);
        self.ring_all();
    }

    /// Appends the last notice and seals the log.
    pub(crate) fn seal(&self) {
        let text = CloseReason::Stopping
            .announcement()
            .expect("a stop is announced");
        let line = ServerLine::Notice(text).to_bytes();
        self.with_room(|room| {
            room.log.append(&line).expect("only this seals the log");
            room.log.seal();
        });
    }

    async fn bring_everybody_to_the_end(&self) {
        self.enter(Phase::Draining);
        self.all_shards(&self.phases.settled).await;
        self.seal();
        self.enter(Phase::Sealed);
        self.all_shards(&self.phases.empty).await;
    }
}

/// Stops the room, within `grace` or until a second SIGINT.
pub(crate) async fn drain(shared: &Shared, signals: &mut Signals, grace: Duration) -> DrainReport {
    let start = Instant::now();
    tokio::select! {
        () = shared.bring_everybody_to_the_end() => {}
        () = tokio::time::sleep(grace) => tracing::warn!("the time to stop is over"),
        () = signals.interrupt() => tracing::warn!("stopping at once on a second SIGINT"),
    }
    shared.enter(Phase::Cut);
    shared.all_shards(&shared.phases.empty).await;
    let report = DrainReport {
        stopped: shared.stopped.load(Ordering::Relaxed),
        cut_short: shared.cut_short.load(Ordering::Relaxed),
        elapsed: start.elapsed(),
    };
    let elapsed_ms = report.elapsed.as_millis();
    tracing::info!(
        stopped = report.stopped,
        cut_short = report.cut_short,
        elapsed_ms,
        "stopped"
    );
    report
}
