//! Sequence ledger: what each reader got of what was said to the room, against what was expected.
//!
//! A message is expected by everyone but its sender once the kernel has taken it whole. A user who comes later
//! expects it if it was begun after the login was confirmed, and one who leaves, if it came before: what overlaps a
//! join or a leave is indeterminate.
//!
//! The ledger keeps the next number of every sender, for every reader. A higher one leaves a gap; a lower one fills
//! a gap (it was reordered) or came before (duplicated). What is still missing at the end was lost. No
//! heap is used for a pair until something goes wrong with it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Receipt;
use super::catch_up::Said;
use super::tally::{Delivery, Fault, Seen};
use crate::plan::ids::{Number, Partition, Sender, Slot, User};

/// The ledger of one worker, for its part of the readers.
#[derive(Debug)]
pub(crate) struct Ledger {
    readers: Readers,
    /// The next number expected, for each slot and sender.
    next: Vec<u32>,
    /// What is missing below `next`, in ascending order.
    gaps: HashMap<(Slot, Sender), Vec<Range<u32>>>,
    /// For readers who came back: how many messages each sender had begun then.
    before: HashMap<Slot, Box<[u32]>>,
    /// What readers had, and the room forgot: it may come once more.
    forgotten: HashSet<(Slot, Said)>,
    /// What readers expected who left.
    expected_before: u64,
    /// For each sender: one more than the highest number anybody has got.
    reached: Vec<u32>,
    delivery: Delivery,
}

/// Whose ledger it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) partition: Partition,
    pub(crate) users: u32,
    pub(crate) senders: u32,
    /// Those who send read nothing, and expect nothing.
    pub(crate) senders_are_deaf: bool,
}

impl Ledger {
    pub(crate) fn new(of: Of) -> Self {
        let readers = Readers::new(of);
        Self {
            next: vec![0; readers.each.len() * of.senders as usize],
            readers,
            gaps: HashMap::new(),
            before: HashMap::new(),
            forgotten: HashSet::new(),
            expected_before: 0,
            reached: vec![0; of.senders as usize],
            delivery: Delivery::default(),
        }
    }

    /// Enters a message that a reader got.
    pub(crate) fn arrived(
        &mut self,
        at: u64,
        slot: Slot,
        sender: Sender,
        number: Number,
    ) -> Receipt {
        if self.readers.is_echo(slot, sender) {
            let seen = self
                .readers
                .seen(at, slot, Some(sender.into()), Some(number));
            self.delivery.note(Fault::Echoed, 1, seen);
            return Receipt::Again;
        }
        if self.readers.is_away(slot) {
            return self.note_indeterminate();
        }
        let place = self.place(slot, sender);
        let next = &mut self.next[place];
        if number.0 < *next {
            return self.arrived_late(at, slot, sender, number);
        }
        let missing = *next..number.0;
        *next = number.0 + 1;
        let reached = &mut self.reached[sender.index()];
        *reached = (*reached).max(number.0 + 1);
        if !missing.is_empty() {
            self.gaps.entry((slot, sender)).or_default().push(missing);
        }
        self.enter(slot)
    }

    /// Enters a message that a replay brought.
    pub(crate) fn replayed(&mut self, at: u64, slot: Slot, (sender, number): Said) -> Receipt {
        let receipt = self.arrived(at, slot, sender, number);
        if receipt != Receipt::First {
            return receipt;
        }
        self.delivery.replayed += 1;
        Receipt::Replayed
    }

    /// Enters a message that a reader had, and that was not in its replay.
    pub(crate) fn forgotten(&mut self, at: u64, slot: Slot, said: Said) {
        let (sender, number) = said;
        let seen = self
            .readers
            .seen(at, slot, Some(sender.into()), Some(number));
        self.delivery.note(Fault::Forgotten, 1, seen);
        self.delivery.missing.add(sender, number.0..number.0 + 1);
        self.forgotten.insert((slot, said));
    }

