//! Progress of the journal, as other threads see it, and the waker of its thread.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;

use wac_core::log::Position;

use crate::room::locks::Flag;

/// How far the journal has come, and what is wanted of it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The position up to which marks may be given.
    written: AtomicU64,
    /// The last attempt failed.
    fails: AtomicBool,
    /// Attempts that failed.
    errors: AtomicU64,
    /// Bytes that left the window before they could be written.
    lost_bytes: AtomicU64,
    /// A mark waits.
    asked: Flag,
    ends: AtomicBool,
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Progress {
    /// Describes a journal that has been written up to a position.
    pub(crate) fn at(written: Position) -> Self {
        Self {
            written: AtomicU64::new(written.0),
            ..Self::default()
        }
    }

    /// Returns the position up to which marks may be given.
    pub(crate) fn written(&self) -> Position {
        Position(self.written.load(Ordering::SeqCst))
    }

    pub(crate) fn set_written(&self, written: Position) {
        self.written.store(written.0, Ordering::SeqCst);
    }

    /// Tells whether the journal could not be written lately.
    pub(crate) fn fails(&self) -> bool {
        self.fails.load(Ordering::SeqCst)
    }

    /// Notes how an attempt went; returns whether the one before went otherwise.
    pub(crate) fn note(&self, fails: bool) -> bool {
        self.errors.fetch_add(fails.into(), Ordering::Relaxed);
        self.fails.swap(fails, Ordering::SeqCst) != fails
    }

    /// Tells whether a mark at a position need not wait any more: it can be given, or not for now.
    pub(crate) fn is_decided(&self, at: Position) -> bool {
        self.written() >= at || self.fails()
    }

    /// Returns the number of attempts that failed.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Returns the number of bytes that left the window before they could be written.
    pub(crate) fn lost_bytes(&self) -> u64 {
        self.lost_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn add_lost(&self, bytes: u64) {
        self.lost_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Asks for what is in the log to be written now: a mark waits.
    pub(crate) fn ask(&self) {
        self.asked.set();
        self.unpark();
    }

    /// Tells whether a mark waits that came since the last call.
    pub(super) fn take_asked(&self) -> bool {
        self.asked.take()
    }

    /// Has the journal written to its end.
    pub(super) fn end(&self) {
        self.ends.store(true, Ordering::SeqCst);
        self.unpark();
    }

    pub(super) fn ends(&self) -> bool {
        self.ends.load(Ordering::SeqCst)
    }

    /// Tells whether somebody waits for the journal.
    pub(super) fn is_wanted(&self) -> bool {
        self.asked.is_up() || self.ends()
    }

    /// Wakes the thread if it sleeps; costs a load if it does not.
    pub(crate) fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.unpark();
        }
    }

    /// Announces that the thread sleeps, before its last check for work.
    pub(super) fn prepare_to_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    pub(super) fn stay_awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Notes the thread to be woken.
    pub(super) fn woken(&self, thread: Thread) {
        self.thread.get_or_init(|| thread);
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}
