//! Budget of an address: the rate at which all of its sessions together may send.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::limits::Pace;
use crate::bucket::Bucket;

/// The recent use of one address, by its sessions on any shard.
///
/// A line that has to wait gets a turn, and is paid for at once. A session has at most one line
/// waiting, so the sessions take turns: none starves beside a neighbour that sends
/// all the time, and none waits for more than one line of each of the others.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    lines: Bucket,
    bytes: Bucket,
}

impl Budget {
    /// Pays for a line of `bytes`; returns the time at which it may pass.
    pub(super) fn turn(&self, pace: &Pace, tokens: u64, bytes: u64, now: Duration) -> Duration {
        let mut buckets = self.buckets();
        let lines_at = buckets.lines.reserve(pace.lines, tokens, now);
        let bytes_at = buckets.bytes.reserve(pace.bytes, bytes, now);
        lines_at.max(bytes_at)
    }

    /// Grants no further turn before a time.
    pub(super) fn hold_until(&self, pace: &Pace, at: Duration) {
        let mut buckets = self.buckets();
        buckets.lines.empty_until(pace.lines, at);
        buckets.bytes.empty_until(pace.bytes, at);
    }

    /// Tells whether the whole budget is free again.
    pub fn is_full(&self, now: Duration) -> bool {
        let buckets = self.buckets();
        buckets.lines.is_full(now) && buckets.bytes.is_full(now)
    }

    /// Locks the buckets, which are consistent between any two calls, so a panic elsewhere does no harm.
    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
