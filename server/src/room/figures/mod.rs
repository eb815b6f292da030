//! Figures: what the server has done and is doing, for monitoring and the operator.
//!
//! ```text
//!  shard 0 ─▶ ShardFigures ┐
//!  shard 1 ─▶ ShardFigures ├─▶ Figures::take, when somebody asks ─▶ text for Prometheus, JSON
//!  acceptor, room, log ────┘
//! ```
//!
//! Each thread counts in cache lines of its own. Taking the figures waits for no lock, since a hung shard may hold any.

mod counters;
mod process;
mod shard;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use wac_core::admission::Refused;
use wac_core::close_reason::CloseReason;

use crate::process::sandbox::Sandbox;
use crate::room::inbox::{Inbox, TurnStep};
use crate::room::shared::Shared;
pub(crate) use counters::{ByReason, Counter, Histogram};
use process::ProcessFigures;
pub(crate) use shard::{Sent, ShardFigures};

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

/// A snapshot of what the server has done and is doing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub(crate) version: &'static str,
    pub(crate) commit: &'static str,
    pub(crate) phase: &'static str,
    /// Each part of the sandbox, and whether it is in force.
    pub(crate) sandbox: [(&'static str, bool); 3],
    /// People logged in.
    pub(crate) users: u64,
    /// Connections without a name, those being closed included.
    pub(crate) visitors: u64,
    pub(crate) connections: u64,
    pub(crate) accepted: u64,
    /// Connections refused at the door, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Connections ended, by reason.
    pub(crate) closed: BTreeMap<String, u64>,
    /// Pauses for lack of resources.
    pub(crate) accept_errors: u64,
    /// TLS handshakes that failed.
    pub(crate) failed_handshakes: u64,
    /// Senders that flood control began to hold back.
    pub(crate) held_back: u64,
    /// Logins with a wrong password, or with a name that is not registered.
    pub(crate) failed_logins: u64,
    /// Whispers dropped because their addressee was gone.
    pub(crate) undelivered_whispers: u64,
    pub(crate) lost_log_lines: u64,
    pub(crate) received: Flow,
    pub(crate) sent: Flow,
    /// Lines of the room among those sent.
    pub(crate) deliveries: u64,
    pub(crate) room: RoomFigures,
    pub(crate) history: Option<HistoryFigures>,
    pub(crate) cluster: Option<ClusterFigures>,
    /// Times of turns, in seconds.
    pub(crate) turns: Histogram,
    pub(crate) shards: Vec<ShardState>,
    pub(crate) process: ProcessFigures,
}

/// What went in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Flow {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

/// The room log and its readers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RoomFigures {
    /// Lines appended.
    pub(crate) lines: u64,
    /// Bytes appended.
    pub(crate) bytes: u64,
    /// Bytes kept for slow readers.
    pub(crate) window_bytes: u64,
    /// Bytes to be kept, at least.
    pub(crate) window_limit_bytes: u64,
    /// The most bytes that a reader lacks.
    pub(crate) furthest_lag_bytes: u64,
    /// Lines that came to a shard's readers at once.
    pub(crate) batches: Histogram,
    /// Times from an append until every session of a shard was tried, in seconds.
    pub(crate) fan_outs: Histogram,
}

/// The journal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct HistoryFigures {
    /// It could not be written lately.
    pub(crate) fails: bool,
    /// Attempts that failed.
    pub(crate) errors: u64,
    /// Bytes of the room log that are not written yet.
    pub(crate) lag_bytes: u64,
    /// Bytes that left the window before they could be written.
    pub(crate) lost_bytes: u64,
}

/// The node of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct ClusterFigures {
    /// A room is served.
    pub(crate) is_member: bool,
    /// Nodes of the room.
    pub(crate) members: u64,
    /// The number of the last message read.
    pub(crate) read_to: u64,
    /// Pieces that have not come back.
    pub(crate) in_flight: u64,
    /// Time for which nothing has come back, or there has been no room.
    pub(crate) silent_seconds: f64,
    /// The number of times that the node was cut off.
    pub(crate) cuts: u64,
}

/// What a shard has done and is doing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ShardState {
    pub(crate) connections: u64,
    pub(crate) turns: u64,
    /// Seconds spent in turns.
    pub(crate) busy_seconds: f64,
    /// The age of the turn that it is in.
    pub(crate) turn_age_seconds: f64,
    /// It does not come back from its turn, as the watchdog has found.
    pub(crate) hangs: bool,
}