    /// With its sender known, it takes the place of the next number expected.
    pub(crate) fn corrupted(&mut self, at: u64, slot: Slot, sender: Option<User>) {
        let expected = sender.map(|sender| Sender(sender.0)).filter(|&sender| {
            sender.0 < self.readers.of.senders
                && !self.readers.is_echo(slot, sender)
                && !self.readers.is_away(slot)
        });
        let number = expected.map(|sender| {
            let place = self.place(slot, sender);
            self.next[place] += 1;
            self.readers.count(slot);
            Number(self.next[place] - 1)
        });
        let seen = self.readers.seen(at, slot, sender, number);
        self.delivery.note(Fault::Corrupt, 1, seen);
    }

    /// A reader who was away is logged in again. `begun`: how many messages each sender has begun.
    pub(crate) fn came_back(&mut self, slot: Slot, begun: &[u32]) {
        for (sender, &begun) in (0..).map(Sender).zip(begun) {
            let place = self.place(slot, sender);
            self.next[place] = begun;
        }
        let own = begun.get(self.readers.of.partition.user(slot).index());
        let all: u32 = begun.iter().sum();
        self.readers
            .came_back(slot, all - own.copied().unwrap_or(0));
        self.before.insert(slot, begun.into());
    }

    /// What it has not got by now is not expected, and indeterminate if it comes; a gap, behind which something came, is lost.
    pub(crate) fn leaves(&mut self, slot: Slot) {
        let before = self.before.remove(&slot);
        let before = |sender: Sender| before.as_ref().map_or(0, |begun| begun[sender.index()]);
        for sender in (0..self.readers.of.senders).map(Sender) {
            if !self.readers.is_echo(slot, sender) {
                let next = self.next[self.place(slot, sender)];
                self.expected_before += u64::from(next - before(sender));
                self.close_pair(slot, sender, next);
            }
        }
        self.readers.leaves(slot);
    }

    /// Excuses the server: this reader's connection was closed with a reason, and expects nothing more.
    pub(crate) fn excuse(&mut self, slot: Slot) {
        self.readers.excuse(slot);
    }

    /// Excuses all readers: what they did not get was not waited for.
    pub(crate) fn excuse_all(&mut self) {
        self.readers.excuse_all();
    }

    pub(crate) fn is_excused(&self, slot: Slot) -> bool {
        self.readers.is_excused(slot)
    }

    /// Whether a reader has got as many messages as it expects, where the senders have sent so many together
    /// (`all`) and the reader itself so many of these (`own`).
    pub(crate) fn has_all(&self, slot: Slot, all: u32, own: u32) -> bool {
        self.readers.has_all(slot, all, own)
    }

    /// Faults seen so far; what is lost is known at the end.
    pub(crate) fn faults(&self) -> u64 {
        self.delivery.wrong()
    }

    /// For each sender: one more than the highest number any of these readers has got.
    pub(crate) fn reached(&self) -> Vec<u32> {
        self.reached.clone()
    }

    /// Closes the ledger: each sender expected everybody else so many messages.
    pub(crate) fn close(mut self, expected: &[u32]) -> Delivery {
        let mut total = self.expected_before;
        for slot in self.readers.slots() {
            total += if self.readers.is_excused(slot) {
                u64::from(self.readers.accounted(slot))
            } else {
                self.close_reader(slot, expected)
            };
        }
        self.delivery.expected = total;
        self.delivery
    }

    /// Returns what the reader was expected.
    fn close_reader(&mut self, slot: Slot, expected: &[u32]) -> u64 {
        if self.readers.expects_nothing(slot) {
            return 0;
        }
        let before = self.before.remove(&slot);
        let mut total = 0;
        for (sender, &expected) in (0..).map(Sender).zip(expected) {
            if !self.readers.is_echo(slot, sender) {
                let before = before.as_ref().map_or(0, |begun| begun[sender.index()]);
                total += u64::from(expected.saturating_sub(before));
                self.close_pair(slot, sender, expected);
            }
        }
        total
    }

