//! Schedule: when each message is due, and whose it is, as a pure function of seed, stages and arrival.

use std::time::Duration;

use super::ids::{Message, Number, Sender};
use super::random::{Random, mix};
use crate::cli::values::Arrival;
use crate::units::nanos;

/// All messages of a run, by their number in the order of falling due. Of each kind, the senders take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Nanoseconds from the beginning of the sending, ascending.
    due: Vec<u64>,
    /// Which of its kind each message is; empty where all are of the room, for then it is the message's number.
    ordinals: Vec<Ordinal>,
    senders: u32,
}

/// A message's place among those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ordinal {
    Room(u32),
    Whisper(u32),
}

/// What a schedule is made of.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Messages a second, and for how long, one after another.
    pub(crate) stages: Vec<(f64, Duration)>,
    /// The share of the messages that are whispers, 0 to 1.
    pub(crate) whispers: f64,
    pub(crate) arrival: Arrival,
    pub(crate) senders: u32,
    pub(crate) seed: u64,
}

impl Schedule {
    pub(crate) fn new(shape: &Shape) -> Self {
        let room = moments(shape, 1.0 - shape.whispers, shape.seed);
        if shape.whispers == 0.0 {
            return Self {
                due: room,
                ordinals: Vec::new(),
                senders: shape.senders,
            };
        }
        let whispers = moments(shape, shape.whispers, mix(shape.seed));
        let room = (0..)
            .zip(room)
            .map(|(ordinal, due)| (due, Ordinal::Room(ordinal)));
        let whispers = (0..)
            .zip(whispers)
            .map(|(ordinal, due)| (due, Ordinal::Whisper(ordinal)));
        let mut all: Vec<_> = room.chain(whispers).collect();
        // Stable: what is due at the same time keeps the room first.
        all.sort_by_key(|&(due, _)| due);
        let (due, ordinals) = all.into_iter().unzip();
        Self {
            due,
            ordinals,
            senders: shape.senders,
        }
    }

    /// How many messages there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.due.len()).expect("a plan has at most MAX_MESSAGES messages")
    }

    /// All of them, in the order of falling due.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message> {
        (0..self.len()).map(Message)
    }

    /// When a message is due, in nanoseconds from the beginning of the sending.
    pub(crate) fn due(&self, message: Message) -> u64 {
        self.due[message.index()]
    }

    /// It is whispered to one user, and not said to the room.
    pub(crate) fn is_whisper(&self, message: Message) -> bool {
        matches!(self.ordinal(message), Ordinal::Whisper(_))
    }

    /// Whose message it is.
    pub(crate) fn sender(&self, message: Message) -> Sender {
        Sender(self.place(message) % self.senders)
    }

    /// Which of its sender's messages of its kind it is, counted from 0.
    pub(crate) fn number(&self, message: Message) -> Number {
        Number(self.place(message) / self.senders)
    }

    /// Distinguishes schedules: two runs with the same one asked the same of the server.
    pub(crate) fn hash(&self) -> u64 {
        self.messages()
            .fold(mix(self.senders.into()), |hash, message| {
                mix(hash ^ self.due(message) << 1 ^ u64::from(self.is_whisper(message)))
            })
    }

    fn place(&self, message: Message) -> u32 {
        let (Ordinal::Room(place) | Ordinal::Whisper(place)) = self.ordinal(message);
        place
    }

    fn ordinal(&self, message: Message) -> Ordinal {
        let ordinal = self.ordinals.get(message.index());
        ordinal.copied().unwrap_or(Ordinal::Room(message.0))
    }
}

/// When the messages of one kind are due, which are such a share of all.
fn moments(shape: &Shape, share: f64, seed: u64) -> Vec<u64> {
    let mut random = Random::new(seed);
    let mut due = Vec::new();
    let mut begin = 0.0;
    for &(rate, duration) in &shape.stages {
        let end = begin + nanos(duration) as f64;
        if rate * share > 0.0 {
            let stage = Span {
                begin,
                end,
                gap: 1e9 / (rate * share),
            };
            match shape.arrival {
                Arrival::Even => stage.even(&mut due),
                Arrival::Poisson => stage.poisson(&mut random, &mut due),
            }
        }
        begin = end;
    }
    due
}

/// One stage, in nanoseconds from the beginning of the sending.
struct Span {
    begin: f64,
    end: f64,
    gap: f64,
}

impl Span {
    fn even(&self, due: &mut Vec<u64>) {
        // Multiplied, not added up: a million messages later no rounding has gathered.
        let at = (0..).map(|count| self.begin + f64::from(count) * self.gap);
        due.extend(at.take_while(|&at| at < self.end).map(|at| at as u64));
    }

    fn poisson(&self, random: &mut Random, due: &mut Vec<u64>) {
        let mut at = self.begin;
        while at < self.end {
            due.push(at as u64);
            at -= random.fraction().ln() * self.gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            stages: vec![(1000.0, Duration::from_secs(10))],
            whispers: 0.0,
            arrival: Arrival::Poisson,
            senders: 3,
            seed: 7,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        let one = Schedule::new(&shape());
        assert_eq!(one, Schedule::new(&shape()));
        let other = Schedule::new(&Shape { seed: 8, ..shape() });
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn even_messages_are_due_at_equal_distances() {
        let schedule = Schedule::new(&Shape {
            stages: vec![(4.0, Duration::from_secs(1))],
            arrival: Arrival::Even,
            ..shape()
        });
        assert_eq!(schedule.due, [0, 250_000_000, 500_000_000, 750_000_000]);
    }

    #[test]
    fn stages_follow_each_other_each_with_its_rate() {
        let second = Duration::from_secs(1);
        let schedule = Schedule::new(&Shape {
            stages: vec![(2.0, second), (0.0, second), (4.0, second)],
            arrival: Arrival::Even,
            ..shape()
        });
        let ms: Vec<_> = schedule.due.iter().map(|due| due / 1_000_000).collect();
        assert_eq!(ms, [0, 500, 2000, 2250, 2500, 2750]);
    }

    #[test]
    fn poisson_keeps_the_rate_and_varies_the_gaps() {
        let schedule = Schedule::new(&shape());
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
        let schedule = Schedule::new(&shape());
        let of = |message| {
            let message = Message(message);
            (schedule.sender(message).0, schedule.number(message).0)
        };
        assert_eq!(
            (0..5).map(of).collect::<Vec<_>>(),
            [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]
        );
    }

    #[test]
    fn whispers_have_their_share_and_the_room_counts_without_them() {
        let schedule = Schedule::new(&Shape {
            whispers: 0.25,
            arrival: Arrival::Even,
            ..shape()
        });
        assert_eq!(schedule.len(), 10_000);
        let (whispers, room): (Vec<_>, Vec<_>) = schedule
            .messages()
            .partition(|&message| schedule.is_whisper(message));
        assert_eq!(whispers.len(), 2_500);
        for of_a_kind in [whispers, room] {
            for (place, message) in (0..).zip(of_a_kind) {
                let found = (schedule.sender(message).0, schedule.number(message).0);
                assert_eq!(found, (place % 3, place / 3));
            }
        }
        assert!(schedule.due.is_sorted());
    }
}
