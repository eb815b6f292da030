//! What each reader got of each sender, against what it was owed.
//!
//! For every (reader, sender) the ledger knows the next number expected. A higher one leaves a gap; a
//! lower one fills a gap (it was swapped with a later one) or came before (doubled). What is still
//! missing at the end was lost. No heap is used for a pair until something goes wrong with it.

use std::collections::HashMap;
use std::ops::Range;

use crate::share::Share;

/// The books of one worker, for its share of the readers.
#[derive(Debug)]
pub(crate) struct Ledger {
    share: Share,
    senders: u32,
    /// The next number expected, for each slot and sender.
    next: Vec<u32>,
    /// What is missing below `next`, in ascending order.
    gaps: HashMap<(u32, u32), Vec<Range<u32>>>,
    /// For each slot: messages that came, or a corrupt line in their place.
    accounted: Vec<u32>,
    /// Slots that are owed no more than they got.
    excused: Vec<bool>,
    received: u64,
    faults: Faults,
}

/// Whether a message came for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    First,
    Again,
}

/// One kind of fault: how often, and where first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) count: u64,
    pub(crate) first: Option<Example>,
}

/// Where a fault was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Example {
    /// When, in nanoseconds of the run; what was lost has no time.
    pub(crate) at: u64,
    pub(crate) reader: u32,
    /// None if the line did not tell.
    pub(crate) sender: Option<u32>,
    /// The sender's own count, from 0.
    pub(crate) number: Option<u32>,
}

/// Wrong deliveries, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: Fault,
    pub(crate) doubled: Fault,
    pub(crate) swapped: Fault,
    pub(crate) echoed: Fault,
    pub(crate) corrupt: Fault,
}

/// The closed books: `owed` = `received` + lost + corrupt, where each corrupt line stands for one owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) owed: u64,
    pub(crate) received: u64,
    pub(crate) faults: Faults,
}

impl Ledger {
    pub(crate) fn new(share: Share, users: u32, senders: u32) -> Self {
        let readers = share.of(users) as usize;
        Self {
            share,
            senders,
            next: vec![0; readers * senders as usize],
            gaps: HashMap::new(),
            accounted: vec![0; readers],
            excused: vec![false; readers],
            received: 0,
            faults: Faults::default(),
        }
    }

    /// Enters a message that a reader got.
    pub(crate) fn arrived(&mut self, at: u64, slot: u32, sender: u32, number: u32) -> Arrival {
        if self.share.user(slot) == sender {
            let example = self.example(at, slot, Some(sender), Some(number));
            self.faults.echoed.count_one(example);
            return Arrival::Again;
        }
        let place = self.place(slot, sender);
        let next = &mut self.next[place];
        if number < *next {
            return self.arrived_late(at, slot, sender, number);
        }
        let missing = *next..number;
        *next = number + 1;
        if !missing.is_empty() {
            self.gaps.entry((slot, sender)).or_default().push(missing);
        }
        self.enter(slot)
    }

    /// Enters a line that is not what was sent. With its sender known, it takes the place of the next
    /// number expected.
    pub(crate) fn corrupted(&mut self, at: u64, slot: u32, sender: Option<u32>) {
        let expected = sender.filter(|&sender| sender != self.share.user(slot));
        let number = expected.map(|sender| {
            let place = self.place(slot, sender);
            self.next[place] += 1;
            self.accounted[slot as usize] += 1;
            self.next[place] - 1
        });
        let example = self.example(at, slot, sender, number);
        self.faults.corrupt.count_one(example);
    }

    /// Excuses the server: this reader's connection was closed with a reason, and is owed nothing more.
    pub(crate) fn excuse(&mut self, slot: u32) {
        self.excused[slot as usize] = true;
    }

    pub(crate) fn is_excused(&self, slot: u32) -> bool {
        self.excused[slot as usize]
    }

    /// How many messages a reader has got, or a corrupt line in their place.
    pub(crate) fn accounted(&self, slot: u32) -> u32 {
        self.accounted[slot as usize]
    }

    /// For each sender: one more than the highest number any of these readers has got.
    pub(crate) fn reached(&self) -> Vec<u32> {
        let mut reached = vec![0; self.senders as usize];
        for row in self.next.chunks_exact(self.senders as usize) {
            for (reached, next) in reached.iter_mut().zip(row) {
                *reached = (*next).max(*reached);
            }
        }
        reached
    }

