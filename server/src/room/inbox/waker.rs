//! Waker: wakes a shard that sleeps, at no cost for one that does not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// The waker of a shard. The shard announces that it sleeps *before* its last check for work, so that
/// whoever adds work after that check sees it asleep and wakes it.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    asleep: AtomicBool,
    /// The eventfd that ends the shard's wait. It is never read: its watcher is edge-triggered.
    wire: OnceLock<OwnedFd>,
}

impl Waker {
    /// Opens the descriptor that the shard's poller watches.
    ///
    /// # Errors
    /// If the system has no more descriptors.
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
            // It fails only if 2^64 wake-ups are outstanding, and then the shard is awake.
            let _ = rustix::io::write(wire, &1u64.to_ne_bytes());
        }
    }

    /// Announces that the shard is about to sleep.
    pub(crate) fn prepare_to_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// Announces that the shard is awake.
    pub(crate) fn stay_awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}
