//! What the live view keeps of the seconds it has seen, so that each is looked at once.

use std::collections::VecDeque;

use crate::books::spread::Spread;
use crate::result::Second;

/// Seconds kept for the chart: more than a terminal has columns.
const KEPT: usize = 512;

/// The seconds of a run so far, as one and as a chart.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Of all seconds.
    pub(crate) whole: Spread,
    /// The last seconds, ascending.
    pub(crate) points: VecDeque<Point>,
    /// Seconds that were taken in.
    seen: usize,
}

/// What the chart shows of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) second: u32,
    /// None if the second had too few deliveries to tell.
    pub(crate) p99_ns: Option<u64>,
    pub(crate) max_ns: Option<u64>,
}

impl History {
    /// Takes in the seconds that are new. Fewer than before are those of another run.
    pub(crate) fn learn(&mut self, seconds: &[Second]) {
        if seconds.len() < self.seen {
            *self = Self::default();
        }
        seconds[self.seen..]
            .iter()
            .for_each(|second| self.add(second));
        self.seen = seconds.len();
    }

    fn add(&mut self, second: &Second) {
        // What is not a histogram is none of this run's.
        let spread = second.deliver_ns.spread().unwrap_or_default();
        self.whole.add(&spread);
        if self.points.len() == KEPT {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            second: second.second,
            p99_ns: second.deliver_ns.figure("p99"),
            max_ns: second.deliver_ns.max(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::made_up::second;

    #[test]
    fn each_second_counts_once() {
        let seconds: Vec<_> = (0..3).map(|at| second(at, 2, 40)).collect();
        let mut history = History::default();
        for upto in [0, 1, 1, 3, 3] {
            history.learn(&seconds[..upto]);
        }
        assert_eq!(history.whole.samples(), 3_000);
        assert_eq!(history.points.len(), 3);
        history.learn(&seconds[..1]);
        assert_eq!(history.whole.samples(), 1_000);
    }
}