    /// Closes the books: each sender owed everybody else so many messages.
    pub(crate) fn close(mut self, owed: &[u32]) -> Totals {
        let mut total = 0;
        for slot in 0..u32::try_from(self.accounted.len()).expect("slots are 32 bits") {
            total += match self.excused[slot as usize] {
                true => u64::from(self.accounted[slot as usize]),
                false => self.close_reader(slot, owed),
            };
        }
        Totals {
            owed: total,
            received: self.received,
            faults: self.faults,
        }
    }

    /// Returns what the reader was owed.
    fn close_reader(&mut self, slot: u32, owed: &[u32]) -> u64 {
        let mut total = 0;
        for (sender, &owed) in (0..).zip(owed) {
            if self.share.user(slot) != sender {
                total += u64::from(owed);
                self.close_pair(slot, sender, owed);
            }
        }
        total
    }

    fn close_pair(&mut self, slot: u32, sender: u32, owed: u32) {
        let gaps = self.gaps.remove(&(slot, sender)).unwrap_or_default();
        let tail = self.next[self.place(slot, sender)]..owed;
        for missing in gaps
            .into_iter()
            .chain([tail])
            .filter(|range| !range.is_empty())
        {
            let example = self.example(0, slot, Some(sender), Some(missing.start));
            self.faults.lost.count_one(example);
            self.faults.lost.count += u64::from(missing.end - missing.start - 1);
        }
    }

    fn arrived_late(&mut self, at: u64, slot: u32, sender: u32, number: u32) -> Arrival {
        let example = self.example(at, slot, Some(sender), Some(number));
        let filled = self
            .gaps
            .get_mut(&(slot, sender))
            .is_some_and(|gaps| fill(gaps, number));
        if filled {
            self.faults.swapped.count_one(example);
            self.enter(slot)
        } else {
            self.faults.doubled.count_one(example);
            Arrival::Again
        }
    }

    fn enter(&mut self, slot: u32) -> Arrival {
        self.received += 1;
        self.accounted[slot as usize] += 1;
        Arrival::First
    }

    fn place(&self, slot: u32, sender: u32) -> usize {
        slot as usize * self.senders as usize + sender as usize
    }

    fn example(&self, at: u64, slot: u32, sender: Option<u32>, number: Option<u32>) -> Example {
        Example {
            at,
            reader: self.share.user(slot),
            sender,
            number,
        }
    }
}

/// Takes a number out of the gaps; returns whether it was in one.
fn fill(gaps: &mut Vec<Range<u32>>, number: u32) -> bool {
    let Some(at) = gaps.iter().position(|gap| gap.contains(&number)) else {
        return false;
    };
    let gap = gaps[at].clone();
    let rest = [gap.start..number, number + 1..gap.end];
    gaps.splice(at..=at, rest.into_iter().filter(|gap| !gap.is_empty()));
    true
}

impl Fault {
    fn count_one(&mut self, example: Example) {
        self.count += 1;
        self.first.get_or_insert(example);
    }

    fn add(&mut self, other: Fault) {
        self.count += other.count;
        let order = |example: &Example| (example.at, example.reader);
        self.first = self.first.into_iter().chain(other.first).min_by_key(order);
    }
}

impl Faults {
    /// Each kind with its word, in the order they are told.
    pub(crate) fn each(&self) -> [(&'static str, Fault); 5] {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("swapped", self.swapped),
            ("echoed", self.echoed),
            ("corrupt", self.corrupt),
        ]
    }

    pub(crate) fn any(&self) -> bool {
        self.each().iter().any(|(_, fault)| fault.count > 0)
    }
}

