//! What each reader got of what was said to the room, against what it was owed.
//!
//! A message is owed to everyone but its sender once the kernel has taken it whole. To a user who comes later
//! it is owed if it was begun after the login was confirmed, and to a user who leaves, if it came before: what
//! overlaps a join or a leave is grey.

mod fault;
mod fingerprint;
mod full;
mod readers;

pub(crate) use fault::{Arrival, Example, Faults, Totals};
pub(crate) use fingerprint::Fingerprints;
pub(crate) use full::Numbers;

use crate::args::values::Verify;
use crate::plan::share::Share;

/// The books of one worker, for its share of the readers.
#[derive(Debug)]
pub(crate) enum Ledger {
    Full(Numbers),
    Fingerprint(Fingerprints),
}

/// Whose books they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) share: Share,
    pub(crate) users: u32,
    pub(crate) senders: u32,
    /// Those who send read nothing, and are owed nothing.
    pub(crate) senders_are_deaf: bool,
}

impl Ledger {
    pub(crate) fn new(verify: Verify, of: Of) -> Self {
        match verify {
            Verify::Full => Self::Full(Numbers::new(of)),
            Verify::Fingerprint => Self::Fingerprint(Fingerprints::new(of)),
        }
    }

    /// Enters a message that a reader got.
    pub(crate) fn arrived(&mut self, at: u64, slot: u32, sender: u32, number: u32) -> Arrival {
        match self {
            Self::Full(numbers) => numbers.arrived(at, slot, sender, number),
            Self::Fingerprint(prints) => prints.arrived(at, slot, sender, number),
        }
    }

    /// Enters a line that is not what was sent.
    pub(crate) fn corrupted(&mut self, at: u64, slot: u32, sender: Option<u32>) {
        match self {
            Self::Full(numbers) => numbers.corrupted(at, slot, sender),
            Self::Fingerprint(prints) => prints.corrupted(at, slot, sender),
        }
    }

    /// A reader who was away is logged in again. `begun`: how many messages each sender has begun.
    pub(crate) fn came_back(&mut self, slot: u32, begun: &[u32]) {
        if let Self::Full(numbers) = self {
            numbers.came_back(slot, begun);
        }
    }

    /// A reader begins to leave.
    pub(crate) fn leaves(&mut self, slot: u32) {
        if let Self::Full(numbers) = self {
            numbers.leaves(slot);
        }
    }

    /// Excuses the server: this reader's connection was closed with a reason, and is owed nothing more.
    pub(crate) fn excuse(&mut self, slot: u32) {
        match self {
            Self::Full(numbers) => numbers.readers.excuse(slot),
            Self::Fingerprint(prints) => prints.readers.excuse(slot),
        }
    }

    /// Excuses all readers: what they did not get was not waited for.
    pub(crate) fn excuse_all(&mut self) {
        match self {
            Self::Full(numbers) => numbers.readers.excuse_all(),
            Self::Fingerprint(prints) => prints.readers.excuse_all(),
        }
    }

    pub(crate) fn is_excused(&self, slot: u32) -> bool {
        match self {
            Self::Full(numbers) => numbers.readers.is_excused(slot),
            Self::Fingerprint(prints) => prints.readers.is_excused(slot),
        }
    }

    /// Whether a reader has got as many messages as it is owed, where the senders have sent so many together
    /// (`all`) and the reader itself so many of these (`own`).
    pub(crate) fn has_all(&self, slot: u32, all: u32, own: u32) -> bool {
        match self {
            Self::Full(numbers) => numbers.readers.has_all(slot, all, own),
            Self::Fingerprint(prints) => prints.readers.has_all(slot, all, own),
        }
    }

    /// For each sender: one more than the highest number any of these readers has got.
    pub(crate) fn reached(&self) -> Vec<u32> {
        match self {
            Self::Full(numbers) => numbers.reached(),
            Self::Fingerprint(prints) => prints.reached(),
        }
    }

    /// Faults seen so far; what is lost is known at the end.
    pub(crate) fn faults(&self) -> u64 {
        match self {
            Self::Full(numbers) => numbers.faults.count(),
            Self::Fingerprint(prints) => prints.faults.count(),
        }
    }

    /// Closes the books: each sender owed everybody else so many messages.
    pub(crate) fn close(self, owed: &[u32]) -> Totals {
        match self {
            Self::Full(numbers) => numbers.close(owed),
            Self::Fingerprint(prints) => prints.close(owed),
        }
    }
}
