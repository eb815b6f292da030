//! Waking a shard that sleeps, and only one that does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use super::Gate;
use crate::shared::lock;

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
    pub(super) fn fall_asleep(&self, waker: &Waker) {
        let mut kept = lock(&self.waker);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
        drop(kept);
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// Says that the shard is awake.
    pub(super) fn wake_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}

/// The slots of sessions whose sockets are ready.
#[derive(Debug)]
pub(super) struct ReadyList {
    slots: Mutex<Vec<u32>>,
    gate: Arc<Gate>,
}

impl ReadyList {
    pub(super) fn new(gate: Arc<Gate>) -> Arc<Self> {
        Arc::new(Self {
            slots: Mutex::default(),
            gate,
        })
    }

    /// Moves the slots that are ready behind `into`.
    pub(super) fn take(&self, into: &mut Vec<u32>) {
        into.append(&mut lock(&self.slots));
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.slots).is_empty()
    }
}

/// What a session's socket wakes: it puts the session's slot on the ready list, once.
#[derive(Debug)]
pub(super) struct SlotWaker {
    slot: u32,
    listed: AtomicBool,
    list: Arc<ReadyList>,
}

impl SlotWaker {
    pub(super) fn new(slot: u32, list: Arc<ReadyList>) -> Arc<Self> {
        Arc::new(Self {
            slot,
            listed: AtomicBool::new(false),
            list,
        })
    }

    /// Notes that the session is being looked at, so that it may be listed again.
    pub(super) fn looked_at(&self) {
        self.listed.store(false, Ordering::Release);
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            lock(&self.list.slots).push(self.slot);
            self.list.gate.bell.ring();
        }
    }
}
