//! Phase of the server's life, shared by all its threads.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The name of the phase in which a node of a cluster has no room yet.
pub(crate) const JOINING: &str = "joining";

/// The phase of the server's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Connections are accepted, read and written.
    Serving,
    /// Nothing more is read; what is pending is performed.
    Draining,
    /// Nothing more is appended; every reader is brought to the end.
    Sealed,
    /// The remaining sessions are cut short.
    Cut,
}

impl Phase {
    /// Every phase, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Serving, Self::Draining, Self::Sealed, Self::Cut];

    /// Returns its name, for programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Sealed => "sealed",
            Self::Cut => "cut",
        }
    }
}

/// The phase, and the number of shards that are done with it.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    phase: AtomicU8,
    /// Shards with nothing pending, in `Draining`.
    pub(crate) settled: AtomicUsize,
    /// Shards with no session left, later.
    pub(crate) empty: AtomicUsize,
}

impl Phases {
    /// Returns the phase.
    pub(crate) fn now(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Serving,
            1 => Phase::Draining,
            2 => Phase::Sealed,
            _ => Phase::Cut,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }
}
