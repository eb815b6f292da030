//! Arrivals: when each message had reached how many readers, from which fan-out and skew are made.

use crate::plan::ids::Message;

/// For each message: how many readers of one worker have it, and when the first and the last of them got it.
#[derive(Debug)]
pub(crate) struct Arrivals(Vec<Reach>);

/// Zero is what fresh memory holds: a message nobody got costs no page.
#[derive(Debug, Clone, Copy, Default)]
struct Reach {
    /// How long before the end of time the first got it, so that 0 is nobody.
    first: u64,
    last: u64,
    readers: u32,
}

/// The readers of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FanOut {
    pub(crate) message: Message,
    /// When the first and the last reader got it.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Arrivals {
    pub(crate) fn new(messages: u32) -> Self {
        Self(vec![Reach::default(); messages as usize])
    }

    /// Notes that one more reader has a message.
    pub(crate) fn note(&mut self, message: Message, at: u64) {
        let seen = &mut self.0[message.index()];
        seen.first = seen.first.max(u64::MAX - at);
        seen.last = seen.last.max(at);
        seen.readers += 1;
    }

    /// Adds those of another worker.
    pub(crate) fn add(&mut self, other: &Arrivals) {
        for (seen, other) in self.0.iter_mut().zip(&other.0) {
            seen.first = seen.first.max(other.first);
            seen.last = seen.last.max(other.last);
            seen.readers += other.readers;
        }
    }

    /// The messages that so many readers have, or more.
    pub(crate) fn complete(&self, readers: u32) -> impl Iterator<Item = FanOut> {
        (0..)
            .zip(&self.0)
            .filter(move |(_, seen)| seen.readers >= readers)
            .map(|(message, seen)| FanOut {
                message: Message(message),
                first: u64::MAX - seen.first,
                last: seen.last,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_out_is_complete_with_the_last_reader_of_any_worker() {
        let (mut one, mut two) = (Arrivals::new(2), Arrivals::new(2));
        one.note(Message(0), 30);
        one.note(Message(0), 20);
        two.note(Message(0), 50);
        two.note(Message(1), 40);
        one.add(&two);
        let complete = FanOut {
            message: Message(0),
            first: 20,
            last: 50,
        };
        assert_eq!(one.complete(3).collect::<Vec<_>>(), [complete]);
    }
}
