//! Catching up: what a reader who comes back with a mark is shown again, and what it has missed.
//!
//! ```text
//!  mark ─ a b c ─ cut    back ─ d e ─    replay: a b c d e     f
//!         kept                  ignored          had   missed  live
//! ```
//!
//! The replay is since the mark: it begins with what the reader kept. Whatever it leaves out of that is forgotten: the
//! reader had it, and the room has it no longer.

use std::ops::RangeBounds;

use super::Receipt;
use super::ledger::Ledger;
use crate::plan::ids::{Number, Sender, Slot};

/// A message to the room: its sender, and which of its sender's it is.
pub(crate) type Said = (Sender, Number);

/// One reader's place in the room, and what it has received since its mark.
///
/// Bound: what is said between two marks, or while there is none to be had.
#[derive(Debug, Default)]
pub(crate) struct CatchUp {
    kept: Vec<Said>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// What comes is new.
    #[default]
    Live,
    /// It is away, or waits for its replay, which will bring again what comes before it.
    Behind,
    /// The replay comes; so many of the kept messages have been in it.
    Replay { shown: usize },
    /// The replay of what is still there begins; that may be in the middle of the kept messages, or behind them.
    Remainder,
}

impl CatchUp {
    /// Whether what comes is new.
    pub(crate) fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Whether it waits for a replay.
    pub(crate) fn is_behind(&self) -> bool {
        self.stage == Stage::Behind
    }

    /// A mark has come: all that came before stands before it.
    pub(crate) fn marked(&mut self) {
        self.kept.clear();
    }

    /// The connection has ended.
    pub(crate) fn fall_behind(&mut self) {
        self.stage = Stage::Behind;
    }

    /// A replay begins. `is_cut`: it does not reach back to the mark.
    pub(crate) fn begin(&mut self, is_cut: bool) {
        self.stage = if is_cut {
            Stage::Remainder
        } else {
            Stage::Replay { shown: 0 }
        };
    }

    /// The replay has ended.
    pub(crate) fn end(&mut self, ledger: &mut Ledger, at: u64, slot: Slot) {
        if let Stage::Replay { shown } = self.stage {
            self.forget(ledger, at, slot, shown..);
        }
        self.stage = Stage::Live;
    }

    /// There is no replay: the room is another.
    pub(crate) fn refused(&mut self) {
        self.kept.clear();
        self.stage = Stage::Live;
    }

    /// Enters a message that the reader got.
    pub(crate) fn arrived(
        &mut self,
        ledger: &mut Ledger,
        at: u64,
        slot: Slot,
        said: Said,
    ) -> Receipt {
        if self.stage == Stage::Remainder {
            self.begin_within(said);
        }
        match self.stage {
            Stage::Live => {
                let receipt = ledger.arrived(at, slot, said.0, said.1);
                if receipt == Receipt::First {
                    self.kept.push(said);
                }
                receipt
            }
            Stage::Replay { shown } => self.replayed(ledger, at, slot, said, shown),
            Stage::Behind | Stage::Remainder => Receipt::Again,
        }
    }

    /// What was kept before the first message of a replay is no longer the room's, by its own word.
    fn begin_within(&mut self, first: Said) {
        let before = self.kept.iter().position(|kept| *kept == first);
        self.kept.drain(..before.unwrap_or(self.kept.len()));
        self.stage = Stage::Replay { shown: 0 };
    }

    fn replayed(
        &mut self,
        ledger: &mut Ledger,
        at: u64,
        slot: Slot,
        said: Said,
        shown: usize,
    ) -> Receipt {
        let ahead = self.kept[shown..].iter().position(|kept| *kept == said);
        let receipt = match ahead {
            Some(ahead) => {
                self.forget(ledger, at, slot, shown..shown + ahead);
                Receipt::Again
            }
            None => match ledger.replayed(at, slot, said) {
                // Shown twice: it has no place among those that are to come.
                Receipt::Again => return Receipt::Again,
                receipt => {
                    self.forget(ledger, at, slot, shown..);
                    self.kept.push(said);
                    receipt
                }
            },
        };
        self.stage = Stage::Replay { shown: shown + 1 };
        receipt
    }