    fn close_pair(&mut self, slot: Slot, sender: Sender, expected: u32) {
        let gaps = self.gaps.remove(&(slot, sender)).unwrap_or_default();
        let tail = self.next[self.place(slot, sender)]..expected;
        for missing in gaps.into_iter().chain([tail]) {
            let seen = self
                .readers
                .seen(0, slot, Some(sender.into()), Some(Number(missing.start)));
            let count = missing.len() as u64;
            self.delivery.note(Fault::Lost, count, seen);
            self.delivery.missing.add(sender, missing);
        }
    }

    fn arrived_late(&mut self, at: u64, slot: Slot, sender: Sender, number: Number) -> Receipt {
        let before = self.before.get(&slot);
        if before.is_some_and(|begun| number.0 < begun[sender.index()]) {
            return self.note_indeterminate();
        }
        if self.forgotten.remove(&(slot, (sender, number))) {
            return Receipt::Again;
        }
        let seen = self
            .readers
            .seen(at, slot, Some(sender.into()), Some(number));
        let filled = self
            .gaps
            .get_mut(&(slot, sender))
            .is_some_and(|gaps| fill(gaps, number));
        if filled {
            self.delivery.note(Fault::Reordered, 1, seen);
            self.enter(slot)
        } else {
            self.delivery.note(Fault::Duplicated, 1, seen);
            Receipt::Again
        }
    }

    fn note_indeterminate(&mut self) -> Receipt {
        self.delivery.indeterminate += 1;
        Receipt::Indeterminate
    }

    fn enter(&mut self, slot: Slot) -> Receipt {
        self.delivery.received += 1;
        self.readers.count(slot);
        Receipt::First
    }

    fn place(&self, slot: Slot, sender: Sender) -> usize {
        slot.index() * self.readers.of.senders as usize + sender.index()
    }
}

/// Takes a number out of the gaps; returns whether it was in one.
fn fill(gaps: &mut Vec<Range<u32>>, Number(number): Number) -> bool {
    let Some(at) = gaps.iter().position(|gap| gap.contains(&number)) else {
        return false;
    };
    let gap = gaps[at].clone();
    let rest = [gap.start..number, number + 1..gap.end];
    gaps.splice(at..=at, rest.into_iter().filter(|gap| !gap.is_empty()));
    true
}

/// The readers of one worker, by their slots.
#[derive(Debug)]
struct Readers {
    of: Of,
    each: Vec<Reader>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Reader {
    /// Messages that came, or a corrupt line in their place, since it came last.
    accounted: u32,
    /// Messages begun before it came last, its own aside.
    before: u32,
    /// It expects no more than it got.
    excused: bool,
    away: bool,
}

impl Readers {
    fn new(of: Of) -> Self {
        let readers = of.partition.of(of.users) as usize;
        Self {
            of,
            each: vec![Reader::default(); readers],
        }
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        self.of.partition.slots(self.of.users)
    }

    /// Whether a message of its own came back to a reader.
    fn is_echo(&self, slot: Slot, sender: Sender) -> bool {
        self.of.partition.user(slot) == sender.into()
    }

    fn count(&mut self, slot: Slot) {
        self.each[slot.index()].accounted += 1;
    }

    fn accounted(&self, slot: Slot) -> u32 {
        self.each[slot.index()].accounted
    }

    fn came_back(&mut self, slot: Slot, before: u32) {
        let reader = &mut self.each[slot.index()];
        reader.away = false;
        reader.accounted = 0;
        reader.before = before;
    }

    fn leaves(&mut self, slot: Slot) {
        let reader = &mut self.each[slot.index()];
        reader.away = true;
        reader.accounted = 0;
    }

    fn is_away(&self, slot: Slot) -> bool {
        self.each[slot.index()].away
    }

    /// It expects nothing: it can't read, or is away.
    fn expects_nothing(&self, slot: Slot) -> bool {
        let sends = self.of.partition.user(slot).0 < self.of.senders;
        self.is_away(slot) || (self.of.senders_are_deaf && sends)
    }

