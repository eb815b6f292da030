//! The budget of an address: what all of its sessions may send together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::limits::Pace;
use crate::bucket::Bucket;

/// What the sessions of one address have sent of late, on whatever shards they are.
///
/// A line that has to wait is given a turn, and is paid for at once. A session has one line waiting
/// at most, so all of them come round in turn: none starves beside a neighbour that sends
/// all the time, and none waits for more than one line of each of the others.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    lines: Bucket,
    bytes: Bucket,
}

impl Budget {
    /// Pays for a line of so many bytes; returns when it may pass.
    pub(super) fn turn(&self, pace: &Pace, tokens: u64, bytes: u64, now: Duration) -> Duration {
        let mut buckets = self.buckets();
        let lines_at = buckets.lines.reserve(pace.lines, tokens, now);
        let bytes_at = buckets.bytes.reserve(pace.bytes, bytes, now);
        lines_at.max(bytes_at)
    }

    /// Moves all turns that are given from now on back by so much.
    pub(super) fn delay(&self, time: Duration) {
        if !time.is_zero() {
            let mut buckets = self.buckets();
            buckets.lines.delay(time);
            buckets.bytes.delay(time);
        }
    }

    /// Tells whether nothing has been sent that still counts.
    pub fn is_full(&self, now: Duration) -> bool {
        let buckets = self.buckets();
        buckets.lines.is_full(now) && buckets.bytes.is_full(now)
    }

    /// The buckets are whole between any two calls, so a panic elsewhere poisons nothing.
    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
