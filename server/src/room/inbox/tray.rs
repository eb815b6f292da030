//! Tray: things that other threads leave for a shard, which sees that there are none without taking a lock.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::room::locks::lock;

/// Things left for a shard, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Tray<T> {
    things: Mutex<Vec<T>>,
    /// Their number, checked before the lock is taken.
    count: AtomicUsize,
}

impl<T> Default for Tray<T> {
    fn default() -> Self {
        Self {
            things: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }
}

impl<T> Tray<T> {
    /// Leaves a thing.
    pub(crate) fn put(&self, thing: T) {
        let mut things = lock(&self.things);
        things.push(thing);
        self.count.store(things.len(), Ordering::SeqCst);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// Takes everything.
    pub(crate) fn take(&self) -> Vec<T> {
        let mut things = lock(&self.things);
        self.count.store(0, Ordering::SeqCst);
        std::mem::take(&mut things)
    }
}
