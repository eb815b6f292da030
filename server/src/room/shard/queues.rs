//! Queues of a shard: sessions that have something to be done, each in a queue once, and timers.

use std::collections::BTreeSet;
use std::time::Duration;

use wac_core::roster::{SessionId, Slot};

/// The queues of a shard. A slot may stay in one after its connection is gone: checking its next
/// holder does no harm.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// Sessions to check.
    pub(super) ready: Queue,
    /// Sessions with private bytes to write, or whose sockets take bytes again.
    pub(super) due: Queue,
    /// Sessions to be read when fewer lines are pending.
    pub(super) unread: Queue,
    /// Sessions whose sockets have refused bytes and have not been reported writable since.
    pub(super) full: Queue,
    /// Sessions that wait for their turn to be shown more of the past.
    pub(super) replaying: Queue,
    /// Sessions whose input waits for an event, or for their answers to be read.
    pub(super) waiting: Slots,
    pub(super) timers: Timers,
}

impl Queues {
    /// Removes a slot from all queues when its connection is gone.
    pub(super) fn forget(&mut self, slot: Slot) {
        for queue in [
            &mut self.ready,
            &mut self.due,
            &mut self.unread,
            &mut self.full,
            &mut self.replaying,
        ] {
            queue.members.remove(slot);
        }
        self.waiting.remove(slot);
    }
}

/// A set of slots, one bit each.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<u64>);

impl Slots {
    /// Adds a slot; returns whether it was missing.
    pub(super) fn insert(&mut self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let was_missing = self.0[word] & bit == 0;
        self.0[word] |= bit;
        was_missing
    }

    /// Removes a slot; returns whether it was there.
    pub(super) fn remove(&mut self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        let Some(word) = self.0.get_mut(word) else {
            return false;
        };
        let was_there = *word & bit != 0;
        *word &= !bit;
        was_there
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds or removes a slot.
    pub(super) fn set(&mut self, slot: Slot, member: bool) {
        if member {
            self.insert(slot);
        } else {
            self.remove(slot);
        }
    }
}

fn place(slot: Slot) -> (usize, u64) {
    (slot.index() / 64, 1 << (slot.0 % 64))
}

/// A queue that holds each slot once.
#[derive(Debug, Default)]
pub(super) struct Queue {
    slots: Vec<Slot>,
    members: Slots,
}

impl Queue {
    pub(super) fn push(&mut self, slot: Slot) {
        if self.members.insert(slot) {
            self.slots.push(slot);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        self.members.contains(slot)
    }

    /// Removes a slot from the queue; returns whether it was there.
    pub(super) fn remove(&mut self, slot: Slot) -> bool {
        self.members.remove(slot)
    }

    /// Takes all slots; each is a member until it is [`remove`](Self::remove)d.
    pub(super) fn take(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.slots)
    }

    /// Puts back the slots that stay, or only the emptied buffer.
    pub(super) fn give_back(&mut self, mut slots: Vec<Slot>) {
        slots.append(&mut self.slots);
        self.slots = slots;
    }
}

/// Timers of the sessions. Times are since the server's start.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Duration, Slot, SessionId)>);

impl Timers {
    pub(super) fn set(&mut self, at: Duration, slot: Slot, id: SessionId) {
        self.0.insert((at, slot, id));
    }

    /// Returns the time of the next timer.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.first().map(|&(at, ..)| at)
    }

    /// Takes a timer that is due: its time, and its slot and session.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Duration, Slot, SessionId)> {
        self.0.first().filter(|&&(at, ..)| at <= now)?;
        self.0.pop_first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_in_a_queue_once_until_it_is_removed() {
        let mut queue = Queue::default();
        [3, 100, 3]
            .map(Slot)
            .into_iter()
            .for_each(|slot| queue.push(slot));
        assert_eq!(queue.take(), [3, 100].map(Slot));
        queue.push(Slot(3));
        assert!(queue.is_empty() && queue.contains(Slot(3)));
        assert!(queue.remove(Slot(3)) && !queue.remove(Slot(3)));
        queue.push(Slot(3));
        queue.give_back(vec![Slot(100)]);
        assert_eq!(queue.take(), [100, 3].map(Slot));
    }
}
