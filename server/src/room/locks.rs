//! Locks, flags and wake-ups between threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Takes a lock; a shard that panicked has ended the process, so it is never poisoned.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    #[cfg(test)]
    between_locks::go_on();
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A flag that one thread raises before it sleeps and another takes down.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Takes the flag down; returns whether it was up.
    pub(crate) fn take(&self) -> bool {
        // Checking first spares the cache line a write if the flag is down, as it nearly always is.
        self.is_up() && self.0.swap(false, Ordering::SeqCst)
    }
}

/// A task that sleeps until another thread wakes it.
#[derive(Debug, Default)]
pub(crate) struct Sleeper {
    asleep: AtomicBool,
    woken: Notify,
}

impl Sleeper {
    /// Wakes the task if it sleeps; costs a load if it does not.
    pub(crate) fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.woken.notify_one();
        }
    }

    /// Announces that the task sleeps, before its last check for work.
    pub(crate) fn prepare_to_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// Takes the announcement back.
    pub(crate) fn stay_awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Sleeps until the task is woken.
    pub(crate) async fn sleep(&self) {
        self.woken.notified().await;
    }
}

/// A test hook that runs other threads' work just before this thread takes a lock.
#[cfg(test)]
pub(crate) mod between_locks {
    use std::cell::RefCell;
    use std::rc::Rc;

    thread_local! {
        static OTHERS: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    }

    /// Sets the work to run before each lock of this thread.
    pub(crate) fn set(others: Option<Rc<dyn Fn()>>) {
        OTHERS.set(others);
    }

    pub(super) fn go_on() {
        if let Some(others) = OTHERS.with_borrow(Option::clone) {
            others();
        }
    }
}
