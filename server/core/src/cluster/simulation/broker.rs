//! Broker of the simulation: a stream that may lose what it has, and messages that come late, twice or never.

use std::time::Duration;

use fastrand::Rng;

use crate::cluster::{Message, Publication};

#[derive(Default)]
pub(super) struct Broker {
    pub(super) is_down: bool,
    /// Its clock, which once in a while goes back.
    clock: Duration,
    stream: Vec<Message>,
    /// The number of messages it has removed for their age.
    removed: u64,
    /// Messages that come later.
    late: Vec<Publication>,
    /// It is as good as new: nothing comes from long ago.
    is_calm: bool,
    /// Copies of messages that come much later.
    ancient: Vec<Publication>,
}

impl Broker {
    pub(super) fn pass_time(&mut self, step: Duration, rng: &mut Rng) {
        self.clock += step + Duration::from_secs(1_700_000_000 * u64::from(self.clock.is_zero()));
        if rng.u8(..) == 0 {
            self.clock -= Duration::from_secs(2);
        }
        if !self.is_down {
            let late = std::mem::take(&mut self.late);
            late.into_iter()
                .for_each(|publication| self.store(publication));
            if rng.u8(..) < 8 && !self.ancient.is_empty() {
                let one = self.ancient.swap_remove(rng.usize(..self.ancient.len()));
                self.store(one);
            }
        }
    }

    pub(super) fn take(&mut self, publication: Publication, rng: &mut Rng) {
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
                self.store(publication);
            }
            _ => self.store(publication),
        }
    }

    fn store(&mut self, publication: Publication) {
        let last = self.last();
        if publication
            .expected_last
            .is_none_or(|expected| expected == last)
        {
            self.stream.push(Message {
                seq: last + 1,
                time: self.clock,
                payload: publication.payload,
            });
        }
    }

    pub(super) fn last(&self) -> u64 {
        self.removed + self.stream.len() as u64
    }

    /// Tells whether it has a message, or had it until it was too old.
    pub(super) fn has(&self, message: &Message) -> bool {
        message.seq <= self.removed || self.read(message.seq).first() == Some(message)
    }

    /// Returns the messages from a number on, or from the first that there is.
    pub(super) fn read(&self, from: u64) -> &[Message] {
        let skipped = from.saturating_sub(self.removed + 1);
        let skipped = usize::try_from(skipped).expect("it is small");
        self.stream.get(skipped..).unwrap_or_default()
    }

    /// Works from now on, and has forgotten what it did before.
    pub(super) fn end_trouble(&mut self) {
        (self.is_down, self.is_calm) = (false, true);
        self.ancient.clear();
    }

    /// Loses the last messages, or all of them, or removes old ones.
    pub(super) fn lose(&mut self, rng: &mut Rng) {
        self.late.clear();
        self.ancient.clear();
        match rng.u8(..4) {
            0 => (self.stream, self.removed) = Default::default(),
            1 => {
                let old = rng.usize(..=self.stream.len());
                self.stream.drain(..old);
                self.removed += old as u64;
            }
            _ => {
                let kept = self.stream.len().saturating_sub(rng.usize(1..12));
                self.stream.truncate(kept);
            }
        }
    }
}
