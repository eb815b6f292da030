//! A count and a sum of hashes for each reader: 16 bytes, however many senders there are.
//!
//! Both are right only if every owed message came exactly once: a count alone lets one loss hide one double.
//! Which message it was can't be told, nor whether it came in order.

use std::collections::HashMap;

use super::readers::Readers;
use super::{Arrival, Faults, Of, Totals};
use crate::plan::random::mix;

/// The books of one worker, for its share of the readers.
#[derive(Debug)]
pub(crate) struct Fingerprints {
    pub(super) readers: Readers,
    prints: Vec<Print>,
    /// For each sender: one more than the highest number anybody has got.
    reached: Vec<u32>,
    /// For readers with corrupt lines: how many stand for what is owed.
    corrupt: HashMap<u32, u64>,
    received: u64,
    pub(super) faults: Faults,
}

/// What one reader got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Print {
    count: u64,
    sum: u64,
}

impl Print {
    fn enter(&mut self, sender: u32, number: u32) {
        self.count += 1;
        let message = u64::from(sender) << 32 | u64::from(number);
        self.sum = self.sum.wrapping_add(mix(message));
    }

    fn add(&mut self, other: Print) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    fn without(self, other: Print) -> Self {
        Self {
            count: self.count - other.count,
            sum: self.sum.wrapping_sub(other.sum),
        }
    }
}

impl Fingerprints {
    pub(super) fn new(of: Of) -> Self {
        let readers = Readers::new(of);
        Self {
            prints: vec![Print::default(); readers.slots().len()],
            readers,
            reached: vec![0; of.senders as usize],
            corrupt: HashMap::new(),
            received: 0,
            faults: Faults::default(),
        }
    }

    pub(super) fn arrived(&mut self, at: u64, slot: u32, sender: u32, number: u32) -> Arrival {
        if self.readers.is_echo(slot, sender) {
            let example = self.readers.example(at, slot, Some(sender), Some(number));
            self.faults.echoed.count_one(example);
            return Arrival::Again;
        }
        self.prints[slot as usize].enter(sender, number);
        self.readers.count(slot);
        let reached = &mut self.reached[sender as usize];
        *reached = (*reached).max(number + 1);
        self.received += 1;
        Arrival::First
    }

    /// It stands for one that is owed, whose place in the sum stays empty.
    pub(super) fn corrupted(&mut self, at: u64, slot: u32, sender: Option<u32>) {
        if sender.is_some_and(|sender| !self.readers.is_echo(slot, sender)) {
            self.readers.count(slot);
            *self.corrupt.entry(slot).or_default() += 1;
        }
        let example = self.readers.example(at, slot, sender, None);
        self.faults.corrupt.count_one(example);
    }

    pub(super) fn reached(&self) -> Vec<u32> {
        self.reached.clone()
    }

    pub(super) fn close(mut self, owed: &[u32]) -> Totals {
        let of_each: Vec<_> = (0..).zip(owed).map(of_sender).collect();
        let mut all = Print::default();
        of_each.iter().for_each(|&print| all.add(print));
        let mut total = 0;
        for slot in self.readers.slots() {
            let own = of_each.get(self.readers.of.share.user(slot) as usize);
            let owed = all.without(own.copied().unwrap_or_default());
            total += self.close_reader(slot, owed);
        }
        Totals {
            owed: total,
            received: self.received,
            grey: 0,
            faults: self.faults,
        }
    }

    /// Returns how much the reader was owed.
    fn close_reader(&mut self, slot: u32, owed: Print) -> u64 {
        let got = self.prints[slot as usize];
        if self.readers.is_excused(slot) {
            return got.count;
        }
        if self.readers.is_owed_nothing(slot) {
            return 0;
        }
        let example = self.readers.example(0, slot, None, None);
        // As many of the one as of the other, but not the same: one of each at least.
        let corrupt = self.corrupt.get(&slot).copied().unwrap_or(0);
        let mixed = u64::from(got.count == owed.count && got.sum != owed.sum);
        let lost = (owed.count + mixed).saturating_sub(got.count + corrupt);
        let doubled = (got.count + mixed).saturating_sub(owed.count);
        self.faults.lost.count_many(example, lost);
        self.faults.doubled.count_many(example, doubled);
        owed.count
    }
}

/// What a reader has who got everything of one sender.
fn of_sender((sender, &owed): (u32, &u32)) -> Print {
    let mut print = Print::default();
    (0..owed).for_each(|number| print.enter(sender, number));
    print
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::share::Share;

    /// Three users, of whom 0 and 1 send two each; reader 2 gets these.
    fn reader_2_gets(arrivals: &[(u32, u32)]) -> Totals {
        let share = Share {
            worker: 0,
            workers: 1,
        };
        let mut ledger = Fingerprints::new(Of {
            share,
            users: 3,
            senders: 2,
            senders_are_deaf: false,
        });
        for number in 0..2 {
            ledger.arrived(1, 0, 1, number);
            ledger.arrived(1, 1, 0, number);
        }
        for &(sender, number) in arrivals {
            ledger.arrived(9, 2, sender, number);
        }
        ledger.close(&[2, 2])
    }

    fn lost_and_doubled(arrivals: &[(u32, u32)]) -> (u64, u64) {
        let faults = reader_2_gets(arrivals).faults;
        (faults.lost.count, faults.doubled.count)
    }

    #[test]
    fn everything_once_is_right_in_any_order() {
        let totals = reader_2_gets(&[(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!((totals.owed, totals.received), (8, 8));
        assert!(!totals.faults.any());
        assert_eq!(lost_and_doubled(&[(1, 1), (0, 1), (1, 0), (0, 0)]), (0, 0));
    }

    #[test]
    fn losses_and_doubles_are_counted_and_don_t_hide_each_other() {
        assert_eq!(lost_and_doubled(&[(0, 0), (1, 0), (1, 1)]), (1, 0));
        assert_eq!(
            lost_and_doubled(&[(0, 0), (0, 1), (0, 1), (1, 0), (1, 1)]),
            (0, 1)
        );
        assert_eq!(lost_and_doubled(&[(0, 0), (0, 0), (1, 0), (1, 1)]), (1, 1));
    }

    #[test]
    fn a_corrupt_line_stands_for_one_that_is_owed() {
        let share = Share {
            worker: 0,
            workers: 1,
        };
        let mut ledger = Fingerprints::new(Of {
            share,
            users: 2,
            senders: 1,
            senders_are_deaf: false,
        });
        ledger.arrived(1, 1, 0, 0);
        ledger.corrupted(2, 1, Some(0));
        assert!(ledger.readers.has_all(1, 2, 0));
        let totals = ledger.close(&[2]);
        assert_eq!((totals.owed, totals.received), (2, 1));
        let faults = totals.faults.each().map(|(_, fault)| fault.count);
        assert_eq!(faults, [0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn an_echo_is_seen_at_once() {
        let faults = reader_2_gets(&[(0, 0), (0, 1), (1, 0), (1, 1)]).faults;
        assert_eq!(faults.echoed.count, 0);
        let share = Share {
            worker: 0,
            workers: 1,
        };
        let mut ledger = Fingerprints::new(Of {
            share,
            users: 3,
            senders: 2,
            senders_are_deaf: false,
        });
        assert_eq!(ledger.arrived(1, 1, 1, 0), Arrival::Again);
        assert_eq!(ledger.faults.echoed.count, 1);
    }
}