impl Figures {
    /// Takes a snapshot; the log knows the number of its lost lines. The parts are of slightly different moments.
    pub(crate) fn take(shared: &Shared, lost_log_lines: u64, sandbox: &Sandbox) -> Self {
        let shards = || shared.inboxes.iter().map(|inbox| &inbox.figures);
        let sum = |count: fn(&ShardFigures) -> &Counter| shards().map(|it| count(it).get()).sum();
        let (users, connections) = (shared.users(), shared.sessions() as u64);
        Self {
            version: wac_settings::RELEASE,
            commit: wac_settings::COMMIT,
            phase: shared.phase_name(),
            sandbox: sandbox.parts(),
            users,
            visitors: connections.saturating_sub(users),
            connections,
            accepted: shared.accepted(),
            refused: counters::sums(&Refused::REASONS, [&shared.refused].into_iter()),
            closed: counters::sums(&CloseReason::ALL, shards().map(|it| &it.closed)),
            accept_errors: shared.noise.unaccepted.total(),
            failed_handshakes: shared.noise.handshakes.total(),
            held_back: shared.noise.held_back.total(),
            failed_logins: shared.noise.failed_logins.total(),
            undelivered_whispers: shared.undelivered.load(Ordering::Relaxed),
            lost_log_lines,
            received: Flow {
                lines: sum(|it| &it.received_lines),
                bytes: sum(|it| &it.received_bytes),
            },
            sent: Flow {
                lines: sum(|it| &it.sent_lines),
                bytes: sum(|it| &it.sent_bytes),
            },
            deliveries: sum(|it| &it.deliveries),
            room: RoomFigures::take(shared),
            history: HistoryFigures::take(shared),
            cluster: ClusterFigures::take(shared),
            turns: merged(shards().map(|it| it.turns.snapshot(NANOS))),
            shards: ShardState::all(shared),
            process: ProcessFigures::take(shared.started),
        }
    }
}

impl RoomFigures {
    fn take(shared: &Shared) -> Self {
        let shards = || shared.inboxes.iter().map(|inbox| &inbox.figures);
        let (head, start) = (shared.head(), shared.window_start());
        Self {
            lines: shared.lines(),
            bytes: shared.bytes(),
            window_bytes: head.0.saturating_sub(start.0),
            window_limit_bytes: shared.window_bytes as u64,
            furthest_lag_bytes: shards()
                .map(|it| it.furthest_lag_bytes.get())
                .max()
                .unwrap_or_default(),
            batches: merged(shards().map(|it| it.batches.snapshot(1.0))),
            fan_outs: merged(shards().map(|it| it.fan_outs.snapshot(NANOS))),
        }
    }
}

impl HistoryFigures {
    fn take(shared: &Shared) -> Option<Self> {
        let journal = shared.history.as_ref()?;
        Some(Self {
            fails: journal.fails(),
            errors: journal.errors(),
            lag_bytes: shared.head().0.saturating_sub(journal.written().0),
            lost_bytes: journal.lost_bytes(),
        })
    }
}

impl ClusterFigures {
    fn take(shared: &Shared) -> Option<Self> {
        let outbox = shared.cluster.as_ref()?;
        let standing = outbox.standing();
        let silence = standing
            .silent_since
            .map(|since| shared.now().saturating_sub(since));
        Some(Self {
            is_member: standing.member.is_some(),
            members: standing.members.len() as u64,
            read_to: standing.read_to,
            in_flight: standing.in_flight as u64,
            silent_seconds: silence.unwrap_or_default().as_secs_f64(),
            cuts: outbox.cuts(),
        })
    }
}

impl ShardState {
    fn all(shared: &Shared) -> Vec<Self> {
        let now = shared.now();
        let state = |inbox: &std::sync::Arc<Inbox>| Self::of(inbox, now);
        shared.inboxes.iter().map(state).collect()
    }

    fn of(inbox: &Inbox, now: Duration) -> Self {
        let turns = inbox.figures.turns.snapshot(NANOS);
        let (_, step) = inbox.progress.now();
        let age = match step {
            TurnStep::Rest => Duration::ZERO,
            TurnStep::Collect | TurnStep::Perform | TurnStep::Write => inbox.figures.turn_age(now),
        };
        Self {
            connections: inbox.sessions() as u64,
            turns: turns.count(),
            busy_seconds: turns.sum,
            turn_age_seconds: age.as_secs_f64(),
            hangs: inbox.hangs(),
        }
    }
}

fn merged(histograms: impl Iterator<Item = Histogram>) -> Histogram {
    let sum = histograms.reduce(Histogram::merge);
    sum.expect("there is at least one shard")
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::config::Config;
    use crate::room::locks::between_locks;

    #[test]
    fn taking_the_figures_takes_no_lock() {
        let shared = Shared::new(&Config::of(&["--shards", "2"], 1024).unwrap());
        between_locks::set(Some(Rc::new(|| panic!("a lock"))));
        let figures = Figures::take(&shared, 7, &Sandbox::default());
        between_locks::set(None);
        assert_eq!((figures.shards.len(), figures.lost_log_lines), (2, 7));
    }
}
