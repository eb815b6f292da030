//! Waking a shard that sleeps, and only one that does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use crate::sync::lock;

/// Wakes a shard. The shard says that it sleeps *before* its last look around, so whoever changed
/// something after that look sees it asleep and rings.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    asleep: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    /// Wakes the shard if it sleeps.
    pub(crate) fn ring(&self) {
        if self.asleep.load(Ordering::SeqCst)
            && self.asleep.swap(false, Ordering::SeqCst)
            && let Some(waker) = &*lock(&self.waker)
        {
            waker.wake_by_ref();
        }
    }

    /// Says that the shard is about to sleep and is woken through `waker`.
    pub(crate) fn fall_asleep(&self, waker: &Waker) {
        let mut kept = lock(&self.waker);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
        drop(kept);
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// Says that the shard is awake.
    pub(crate) fn wake_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}
