//! Figures of one shard, written by its thread alone.

use std::time::Duration;

use wac_core::cursor::Written;

use super::counters::{ByReason, Counter, Distribution};

/// Bounds of times, in nanoseconds: 10 µs to 10 s.
const TIMES: [u64; 19] = {
    const US: u64 = 1_000;
    const MS: u64 = 1_000_000;
    [
        10 * US,
        25 * US,
        50 * US,
        100 * US,
        250 * US,
        500 * US,
        MS,
        2_500 * US,
        5 * MS,
        10 * MS,
        25 * MS,
        50 * MS,
        100 * MS,
        250 * MS,
        500 * MS,
        1_000 * MS,
        2_500 * MS,
        5_000 * MS,
        10_000 * MS,
    ]
};
/// Bounds of numbers of lines.
const LINES: [u64; 13] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/// What a shard has done. In cache lines of its own, so that no other thread's writes delay it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct ShardFigures {
    pub(crate) received_lines: Counter,
    pub(crate) received_bytes: Counter,
    pub(crate) sent_lines: Counter,
    pub(crate) sent_bytes: Counter,
    /// Lines of the room among those sent.
    pub(crate) deliveries: Counter,
    /// Lines of the room that came to this shard's readers at once.
    pub(crate) batches: Distribution<13>,
    /// Times from an append to the end of the turn in which every session of this shard was tried, in ns.
    pub(crate) fan_outs: Distribution<19>,
    /// Times of turns, in ns.
    pub(crate) turns: Distribution<19>,
    /// The time at which the last turn began, in ns since the server's start.
    turn_began: Counter,
    /// The most bytes of the log that a reader lacked at the end of the last turn.
    pub(crate) furthest_lag_bytes: Counter,
    pub(crate) closed: ByReason,
}

impl Default for ShardFigures {
    fn default() -> Self {
        Self {
            received_lines: Counter::default(),
            received_bytes: Counter::default(),
            sent_lines: Counter::default(),
            sent_bytes: Counter::default(),
            deliveries: Counter::default(),
            batches: Distribution::new(&LINES),
            fan_outs: Distribution::new(&TIMES),
            turns: Distribution::new(&TIMES),
            turn_began: Counter::default(),
            furthest_lag_bytes: Counter::default(),
            closed: ByReason::default(),
        }
    }
}

impl ShardFigures {
    /// Notes the beginning of a turn.
    pub(crate) fn turn_begins(&self, now: Duration) {
        self.turn_began.set(nanos(now));
    }

    /// Notes the end of the turn; the sessions were tried with lines that were appended at `appended`, if with any.
    pub(crate) fn turn_ends(&self, appended: Option<Duration>, now: Duration) {
        let now = nanos(now);
        self.turns.add(now.saturating_sub(self.turn_began.get()));
        if let Some(appended) = appended {
            self.fan_outs.add(now.saturating_sub(nanos(appended)));
        }
    }

    /// Returns the time since the beginning of the last turn.
    pub(super) fn turn_age(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_nanos(self.turn_began.get()))
    }

    pub(crate) fn sent(&self, sent: &Sent) {
        self.sent_lines.add(sent.lines);
        self.sent_bytes.add(sent.bytes);
        self.deliveries.add(sent.deliveries);
    }
}

/// What a shard has written, to be counted at once.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    lines: u64,
    bytes: u64,
    deliveries: u64,
}

impl Sent {
    /// Adds bytes of a session, and what they were.
    pub(crate) fn add(&mut self, bytes: usize, written: &Written) {
        self.lines += written.room_lines + written.private_lines;
        self.bytes += bytes as u64;
        self.deliveries += written.room_lines;
    }

    /// Adds bytes of the shard's own.
    pub(crate) fn add_aside(&mut self, bytes: usize, lines: u64) {
        self.lines += lines;
        self.bytes += bytes as u64;
    }
}

/// Returns nanoseconds, of which a `u64` holds 584 years.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_timed_from_its_beginning_and_a_fan_out_from_the_append() {
        let figures = ShardFigures::default();
        let at = Duration::from_millis;
        figures.turn_begins(at(100));
        assert_eq!(figures.turn_age(at(130)), at(30));
        figures.turn_ends(Some(at(90)), at(130));
        figures.turn_begins(at(200));
        figures.turn_ends(None, at(220));
        let (turns, fan_outs) = (figures.turns.snapshot(1e9), figures.fan_outs.snapshot(1e9));
        assert_eq!((turns.count(), fan_outs.count()), (2, 1));
        assert!((turns.sum - 0.05).abs() < 1e-9 && (fan_outs.sum - 0.04).abs() < 1e-9);
    }
}
