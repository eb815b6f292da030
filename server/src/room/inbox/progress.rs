//! Progress of a shard, as the watchdog sees it.

use std::sync::atomic::{AtomicU64, Ordering};

/// A part of a shard's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnStep {
    /// Between two turns.
    Rest,
    /// Sockets are read.
    Collect,
    /// Lines are appended, whispers posted.
    Perform,
    /// Sockets are written.
    Write,
}

const TURN_STEPS: [TurnStep; 4] = [
    TurnStep::Rest,
    TurnStep::Collect,
    TurnStep::Perform,
    TurnStep::Write,
];

/// A counter of the steps that a shard has begun.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

impl Progress {
    /// Records that the shard begins a step.
    pub(crate) fn begin(&self, step: TurnStep) {
        // Only the shard itself writes it.
        let turns = self.0.load(Ordering::Relaxed) / TURN_STEPS.len() as u64;
        let turns = turns + u64::from(step == TurnStep::Rest);
        self.0.store(
            turns * TURN_STEPS.len() as u64 + step as u64,
            Ordering::Relaxed,
        );
    }

    /// Returns a number that changes with each step, and the current step.
    pub(crate) fn now(&self) -> (u64, TurnStep) {
        let now = self.0.load(Ordering::Relaxed);
        (now, TURN_STEPS[(now % TURN_STEPS.len() as u64) as usize])
    }
}
