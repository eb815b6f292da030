//! The time, read once for each event.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::DateTime;
use nix::time::{ClockId, clock_gettime};

/// A moment, as the app is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the machine's start; goes on while it sleeps.
    pub elapsed: Duration,
    /// What the clock on the wall shows.
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