impl Totals {
    /// Adds the books of another worker.
    pub(crate) fn add(&mut self, other: Totals) {
        self.owed += other.owed;
        self.received += other.received;
        let (faults, of) = (&mut self.faults, other.faults);
        faults.lost.add(of.lost);
        faults.doubled.add(of.doubled);
        faults.swapped.add(of.swapped);
        faults.echoed.add(of.echoed);
        faults.corrupt.add(of.corrupt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three users, of whom 0 and 1 send; reader 2 gets these (sender, number), and each sender sent 4.
    fn reader_2_gets(arrivals: &[(u32, u32)]) -> Totals {
        let mut ledger = ledger();
        for &(sender, number) in arrivals {
            ledger.arrived(9, 2, sender, number);
        }
        close(ledger)
    }

    fn ledger() -> Ledger {
        let alone = Share {
            worker: 0,
            workers: 1,
        };
        let mut ledger = Ledger::new(alone, 3, 2);
        for number in 0..4 {
            ledger.arrived(1, 0, 1, number);
            ledger.arrived(1, 1, 0, number);
        }
        ledger
    }

    fn close(ledger: Ledger) -> Totals {
        ledger.close(&[4, 4])
    }

    fn counts(totals: &Totals) -> [u64; 5] {
        totals.faults.each().map(|(_, fault)| fault.count)
    }

    #[test]
    fn everything_once_and_in_order_is_right() {
        let totals = reader_2_gets(&[
            (0, 0),
            (1, 0),
            (1, 1),
            (0, 1),
            (0, 2),
            (0, 3),
            (1, 2),
            (1, 3),
        ]);
        assert!(!totals.faults.any());
        assert_eq!((totals.owed, totals.received), (16, 16));
    }

    #[test]
    fn what_never_comes_is_lost_in_the_middle_and_at_the_end() {
        let totals = reader_2_gets(&[(0, 0), (0, 3), (1, 0), (1, 1)]);
        assert_eq!(counts(&totals), [4, 0, 0, 0, 0]);
        assert_eq!((totals.owed, totals.received), (16, 12));
        let first = totals.faults.lost.first.unwrap();
        assert_eq!(
            (first.reader, first.sender, first.number),
            (2, Some(0), Some(1))
        );
    }

    #[test]
    fn what_comes_twice_is_doubled_and_does_not_hide_a_loss() {
        let totals = reader_2_gets(&[
            (0, 0),
            (0, 1),
            (0, 1),
            (0, 3),
            (1, 0),
            (1, 1),
            (1, 2),
            (1, 3),
        ]);
        assert_eq!(counts(&totals), [1, 1, 0, 0, 0]);
        assert_eq!((totals.owed, totals.received), (16, 15));
    }

    #[test]
    fn a_late_one_is_swapped_once_and_doubled_when_it_comes_again() {
        let rest = [(0, 3), (1, 0), (1, 1), (1, 2), (1, 3)];
        let late = [(0, 0), (0, 2), (0, 1), (0, 1)];
        let totals = reader_2_gets(&[&late[..], &rest].concat());
        assert_eq!(counts(&totals), [0, 1, 1, 0, 0]);
        assert_eq!((totals.owed, totals.received), (16, 16));
    }

    #[test]
    fn a_gap_of_many_is_filled_in_any_order() {
        let backwards = [
            (0, 3),
            (0, 1),
            (0, 2),
            (0, 0),
            (1, 0),
            (1, 1),
            (1, 2),
            (1, 3),
        ];
        assert_eq!(counts(&reader_2_gets(&backwards)), [0, 0, 3, 0, 0]);
    }

    #[test]
    fn a_senders_own_message_is_an_echo_and_no_delivery() {
        let mut ledger = ledger();
        assert_eq!(ledger.arrived(5, 0, 0, 0), Arrival::Again);
        let totals = close(ledger);
        assert_eq!(counts(&totals), [8, 0, 0, 1, 0]);
        assert_eq!(totals.received, 8);
    }

    #[test]
    fn a_corrupt_line_takes_the_place_of_the_next_expected() {
        let mut ledger = ledger();
        ledger.arrived(5, 2, 0, 0);
        ledger.corrupted(6, 2, Some(0));
        ledger.arrived(7, 2, 0, 2);
        ledger.arrived(7, 2, 0, 3);
        (0..4).for_each(|number| _ = ledger.arrived(8, 2, 1, number));
        assert_eq!(ledger.accounted(2), 8);
        let totals = close(ledger);
        assert_eq!(counts(&totals), [0, 0, 0, 0, 1]);
        assert_eq!((totals.owed, totals.received), (16, 15));
        assert_eq!(totals.faults.corrupt.first.unwrap().number, Some(1));
    }

    #[test]
    fn an_excused_reader_is_owed_what_it_got() {
        let mut ledger = ledger();
        ledger.arrived(5, 2, 0, 0);
        ledger.excuse(2);
        let totals = close(ledger);
        assert!(!totals.faults.any());
        assert_eq!((totals.owed, totals.received), (9, 9));
    }

    #[test]
    fn reached_is_what_anybody_has_got() {
        let mut ledger = ledger();
        ledger.arrived(5, 2, 1, 6);
        assert_eq!(ledger.reached(), [4, 7]);
    }

    #[test]
    fn the_first_example_of_two_books_is_the_earlier() {
        let fault = |at| Fault {
            count: 1,
            first: Some(Example {
                at,
                reader: 1,
                sender: None,
                number: None,
            }),
        };
        let mut sum = fault(8);
        sum.add(fault(3));
        assert_eq!(
            sum,
            Fault {
                count: 2,
                ..fault(3)
            }
        );
    }
}
