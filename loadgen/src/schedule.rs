//! When each message is due, and whose it is: a pure function of seed, rate and duration.

use std::time::Duration;

use crate::args::Arrival;
use crate::clock::nanos;
use crate::random::{Random, mix};

/// All messages of a run, by their number in the order of falling due. The senders take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Nanoseconds from the beginning of the sending, ascending.
    due: Vec<u64>,
    senders: u32,
}

/// What a schedule is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
    pub(crate) arrival: Arrival,
    pub(crate) senders: u32,
    pub(crate) seed: u64,
}

impl Schedule {
    pub(crate) fn new(shape: Shape) -> Self {
        let end = nanos(shape.duration) as f64;
        let gap = 1e9 / shape.rate;
        let mut random = Random::new(shape.seed);
        let mut due = Vec::new();
        let mut at = 0.0;
        while at < end {
            due.push(at as u64);
            at = match shape.arrival {
                // Multiplied, not added up: a million messages later no rounding has gathered.
                Arrival::Even => due.len() as f64 * gap,
                Arrival::Poisson => at - random.fraction().ln() * gap,
            };
        }
        Self {
            due,
            senders: shape.senders,
        }
    }

    /// How many messages there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.due.len()).expect("a plan has at most MAX_MESSAGES messages")
    }

    /// When a message is due, in nanoseconds from the beginning of the sending.
    pub(crate) fn due(&self, message: u32) -> u64 {
        self.due[message as usize]
    }

    /// Whose message it is.
    pub(crate) fn sender(&self, message: u32) -> u32 {
        message % self.senders
    }

    /// Which of its sender's messages it is, counted from 0.
    pub(crate) fn number(&self, message: u32) -> u32 {
        message / self.senders
    }

    /// Tells schedules apart: two runs with the same one asked the same of the server.
    pub(crate) fn hash(&self) -> u64 {
        let senders = u64::from(self.senders);
        self.due
            .iter()
            .fold(mix(senders), |hash, due| mix(hash ^ due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        rate: 1000.0,
        duration: Duration::from_secs(10),
        arrival: Arrival::Poisson,
        senders: 3,
        seed: 7,
    };

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        assert_eq!(Schedule::new(SHAPE), Schedule::new(SHAPE));
        let other = Schedule::new(Shape { seed: 8, ..SHAPE });
        assert_ne!(Schedule::new(SHAPE).hash(), other.hash());
    }

    #[test]
    fn even_messages_are_due_at_equal_distances() {
        let schedule = Schedule::new(Shape {
            rate: 4.0,
            duration: Duration::from_secs(1),
            arrival: Arrival::Even,
            ..SHAPE
        });
        assert_eq!(schedule.due, [0, 250_000_000, 500_000_000, 750_000_000]);
    }

    #[test]
    fn poisson_keeps_the_rate_and_varies_the_gaps() {
        let schedule = Schedule::new(SHAPE);
        // 10,000 are expected; the standard deviation is their root, 100.
        assert!((9_500..10_500).contains(&schedule.len()));
        let gaps: Vec<u64> = schedule
            .due
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect();
        let below_mean = gaps.iter().filter(|&&gap| gap < 1_000_000).count() as f64;
        let share = below_mean / gaps.len() as f64;
        // Of an exponential distribution 1 - 1/e = 63.2 % lies below the mean.
        assert!((0.61..0.66).contains(&share), "{share}");
        assert!(schedule.due.is_sorted());
        assert!(schedule.due.iter().all(|&due| due < 10_000_000_000));
    }

    #[test]
    fn the_senders_take_turns_and_count_their_own() {
        let schedule = Schedule::new(SHAPE);
        let of = |message| (schedule.sender(message), schedule.number(message));
        assert_eq!(
            (0..5).map(of).collect::<Vec<_>>(),
            [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]
        );
    }
}
