//! Ready list: the users whose sockets have woken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use crate::plan::ids::Slot;

/// The slots of users whose sockets are ready. Wakes come from the worker's own thread, so the lock is
/// never contended.
#[derive(Debug, Default)]
pub(super) struct ReadyList(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    slots: Vec<Slot>,
    worker: Option<Waker>,
}

impl ReadyList {
    /// Ready when there are slots to look at.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.slots.is_empty() {
            return Poll::Ready(());
        }
        match &mut state.worker {
            Some(worker) => worker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// ChurnState the slots that are ready behind `into`.
    pub(super) fn take(&self, into: &mut Vec<Slot>) {
        into.append(&mut self.lock().slots);
    }

    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// What a user's socket wakes: it puts the user's slot on the ready list, once.
#[derive(Debug)]
pub(super) struct SlotWaker {
    slot: Slot,
    listed: AtomicBool,
    list: Arc<ReadyList>,
}

impl SlotWaker {
    pub(super) fn new(slot: Slot, list: Arc<ReadyList>) -> Arc<Self> {
        Arc::new(Self {
            slot,
            listed: AtomicBool::new(false),
            list,
        })
    }

    /// Notes that the user is being looked at, so that it may be listed again.
    pub(super) fn looked_at(&self) {
        self.listed.store(false, Ordering::Release);
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut state = self.list.lock();
        state.slots.push(self.slot);
        // The first wakes the worker; it takes all.
        if let Some(worker) = state.worker.take() {
            drop(state);
            worker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_listed_once_until_it_is_looked_at() {
        let list = Arc::new(ReadyList::default());
        let waker = SlotWaker::new(Slot(4), list.clone());
        let mut slots = Vec::new();
        waker.wake_by_ref();
        waker.wake_by_ref();
        list.take(&mut slots);
        waker.wake_by_ref();
        list.take(&mut slots);
        assert_eq!(slots, [Slot(4)]);
        waker.looked_at();
        waker.wake_by_ref();
        list.take(&mut slots);
        assert_eq!(slots, [Slot(4), Slot(4)]);
    }
}
