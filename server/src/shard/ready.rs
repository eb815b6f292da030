//! The ready list: what a session's socket wakes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;

use crate::gate::Gate;
use crate::sync::lock;

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
