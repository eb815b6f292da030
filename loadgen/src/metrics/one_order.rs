//! One order: everybody who reads a room reads its messages in the same one.
//!
//! The first reader who gets to a place of the order tells which message stands there, and the others have to find it there. Who
//! talks does not read all of them, and who was away without a mark has missed some: both are left out. A message that is lost
//! or comes twice moves all that follow, so strays are told only where nothing else is wrong.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::tally::{Delivery, Fault, Seen};
use crate::plan::ids::{Message, Slot};

/// The order of a run's messages, as far as somebody has read it.
#[derive(Debug)]
pub(crate) struct Order(Box<[AtomicU32]>);

/// No message has this number.
const NOBODY: u32 = u32::MAX;

impl Order {
    pub(crate) fn new(messages: u32) -> Self {
        Self((0..messages).map(|_| AtomicU32::new(NOBODY)).collect())
    }

    /// Returns whether a message stands at a place; it does from now on if none did.
    fn has(&self, place: u32, message: Message) -> bool {
        let Some(there) = self.0.get(place as usize) else {
            return false;
        };
        // Most find what others have found, and only look.
        let mut found = there.load(Relaxed);
        if found == NOBODY {
            let put = there.compare_exchange(NOBODY, message.0, Relaxed, Relaxed);
            found = put.err().unwrap_or(message.0);
        }
        found == message.0
    }
}

/// How far the readers of one worker are in the order.
#[derive(Debug)]
pub(crate) struct Followers {
    /// Of each slot; none of a reader who is left out.
    places: Vec<Option<u32>>,
    strays: u64,
    first: Option<Seen>,
}

impl Followers {
    /// `follows`: for each slot, whether it reads all messages.
    pub(crate) fn new(follows: impl Iterator<Item = bool>) -> Self {
        Self {
            places: follows.map(|follows| follows.then_some(0)).collect(),
            strays: 0,
            first: None,
        }
    }

    /// Leaves a reader out.
    pub(crate) fn leave_out(&mut self, slot: Slot) {
        self.places[slot.index()] = None;
    }

    /// Takes the next message of a reader. With the first that stands elsewhere the reader has strayed, and is left out.
    pub(crate) fn read(
        &mut self,
        order: &Order,
        slot: Slot,
        message: Message,
        seen: impl FnOnce() -> Seen,
    ) {
        let Some(place) = &mut self.places[slot.index()] else {
            return;
        };
        if order.has(*place, message) {
            *place += 1;
            return;
        }
        self.strays += 1;
        self.first.get_or_insert_with(seen);
        self.leave_out(slot);
    }

    /// Counts each stray as reordered.
    pub(crate) fn tell(&self, delivery: &mut Delivery) {
        if let Some(seen) = self.first {
            delivery.note(Fault::Reordered, self.strays, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ids::{Number, User};

    fn strays(read: &[(u32, &[u32])]) -> u64 {
        let order = Order::new(4);
        let mut followers = Followers::new([true, true, false].into_iter());
        for &(slot, messages) in read {
            for &message in messages {
                followers.read(&order, Slot(slot), Message(message), || Seen {
                    at: 0,
                    reader: User(slot),
                    sender: None,
                    number: Some(Number(message)),
                });
            }
        }
        let mut delivery = Delivery::default();
        followers.tell(&mut delivery);
        delivery.reordered
    }

    #[test]
    fn readers_of_one_order_agree_whoever_is_ahead() {
        let read: &[(u32, &[u32])] = &[(0, &[2, 0]), (1, &[2, 0, 1]), (0, &[1, 3]), (1, &[3])];
        assert_eq!(strays(read), 0);
    }

    #[test]
    fn who_reads_another_order_has_strayed_once() {
        assert_eq!(strays(&[(0, &[0, 1, 2, 3]), (1, &[1, 0, 3, 2])]), 1);
    }

    #[test]
    fn who_does_not_read_all_is_left_out() {
        assert_eq!(strays(&[(0, &[0, 1]), (2, &[1])]), 0);
    }
}
