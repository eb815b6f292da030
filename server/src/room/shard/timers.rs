//! The paused and the closing sessions of a shard, in one queue.

use std::collections::BTreeSet;
use std::time::Duration;

use wac_core::roster::SessionId;

/// When which session is to be looked at. Times are since the server's start.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Duration, u32, SessionId)>);

impl Timers {
    pub(super) fn set(&mut self, at: Duration, slot: u32, id: SessionId) {
        self.0.insert((at, slot, id));
    }

    /// Returns when the next is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.first().map(|&(at, ..)| at)
    }

    /// Takes one that is due: when it was due, and whose it is.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Duration, u32, SessionId)> {
        self.0.first().filter(|&&(at, ..)| at <= now)?;
        self.0.pop_first()
    }
}
