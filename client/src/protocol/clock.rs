//! Clock: the time, read once for each event.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::DateTime;
use nix::time::{ClockId, clock_gettime};

/// A moment, as the state machines are told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Time since boot; it advances while the machine sleeps.
    pub elapsed: Duration,
    /// Local date and time.
    pub local: DateTime,
}

impl Now {
    /// Reads the clocks.
    pub(crate) fn read() -> Self {
        let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME)
            .expect("every Linux since 2.6.39 has this clock");
        Self {
            elapsed: since_boot.into(),
            local: Zoned::now().datetime(),
        }
    }
}
