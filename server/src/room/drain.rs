//! Drain: the stop of the room, a barrier, the last notice, then every reader to the end of the log.
//!
//! ```text
//!  Serving ─▶ Draining: no shard reads; each performs what is pending and reports
//!          ─▶ Sealed:   the last notice is appended, the log takes no more; every cursor to its end
//!          ─▶ Cut:      the time is over; the sessions left are cut short and counted
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wac_core::cluster::TOLD;
use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use crate::process::logging::millis;
use crate::room::outbox::Outbox;
use crate::room::shared::Shared;
use crate::room::stop_phase::Phase;

/// The last part of the grace, in which people are told and closed if the brokers have not taken what they said; at most half of it.
const FAREWELL: Duration = Duration::from_secs(1);
/// The time a shard has to cut its sessions short; one that takes longer counts as hung.
const CUT_LIMIT: Duration = Duration::from_secs(2);

/// The outcome of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainReport {
    /// Sessions that received everything.
    pub stopped: usize,
    /// Sessions that were still missing something when the time was over.
    pub cut_short: usize,
    /// Shards that did not answer even then; their threads are abandoned.
    pub hung: usize,
    /// The time from the signal to the end.
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
        while reported.load(Ordering::SeqCst) < self.inboxes.len() {
            self.drained.notified().await;
        }
    }

    fn enter(&self, phase: Phase) {
        self.phases.enter(phase);
        self.wake_all();
    }

    /// Appends the last notice and seals the log.
    pub(crate) fn seal(&self) {
        let others = |outbox: &Outbox| outbox.standing().members.len() > 1;
        let closing = if self.cluster.as_ref().is_some_and(others) {
            Closing::StoppingAlone
        } else {
            Closing::Stopping
        };
        let line = ServerLine::Notice(Notice::Closing(closing)).to_bytes();
        self.with_room(|room| {
            room.append(&line).expect("only this seals the log");
            room.log.seal();
        });
    }

    /// Enters the last phase, which cuts short the sessions that remain, if any do; returns the number of shards that do not answer, and of their sessions.
    async fn cut_short(&self) -> (usize, usize) {
        self.enter(Phase::Cut);
        let all = self.all_shards(&self.phases.empty);
        if tokio::time::timeout(CUT_LIMIT, all).await.is_ok() {
            return (0, 0);
        }
        let hung = self.inboxes.len() - self.phases.empty.load(Ordering::SeqCst);
        let left = self.sessions();
        tracing::error!(
            hung,
            sessions = left,
            "shards do not answer; ending without them"
        );
        (hung, left)
    }

    async fn bring_everybody_to_the_end(&self, grace: Duration) {
        self.enter(Phase::Draining);
        self.settle(grace).await;
        self.seal();
        self.enter(Phase::Sealed);
        self.all_shards(&self.phases.empty).await;
    }

    /// Waits until all that people have said is in the room, and the node of a cluster has left it. If the brokers do not take it, it is
    /// given up in time for people to be told.
    async fn settle(&self, grace: Duration) {
        let settled = self.all_shards(&self.phases.settled);
        let Some(outbox) = &self.cluster else {
            return settled.await;
        };
        tokio::pin!(settled);
        let begun = Instant::now();
        let last = begun + grace - FAREWELL.min(grace / 2);
        if timeout_at(last.min(begun + TOLD), &mut settled)
            .await
            .is_err()
        {
            tracing::warn!("not all that people said is in the room: the stop waits for brokers");
            if timeout_at(last, &mut settled).await.is_err() {
                tracing::error!("the brokers have not taken all that people said: it is lost");
                outbox.give_up();
                settled.await;
            }
        }
        if timeout_at(last, outbox.left()).await.is_err() {
            tracing::warn!(
                "the other nodes are not told that this one leaves: they miss it after a while"
            );
        }
    }
}

/// Stops the room, within the grace or until `interrupted`.
pub(crate) async fn drain(shared: &Shared, interrupted: impl Future<Output = ()>) -> DrainReport {
    let start = Instant::now();
    let grace = shared.policies.follow().grace;
    tokio::select! {
        () = shared.bring_everybody_to_the_end(grace) => {}
        () = tokio::time::sleep(grace) => tracing::warn!("the time to stop is over"),
        () = interrupted => tracing::warn!("stopping at once on a second SIGINT"),
    }
    let (hung, left) = shared.cut_short().await;
    let report = DrainReport {
        stopped: shared.stopped.load(Ordering::Relaxed),
        cut_short: shared.cut_short.load(Ordering::Relaxed) + left,
        hung,
        elapsed: start.elapsed(),
    };
    let elapsed_ms = millis(report.elapsed);
    tracing::info!(
        stopped = report.stopped,
        cut_short = report.cut_short,
        refused = shared.noise.refused.total(),
        foreign = shared.noise.foreign.total(),
        held_back = shared.noise.held_back.total(),
        handshakes = shared.noise.handshakes.total(),
        failed_logins = shared.noise.failed_logins.total(),
        unaccepted = shared.noise.unaccepted.total(),
        elapsed_ms,
        "stopped"
    );
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_never_answers_does_not_keep_the_stop() {
        let shared = Shared::new(&Config::of(&["--shards", "2"], 1024).unwrap());
        // No shard reads the inboxes; one of them still has a session.
        shared.inboxes[1].session_began();
        let report = drain(&shared, std::future::pending()).await;
        assert_eq!((report.hung, report.cut_short), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn brokers_have_the_first_half_of_a_short_grace() {
        let config = Config::of(&["--shards", "1", "--grace", "500ms"], 1024).unwrap();
        let shared = Shared::new(&config).of_cluster();
        let outbox = shared.cluster.as_ref().expect("it is a node");
        let watch = async {
            tokio::time::sleep(Duration::from_millis(240)).await;
            assert!(!outbox.is_given_up());
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(outbox.is_given_up());
        };
        tokio::join!(drain(&shared, std::future::pending()), watch);
    }
}
