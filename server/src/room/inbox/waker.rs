//! Waking a shard that sleeps, and only one that does.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// Wakes a shard. The shard says that it sleeps *before* its last look around, so whoever changed
/// something after that look sees it asleep and rings.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    asleep: AtomicBool,
    /// Ends the shard's wait. It is never read: each write is told to an edge-triggered watcher.
    wire: OnceLock<OwnedFd>,
}

impl Waker {
    /// Gives the bell a descriptor to be watched.
    ///
    /// # Errors
    /// The system's, if there are no more descriptors.
    pub(crate) fn open(&self) -> io::Result<BorrowedFd<'_>> {
        let wire = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(self.wire.get_or_init(|| wire).as_fd())
    }

    /// Wakes the shard if it sleeps.
    pub(crate) fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst)
            && self.asleep.swap(false, Ordering::SeqCst)
            && let Some(wire) = self.wire.get()
        {
            // It fails only where 2^64 rings are outstanding: then it is awake.
            let _ = rustix::io::write(wire, &1u64.to_ne_bytes());
        }
    }

    /// Says that the shard is about to sleep.
    pub(crate) fn prepare_to_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// Says that the shard is awake.
    pub(crate) fn wake_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}
