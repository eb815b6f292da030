//! What the threads share.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::clock::Clock;
use crate::schedule::Schedule;

/// Shared by all threads of a run.
///
/// # Ordering
/// Relaxed throughout: each value stands for itself. A delivery that is read before the sender's thread
/// could note the sending time is settled later.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// When the sending began; set before the phase is published.
    start: AtomicU64,
    /// When the kernel took the last byte of each message; 0 = it has not.
    written: Box<[AtomicU64]>,
    /// For the progress line, brought up to date once a turn.
    pub(super) joined: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
}

impl Shared {
    pub(super) fn new(messages: u32) -> Self {
        Self {
            clock: Clock::start(),
            start: AtomicU64::new(0),
            written: (0..messages).map(|_| AtomicU64::new(0)).collect(),
            joined: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    pub(super) fn start(&self) -> u64 {
        self.start.load(Relaxed)
    }

    pub(super) fn set_start(&self, at: u64) {
        self.start.store(at, Relaxed);
    }

    /// When the kernel took a message, if it has.
    pub(super) fn written(&self, message: u32) -> Option<u64> {
        match self.written[message as usize].load(Relaxed) {
            0 => None,
            at => Some(at),
        }
    }

    pub(super) fn set_written(&self, message: u32, at: u64) {
        self.written[message as usize].store(at.max(1), Relaxed);
    }

    /// How many messages the kernel has taken of each sender.
    pub(super) fn sent_by(&self, schedule: &Schedule, senders: u32) -> Vec<u32> {
        let mut sent = vec![0; senders as usize];
        for message in (0..schedule.len()).filter(|&message| self.written(message).is_some()) {
            sent[schedule.sender(message) as usize] += 1;
        }
        sent
    }
}
