//! Whispers: each is expected by one reader, and by nobody else.

use std::collections::HashSet;

use super::Receipt;
use super::tally::{Delivery, Fault, Seen};
use crate::plan::ids::{Message, Partition, User};
use crate::plan::payload::Payload;

/// The whispers that one worker's readers got.
#[derive(Debug)]
pub(crate) struct Whispers {
    partition: Partition,
    seen: HashSet<Message>,
    delivery: Delivery,
}

impl Whispers {
    pub(crate) fn new(partition: Partition) -> Self {
        Self {
            partition,
            seen: HashSet::new(),
            delivery: Delivery::default(),
        }
    }

    /// Enters a whisper that a reader got.
    pub(crate) fn arrived(
        &mut self,
        payload: &Payload,
        at: u64,
        user: User,
        whisper: Message,
    ) -> Receipt {
        let seen = seen(payload, at, user, whisper);
        if payload.receiver(whisper) != user {
            self.delivery.note(Fault::Leaked, 1, seen);
            return Receipt::Again;
        }
        if !self.seen.insert(whisper) {
            self.delivery.note(Fault::Duplicated, 1, seen);
            return Receipt::Again;
        }
        Receipt::First
    }

    /// Faults seen so far; what is lost is known at the end.
    pub(crate) fn faults(&self) -> u64 {
        self.delivery.wrong()
    }

    /// Whether it came to whom it was for.
    pub(crate) fn has(&self, whisper: Message) -> bool {
        self.seen.contains(&whisper)
    }

    /// Closes the ledger: these whispers were taken by the kernel, and of these none is expected that did not come and
    /// is forgiven.
    pub(crate) fn close(
        mut self,
        payload: &Payload,
        taken: &[Message],
        forgiven: impl Fn(Message) -> bool,
    ) -> Delivery {
        let own = taken
            .iter()
            .filter(|&&whisper| self.partition.holds(payload.receiver(whisper)));
        let mut expected = 0;
        for &whisper in own {
            let came = self.seen.contains(&whisper);
            if !came && forgiven(whisper) {
                continue;
            }
            expected += 1;
            if !came {
                let seen = seen(payload, 0, payload.receiver(whisper), whisper);
                self.delivery.note(Fault::Lost, 1, seen);
            }
        }
        self.delivery.expected = expected;
        self.delivery.received = self.seen.len() as u64;
        self.delivery
    }
}

fn seen(payload: &Payload, at: u64, reader: User, whisper: Message) -> Seen {
    Seen {
        at,
        reader,
        sender: Some(payload.schedule().sender(whisper).into()),
        number: Some(payload.schedule().number(whisper)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::cli::values::{Arrival, Size};
    use crate::plan::payload::Make;
    use crate::plan::schedule::{Schedule, Shape};

    const ALONE: Partition = Partition {
        worker: 0,
        workers: 1,
    };

    /// Ten whispers of four users.
    fn payload() -> Payload {
        Payload::new(Make {
            run: 1,
            seed: 1,
            users: 4,
            size: Size { min: 16, max: 16 },
            schedule: Arc::new(Schedule::new(&Shape {
                stages: vec![(10.0, Duration::from_secs(1))],
                whispers: 1.0,
                arrival: Arrival::Even,
                senders: 4,
                seed: 1,
            })),
        })
    }

    #[test]
    fn each_is_owed_once_to_one_reader_unless_it_is_forgiven() {
        let payload = payload();
        let mut whispers = Whispers::new(ALONE);
        for whisper in (0..8).map(Message) {
            let receiver = payload.receiver(whisper);
            assert_eq!(
                whispers.arrived(&payload, 5, receiver, whisper),
                Receipt::First
            );
        }
        let receiver = payload.receiver(Message(3));
        assert_eq!(
            whispers.arrived(&payload, 6, receiver, Message(3)),
            Receipt::Again
        );
        let other = User((receiver.0 + 1) % 4);
        assert_eq!(
            whispers.arrived(&payload, 7, other, Message(3)),
            Receipt::Again
        );
        let all: Vec<_> = (0..10).map(Message).collect();
        let totals = whispers.close(&payload, &all, |whisper| whisper == Message(9));
        assert_eq!((totals.expected, totals.received), (9, 8));
        assert_eq!([totals.lost, totals.duplicated, totals.leaked], [1; 3]);
        let place = &totals.first[&Fault::Leaked].place;
        assert!(place.starts_with(&format!("at u{other},")), "{place}");
    }
}