    fn excuse(&mut self, slot: Slot) {
        self.each[slot.index()].excused = true;
    }

    fn excuse_all(&mut self) {
        self.each
            .iter_mut()
            .for_each(|reader| reader.excused = true);
    }

    fn is_excused(&self, slot: Slot) -> bool {
        self.each[slot.index()].excused
    }

    fn has_all(&self, slot: Slot, all: u32, own: u32) -> bool {
        let reader = &self.each[slot.index()];
        self.expects_nothing(slot)
            || u64::from(reader.accounted) + u64::from(reader.before) + u64::from(own)
                >= u64::from(all)
    }

    fn seen(&self, at: u64, slot: Slot, sender: Option<User>, number: Option<Number>) -> Seen {
        Seen {
            at,
            reader: self.of.partition.user(slot),
            sender,
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ids::{Number, Partition, Sender, Slot, User};

    /// One worker with three users, of whom 0 and 1 send.
    const OF: Of = Of {
        partition: Partition {
            worker: 0,
            workers: 1,
        },
        users: 3,
        senders: 2,
        senders_are_deaf: false,
    };

    /// Three users, of whom 0 and 1 send; reader 2 gets these (sender, number), and each sender sent 4.
    fn reader_2_gets(arrivals: &[(u32, u32)]) -> Delivery {
        let mut ledger = ledger();
        for &(sender, number) in arrivals {
            ledger.arrived(9, Slot(2), Sender(sender), Number(number));
        }
        close(ledger)
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(OF);
        for number in 0..4 {
            ledger.arrived(1, Slot(0), Sender(1), Number(number));
            ledger.arrived(1, Slot(1), Sender(0), Number(number));
        }
        ledger
    }

    fn close(ledger: Ledger) -> Delivery {
        ledger.close(&[4, 4])
    }

    fn counts(totals: &Delivery) -> [u64; 7] {
        totals.faults().map(|(_, count)| count)
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
        assert!(totals.wrong() == 0);
        assert_eq!((totals.expected, totals.received), (16, 16));
    }

    #[test]
    fn what_never_comes_is_lost_in_the_middle_and_at_the_end() {
        let totals = reader_2_gets(&[(0, 0), (0, 3), (1, 0), (1, 1)]);
        assert_eq!(counts(&totals), [4, 0, 0, 0, 0, 0, 0]);
        assert_eq!((totals.expected, totals.received), (16, 12));
        assert_eq!(totals.first[&Fault::Lost].place, "at u2, message 2 of u0");
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
        assert_eq!(counts(&totals), [1, 1, 0, 0, 0, 0, 0]);
        assert_eq!((totals.expected, totals.received), (16, 15));
    }

    #[test]
    fn a_late_one_is_swapped_once_and_doubled_when_it_comes_again() {
        let rest = [(0, 3), (1, 0), (1, 1), (1, 2), (1, 3)];
        let late = [(0, 0), (0, 2), (0, 1), (0, 1)];
        let totals = reader_2_gets(&[&late[..], &rest].concat());
        assert_eq!(counts(&totals), [0, 1, 1, 0, 0, 0, 0]);
        assert_eq!((totals.expected, totals.received), (16, 16));
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
        assert_eq!(counts(&reader_2_gets(&backwards)), [0, 0, 3, 0, 0, 0, 0]);
    }

    #[test]
    fn a_senders_own_message_is_an_echo_and_no_delivery() {
        let mut ledger = ledger();
        assert_eq!(
            ledger.arrived(5, Slot(0), Sender(0), Number(0)),
            Receipt::Again
        );
        let totals = close(ledger);
        assert_eq!(counts(&totals), [8, 0, 0, 1, 0, 0, 0]);
        assert_eq!(totals.received, 8);
    }

    #[test]
    fn a_corrupt_line_takes_the_place_of_the_next_expected() {
        let mut ledger = ledger();
        ledger.arrived(5, Slot(2), Sender(0), Number(0));
        ledger.corrupted(6, Slot(2), Some(User(0)));
        ledger.arrived(7, Slot(2), Sender(0), Number(2));
        ledger.arrived(7, Slot(2), Sender(0), Number(3));
        (0..4).for_each(|number| _ = ledger.arrived(8, Slot(2), Sender(1), Number(number)));
        assert_eq!(ledger.readers.accounted(Slot(2)), 8);
        let totals = close(ledger);
        assert_eq!(counts(&totals), [0, 0, 0, 0, 1, 0, 0]);
        assert_eq!((totals.expected, totals.received), (16, 15));
        assert_eq!(
            totals.first[&Fault::Corrupt].place,
            "at u2, message 2 of u0"
        );
    }

    #[test]
    fn an_excused_reader_is_owed_what_it_got() {
        let mut ledger = ledger();
        ledger.arrived(5, Slot(2), Sender(0), Number(0));
        ledger.readers.excuse(Slot(2));
        let totals = close(ledger);
        assert!(totals.wrong() == 0);
        assert_eq!((totals.expected, totals.received), (9, 9));
    }

    #[test]
    fn reached_is_what_anybody_has_got() {
        let mut ledger = ledger();
        ledger.arrived(5, Slot(2), Sender(1), Number(6));
        assert_eq!(ledger.reached(), [4, 7]);
    }

    #[test]
    fn what_overlaps_a_leave_and_a_return_is_grey_and_the_rest_is_owed() {
        let mut ledger = ledger();
        ledger.arrived(5, Slot(2), Sender(0), Number(0));
        ledger.arrived(5, Slot(2), Sender(1), Number(0));
        // It leaves with message 1 of sender 0 under way, which comes all the same.
        ledger.leaves(Slot(2));
        assert_eq!(
            ledger.arrived(6, Slot(2), Sender(0), Number(1)),
            Receipt::Indeterminate
        );
        // It is back when both have begun their third; sender 0's comes, and is not expected.
        ledger.came_back(Slot(2), &[3, 3]);
        assert_eq!(
            ledger.arrived(7, Slot(2), Sender(0), Number(2)),
            Receipt::Indeterminate
        );
        assert_eq!(
            ledger.arrived(8, Slot(2), Sender(0), Number(3)),
            Receipt::First
        );
        assert!(!ledger.readers.has_all(Slot(2), 8, 0));
        assert_eq!(
            ledger.arrived(8, Slot(2), Sender(1), Number(3)),
            Receipt::First
        );
        assert!(ledger.readers.has_all(Slot(2), 8, 0));
        let totals = close(ledger);
        assert!(totals.wrong() == 0, "{totals:?}");
        // 8 of users 0 and 1; 2 before it left and 2 after it came back.
        assert_eq!(
            (totals.expected, totals.received, totals.indeterminate),
            (12, 12, 2)
        );
    }

    #[test]
    fn a_loss_before_a_leave_and_one_after_a_return_are_lost() {
        let mut ledger = ledger();
        ledger.arrived(5, Slot(2), Sender(0), Number(1));
        ledger.leaves(Slot(2));
        ledger.came_back(Slot(2), &[2, 0]);
        ledger.arrived(7, Slot(2), Sender(0), Number(2));
        let totals = close(ledger);
        // Message 0 of sender 0; later its message 3 and all 4 of sender 1.
        assert_eq!(counts(&totals)[0], 6);
        assert_eq!(totals.expected, totals.received + 6);
    }

    #[test]
    fn who_sends_and_is_deaf_expects_nothing() {
        let mut ledger = Ledger::new(Of {
            senders_are_deaf: true,
            ..OF
        });
        (0..4).for_each(|number| {
            ledger.arrived(1, Slot(2), Sender(0), Number(number));
            ledger.arrived(1, Slot(2), Sender(1), Number(number));
        });
        let totals = close(ledger);
        assert!(totals.wrong() == 0);
        assert_eq!(totals.expected, 8);
    }
}
