//! Histograms, one for each word, and the percentiles that they can carry.

use hdrhistogram::Histogram;

/// Values up to a minute, in nanoseconds; what is longer counts as a minute.
const MAX_NS: u64 = 60_000_000_000;
/// Three digits: 27,648 counters, 216 KiB for each word and worker.
const DIGITS: u8 = 3;
/// A percentile is shown where at least so many observations lie beyond it.
const BEYOND: u64 = 10;

/// The percentiles told, each with the observations in a thousand that lie beyond it.
pub(crate) const PERCENTILES: [(&str, u64); 4] =
    [("p50", 500), ("p90", 100), ("p99", 10), ("p99.9", 1)];

/// The spread of one word, in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Spread(Histogram<u64>);

impl Default for Spread {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_NS, DIGITS);
        Self(histogram.expect("the bounds are constants that fit"))
    }
}

impl Spread {
    /// Counts the time between two moments; what seems to end before it began took no time.
    pub(crate) fn record(&mut self, from: u64, to: u64) {
        self.0.saturating_record(to.saturating_sub(from));
    }

    pub(crate) fn add(&mut self, other: &Spread) {
        self.0
            .add(&other.0)
            .expect("all histograms have the same bounds");
    }

    pub(crate) fn samples(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn max(&self) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.max())
    }

    /// The value below which all but `beyond` in a thousand observations lie, if enough lie beyond.
    pub(crate) fn percentile(&self, beyond: u64) -> Option<u64> {
        let enough = self.samples() * beyond >= BEYOND * 1000;
        enough.then(|| self.0.value_at_quantile(1.0 - beyond as f64 / 1000.0))
    }
}

/// What one worker measures; `fanout` is known only when all have been merged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) deliver: Spread,
    pub(crate) service: Spread,
    pub(crate) fanout: Spread,
    pub(crate) sendlag: Spread,
    pub(crate) join: Spread,
}

impl Figures {
    /// Each spread with its word, in the order they are told.
    pub(crate) fn each(&self) -> [(&'static str, &Spread); 5] {
        [
            ("deliver", &self.deliver),
            ("service", &self.service),
            ("fan-out", &self.fanout),
            ("sendlag", &self.sendlag),
            ("join", &self.join),
        ]
    }

    pub(crate) fn add(&mut self, other: &Figures) {
        self.deliver.add(&other.deliver);
        self.service.add(&other.service);
        self.fanout.add(&other.fanout);
        self.sendlag.add(&other.sendlag);
        self.join.add(&other.join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: impl IntoIterator<Item = u64>) -> Spread {
        let mut spread = Spread::default();
        values.into_iter().for_each(|value| spread.record(0, value));
        spread
    }

    #[test]
    fn a_percentile_needs_ten_observations_beyond_it() {
        let shown = |samples| {
            PERCENTILES.map(|(_, beyond)| spread(0..samples).percentile(beyond).is_some())
        };
        assert_eq!(shown(19), [false; 4]);
        assert_eq!(shown(20), [true, false, false, false]);
        assert_eq!(shown(999), [true, true, false, false]);
        assert_eq!(shown(1_000), [true, true, true, false]);
        assert_eq!(shown(10_000), [true; 4]);
    }

    #[test]
    fn percentiles_are_those_of_the_observations_to_three_digits() {
        let spread = spread((1..=10_000).map(|value| value * 1_000));
        let near = |value: u64, wanted: u64| value.abs_diff(wanted) * 1_000 <= wanted;
        assert!(near(spread.percentile(500).unwrap(), 5_000_000));
        assert!(near(spread.percentile(1).unwrap(), 9_990_000));
        assert!(near(spread.max().unwrap(), 10_000_000));
    }

    #[test]
    fn two_workers_count_as_one() {
        let mut sum = spread([5; 15]);
        sum.add(&spread([7; 15]));
        assert_eq!((sum.samples(), sum.max()), (30, Some(7)));
    }

    #[test]
    fn nothing_observed_has_no_maximum_and_a_moment_turned_back_takes_no_time() {
        assert_eq!(Spread::default().max(), None);
        let mut spread = Spread::default();
        spread.record(9, 3);
        assert_eq!(spread.max(), Some(0));
    }
}
