//! The one clock of a run.

use std::time::{Duration, Instant};

use crate::units::nanos;

/// Monotonic time in nanoseconds since the run began; all threads share the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the run began; 64 bits are 584 years.
    pub(crate) fn now(self) -> u64 {
        nanos(self.0.elapsed())
    }

    /// A moment of the run as the runtime's timers want it.
    pub(crate) fn instant(self, at: u64) -> tokio::time::Instant {
        (self.0 + Duration::from_nanos(at)).into()
    }
}
