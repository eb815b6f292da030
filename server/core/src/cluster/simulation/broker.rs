//! Broker of the simulation: a stream that may lose what it has, or have copies that differ, and messages that come late, twice or never.

use std::time::Duration;

use fastrand::Rng;

use crate::cluster::{Message, Publication};

/// No two messages have the same time, unless the broker has one twice.
const NANOSECOND: Duration = Duration::from_nanos(1);

#[derive(Default)]
pub(super) struct Broker {
    pub(super) is_down: bool,
    /// Its clock, which once in a while goes back.
    clock: Duration,
    /// The stream, as each of its copies has it.
    copies: [Copy; 2],
    /// The copies take messages each for itself, and exchange them afterwards.
    is_parted: bool,
    /// Messages that come later.
    late: Vec<Publication>,
    /// It is as good as new: nothing comes from long ago.
    is_calm: bool,
    /// Copies of messages that come much later.
    ancient: Vec<Publication>,
}

/// A copy of the stream.
#[derive(Default)]
struct Copy {
    stream: Vec<Message>,
    /// The number of messages it has removed for their age.
    removed: u64,
    /// What the other copy has taken while they were parted.
    owed: Vec<Publication>,
}

impl Broker {
    pub(super) fn pass_time(&mut self, step: Duration, rng: &mut Rng) {
        self.clock += step + Duration::from_secs(1_700_000_000 * u64::from(self.clock.is_zero()));
        if rng.u8(..) == 0 {
            self.clock -= Duration::from_secs(2);
        }
        if !self.is_down {
            if !self.is_parted {
                self.join();
            }
            let late = std::mem::take(&mut self.late);
            for publication in late {
                self.store(publication, rng.usize(..2));
            }
            if rng.u8(..) < 8 && !self.ancient.is_empty() {
                let one = self.ancient.swap_remove(rng.usize(..self.ancient.len()));
                self.store(one, rng.usize(..2));
            }
        }
    }

    /// Takes a message at one of the copies.
    pub(super) fn take(&mut self, publication: Publication, copy: usize, rng: &mut Rng) {
        if self.is_down {
            return;
        }
        if rng.u8(..) < 8 && !self.is_calm {
            self.ancient.push(publication.clone());
        }
        match rng.u8(..) {
            0..8 => {}
            8..16 => self.late.push(publication),
            16..24 => {
                self.late.push(publication.clone());
                self.store(publication, copy);
            }
            _ => self.store(publication, copy),
        }
    }

    fn store(&mut self, publication: Publication, copy: usize) {
        self.clock += NANOSECOND;
        if self.is_parted {
            self.copies[1 - copy].owed.push(publication.clone());
            self.copies[copy].store(publication, self.clock);
        } else {
            let clock = self.clock;
            let copies = self.copies.iter_mut();
            copies.for_each(|copy| copy.store(publication.clone(), clock));
        }
    }

    /// Gives each copy what the other has taken.
    fn join(&mut self) {
        for copy in &mut self.copies {
            for publication in std::mem::take(&mut copy.owed) {
                self.clock += NANOSECOND;
                copy.store(publication, self.clock);
            }
        }
    }

    pub(super) fn last(&self, copy: usize) -> u64 {
        self.copies[copy].last()
    }

    /// Tells whether a copy has a message, or had it until it was too old.
    pub(super) fn has(&self, message: &Message, copy: usize) -> bool {
        let Copy { removed, .. } = self.copies[copy];
        message.seq <= removed || self.read(message.seq, copy).first() == Some(message)
    }

    /// Returns the messages of a copy from a number on, or from the first that there is.
    pub(super) fn read(&self, from: u64, copy: usize) -> &[Message] {
        let Copy {
            stream, removed, ..
        } = &self.copies[copy];
        let skipped = from.saturating_sub(removed + 1);
        let skipped = usize::try_from(skipped).expect("it is small");
        stream.get(skipped..).unwrap_or_default()
    }

    /// Has the copies go on each for itself, or together again. Now and then one of them has its last message twice from then on.
    pub(super) fn part(&mut self, rng: &mut Rng) {
        self.is_parted = !self.is_parted;
        let copy = &mut self.copies[rng.usize(..2)];
        let (last, is_doubled) = (copy.stream.last().cloned(), rng.u8(..4) == 0);
        if let Some(last) = last.filter(|_| is_doubled) {
            copy.stream.push(Message {
                seq: copy.last() + 1,
                ..last
            });
        }
    }

    /// Works from now on, and has forgotten what it did before.
    pub(super) fn end_trouble(&mut self) {
        (self.is_down, self.is_calm, self.is_parted) = (false, true, false);
        self.ancient.clear();
    }

    /// Loses the last messages, or all of them, or removes old ones.
    pub(super) fn lose(&mut self, rng: &mut Rng) {
        self.late.clear();
        self.ancient.clear();
        let (what, some, old) = (rng.u8(..4), rng.usize(1..12), rng.usize(1..=4));
        for Copy {
            stream, removed, ..
        } in &mut self.copies
        {
            match what {
                0 => (*stream, *removed) = Default::default(),
                1 => {
                    let old = stream.len() * old / 4;
                    stream.drain(..old);
                    *removed += old as u64;
                }
                _ => stream.truncate(stream.len().saturating_sub(some)),
            }
        }
    }
}

impl Copy {
    fn store(&mut self, publication: Publication, time: Duration) {
        let last = self.last();
        let expected = publication.expected_last;
        if expected.is_none_or(|expected| expected == last) {
            self.stream.push(Message {
                seq: last + 1,
                time,
                payload: publication.payload,
            });
        }
    }

    fn last(&self) -> u64 {
        self.removed + self.stream.len() as u64
    }
}
