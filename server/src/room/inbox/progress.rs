//! Progress of a shard, as the watchdog sees it.

use std::sync::atomic::{AtomicU64, Ordering};

/// A part of a shard's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Between two turns.
    Rest,
    /// Sockets are read.
    Collect,
    /// Lines are appended, answers and whispers posted.
    Perform,
    /// Sockets are written.
    Write,
}

const STEPS: [Step; 4] = [Step::Rest, Step::Collect, Step::Perform, Step::Write];

/// Counts the steps that a shard has begun; each turn has as many as there are kinds.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

impl Progress {
    /// Notes that the shard begins a step.
    pub(crate) fn begin(&self, step: Step) {
        // Only the shard itself writes it.
        let turns = self.0.load(Ordering::Relaxed) / STEPS.len() as u64;
        let turns = turns + u64::from(step == Step::Rest);
        self.0
            .store(turns * STEPS.len() as u64 + step as u64, Ordering::Relaxed);
    }

    /// Returns a number that changes with each step, and the step.
    pub(crate) fn now(&self) -> (u64, Step) {
        let now = self.0.load(Ordering::Relaxed);
        (now, STEPS[(now % STEPS.len() as u64) as usize])
    }
}
