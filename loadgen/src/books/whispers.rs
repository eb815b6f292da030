//! Whispers: each is owed to one reader, and to nobody else.

use std::collections::HashSet;

use super::ledger::{Arrival, Example, Faults, Totals};
use crate::plan::payload::Payload;
use crate::plan::share::Share;

/// The whispers that one worker's readers got.
#[derive(Debug)]
pub(crate) struct Whispers {
    share: Share,
    seen: HashSet<u32>,
    pub(crate) faults: Faults,
}

impl Whispers {
    pub(crate) fn new(share: Share) -> Self {
        Self {
            share,
            seen: HashSet::new(),
            faults: Faults::default(),
        }
    }

    /// Enters a whisper that a reader got.
    pub(crate) fn arrived(
        &mut self,
        payload: &Payload,
        at: u64,
        user: u32,
        whisper: u32,
    ) -> Arrival {
        let example = example(payload, at, user, whisper);
        if payload.receiver(whisper) != user {
            self.faults.leaked.count_one(example);
            return Arrival::Again;
        }
        if !self.seen.insert(whisper) {
            self.faults.doubled.count_one(example);
            return Arrival::Again;
        }
        Arrival::First
    }

    /// Whether it came to whom it was for.
    pub(crate) fn has(&self, whisper: u32) -> bool {
        self.seen.contains(&whisper)
    }

    /// Closes the books: these whispers were taken by the kernel, and of these none is owed that did not come and
    /// is forgiven.
    pub(crate) fn close(
        mut self,
        payload: &Payload,
        taken: &[u32],
        forgiven: impl Fn(u32) -> bool,
    ) -> Totals {
        let own = taken
            .iter()
            .filter(|&&whisper| self.share.holds(payload.receiver(whisper)));
        let mut owed = 0;
        for &whisper in own {
            let came = self.seen.contains(&whisper);
            if !came && forgiven(whisper) {
                continue;
            }
            owed += 1;
            if !came {
                let example = example(payload, 0, payload.receiver(whisper), whisper);
                self.faults.lost.count_one(example);
            }
        }
        Totals {
            owed,
            received: self.seen.len() as u64,
            grey: 0,
            faults: self.faults,
        }
    }
}

fn example(payload: &Payload, at: u64, reader: u32, whisper: u32) -> Example {
    Example {
        at,
        reader,
        sender: Some(payload.schedule().sender(whisper)),
        number: Some(payload.schedule().number(whisper)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::args::values::{Arrival as Due, Size};
    use crate::plan::payload::Make;
    use crate::plan::schedule::{Schedule, Shape};

    const ALONE: Share = Share {
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
                arrival: Due::Even,
                senders: 4,
                seed: 1,
            })),
        })
    }

    #[test]
    fn each_is_owed_once_to_one_reader_unless_it_is_forgiven() {
        let payload = payload();
        let mut whispers = Whispers::new(ALONE);
        for whisper in 0..8 {
            let receiver = payload.receiver(whisper);
            assert_eq!(
                whispers.arrived(&payload, 5, receiver, whisper),
                Arrival::First
            );
        }
        let receiver = payload.receiver(3);
        assert_eq!(whispers.arrived(&payload, 6, receiver, 3), Arrival::Again);
        let other = (receiver + 1) % 4;
        assert_eq!(whispers.arrived(&payload, 7, other, 3), Arrival::Again);
        let all: Vec<u32> = (0..10).collect();
        let totals = whispers.close(&payload, &all, |whisper| whisper == 9);
        assert_eq!((totals.owed, totals.received), (9, 8));
        let faults = totals.faults;
        assert_eq!(
            [faults.lost, faults.doubled, faults.leaked].map(|fault| fault.count),
            [1; 3]
        );
        assert_eq!(faults.leaked.first.map(|first| first.reader), Some(other));
    }
}