    fn forget(
        &mut self,
        ledger: &mut Ledger,
        at: u64,
        slot: Slot,
        left_out: impl RangeBounds<usize>,
    ) {
        for said in self.kept.drain(left_out) {
            ledger.forgotten(at, slot, said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ledger::Of;
    use crate::metrics::tally::{Delivery, Fault};
    use crate::plan::ids::Partition;

    const READER: Slot = Slot(1);

    /// A reader of one sender's messages.
    struct Reading {
        ledger: Ledger,
        catch_up: CatchUp,
    }

    impl Reading {
        fn new() -> Self {
            Self {
                ledger: Ledger::new(Of {
                    partition: Partition {
                        worker: 0,
                        workers: 1,
                    },
                    users: 2,
                    senders: 1,
                    senders_are_deaf: false,
                }),
                catch_up: CatchUp::default(),
            }
        }

        fn hears(&mut self, numbers: impl IntoIterator<Item = u32>) -> Vec<Receipt> {
            let each = numbers.into_iter().map(|number| {
                let said = (Sender(0), Number(number));
                self.catch_up.arrived(&mut self.ledger, 9, READER, said)
            });
            each.collect()
        }

        fn is_replayed(&mut self, numbers: impl IntoIterator<Item = u32>) -> Vec<Receipt> {
            self.catch_up.begin(false);
            self.ends_with(numbers)
        }

        fn is_replayed_the_rest(&mut self, numbers: impl IntoIterator<Item = u32>) -> Vec<Receipt> {
            self.catch_up.begin(true);
            self.ends_with(numbers)
        }

        fn ends_with(&mut self, numbers: impl IntoIterator<Item = u32>) -> Vec<Receipt> {
            let receipts = self.hears(numbers);
            self.catch_up.end(&mut self.ledger, 9, READER);
            receipts
        }

        /// Closes its ledger, where so many messages were sent.
        fn of(self, sent: u32) -> Delivery {
            self.ledger.close(&[sent])
        }
    }

    use Receipt::{Again, First, Replayed};

    #[test]
    fn what_was_said_meanwhile_is_expected_and_comes_once_with_the_replay() {
        let mut reader = Reading::new();
        assert_eq!(reader.hears(0..2), [First, First]);
        reader.catch_up.marked();
        assert_eq!(reader.hears([2]), [First]);
        reader.catch_up.fall_behind();
        // What comes between login and replay is in the replay.
        assert_eq!(reader.hears([5]), [Again]);
        assert_eq!(
            reader.is_replayed(2..6),
            [Again, Replayed, Replayed, Replayed]
        );
        assert_eq!(reader.hears([6]), [First]);
        let delivery = reader.of(7);
        assert_eq!(delivery.wrong(), 0, "{delivery:?}");
        assert_eq!(
            (delivery.expected, delivery.received, delivery.replayed),
            (7, 7, 3)
        );
        assert_eq!(delivery.indeterminate, 0);
    }

    #[test]
    fn whoever_is_cut_again_before_the_next_mark_is_shown_it_all_again() {
        let mut reader = Reading::new();
        reader.hears([0]);
        for end in 2..5 {
            reader.catch_up.fall_behind();
            let receipts = reader.is_replayed(0..end);
            assert_eq!(receipts.last(), Some(&Replayed));
            assert!(receipts[..receipts.len() - 1].iter().all(|&it| it == Again));
        }
        let delivery = reader.of(4);
        assert_eq!((delivery.wrong(), delivery.replayed), (0, 3));
    }

    #[test]
    fn a_message_that_the_replay_leaves_out_is_lost_or_forgotten() {
        let mut reader = Reading::new();
        reader.hears(0..3);
        reader.catch_up.fall_behind();
        // It had message 1, and has never had message 3.
        assert_eq!(reader.is_replayed([0, 2, 4]), [Again, Again, Replayed]);
        let delivery = reader.of(5);
        assert_eq!((delivery.lost, delivery.forgotten), (1, 1));
        assert_eq!(delivery.wrong(), 2);
        let place = |fault| delivery.first[&fault].place.clone();
        assert_eq!(place(Fault::Lost), "at u1, message 4 of u0");
        assert_eq!(place(Fault::Forgotten), "at u1, message 2 of u0");
    }

    #[test]
    fn all_that_a_replay_ends_without_is_forgotten_and_may_be_said_again() {
        let mut reader = Reading::new();
        reader.hears(0..3);
        reader.catch_up.fall_behind();
        assert_eq!(reader.is_replayed([0]), [Again]);
        assert_eq!(reader.hears([1, 2, 3]), [Again, Again, First]);
        assert_eq!(reader.hears([2]), [Again]);
        let delivery = reader.of(4);
        assert_eq!((delivery.forgotten, delivery.duplicated), (2, 1));
        assert_eq!(delivery.wrong(), 3);
    }

    #[test]
    fn a_message_that_the_replay_shows_twice_is_duplicated() {
        let mut reader = Reading::new();
        reader.hears(0..2);
        reader.catch_up.fall_behind();
        reader.is_replayed([0, 0, 1, 2, 2, 3]);
        let delivery = reader.of(4);
        assert_eq!((delivery.duplicated, delivery.wrong()), (2, 2));
        assert_eq!((delivery.received, delivery.replayed), (4, 2));
    }

    #[test]
    fn what_the_room_no_longer_has_is_lost_to_whoever_has_not_got_it() {
        for (shown, lost) in [(vec![2, 3, 4], 0), (vec![3, 4], 0), (vec![4], 1)] {
            let mut reader = Reading::new();
            reader.hears(0..3);
            reader.catch_up.fall_behind();
            reader.is_replayed_the_rest(shown);
            let delivery = reader.of(5);
            assert_eq!((delivery.lost, delivery.wrong()), (lost, lost));
        }
    }

    #[test]
    fn with_a_mark_refused_all_that_was_said_meanwhile_is_lost() {
        let mut reader = Reading::new();
        reader.hears(0..3);
        reader.catch_up.fall_behind();
        reader.catch_up.refused();
        assert_eq!(reader.hears([6]), [First]);
        let delivery = reader.of(7);
        assert_eq!((delivery.lost, delivery.wrong()), (3, 3));
        assert_eq!(delivery.first[&Fault::Lost].place, "at u1, message 4 of u0");
    }
}
