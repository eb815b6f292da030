//! Clock: the time, read once for each event.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};
use nix::time::{ClockId, clock_gettime};
use wac_core::unix_time::UnixSeconds;

/// A moment, as the state machines are told it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Now {
    /// Time since boot; it advances while the machine sleeps.
    pub(crate) elapsed: Duration,
    /// Local date and time.
    pub(crate) local: DateTime,
    /// The same, in UTC.
    pub(crate) utc: Timestamp,
}

impl Now {
    /// Reads the clocks.
    pub(crate) fn read() -> Self {
        let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME)
            .expect("every Linux since 2.6.39 has this clock");
        let now = Zoned::now();
        Self {
            elapsed: since_boot.into(),
            local: now.datetime(),
            utc: now.timestamp(),
        }
    }

    /// Returns a time of the past in the local time of now.
    pub(crate) fn local_at(&self, at: UnixSeconds) -> DateTime {
        let ago = at.timestamp().duration_since(self.utc);
        self.local.saturating_add(ago)
    }

    /// Returns the time passed since an earlier moment.
    pub(crate) fn since(&self, earlier: Duration) -> Duration {
        self.elapsed.saturating_sub(earlier)
    }
}
