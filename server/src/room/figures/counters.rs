//! Counters that one thread writes and any thread reads: a load and a store, no locked instruction.

use std::array;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use wac_core::close_reason::CloseReason;

/// A number that one thread writes.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter for each close reason.
#[derive(Debug, Default)]
pub(crate) struct ByReason([Counter; CloseReason::ALL.len()]);

impl ByReason {
    pub(crate) fn count(&self, reason: CloseReason) {
        self.0[reason as usize].add(1);
    }

    pub(crate) fn get(&self, reason: CloseReason) -> u64 {
        self.0[reason as usize].get()
    }
}

/// Returns the counts of some reasons, by name, each summed up over several counters.
pub(super) fn sums<'a>(
    reasons: &[CloseReason],
    counters: impl Iterator<Item = &'a ByReason> + Clone,
) -> BTreeMap<String, u64> {
    let sum = |reason| counters.clone().map(|it| it.get(reason)).sum();
    let entry = |&reason| (CloseReason::to_string(&reason), sum(reason));
    reasons.iter().map(entry).collect()
}

/// A histogram that one thread writes.
#[derive(Debug)]
pub(crate) struct Distribution<const N: usize> {
    /// The upper bounds of the buckets, ascending.
    bounds: &'static [u64; N],
    counts: [Counter; N],
    /// The number of values above every bound.
    beyond: Counter,
    sum: Counter,
}

impl<const N: usize> Distribution<N> {
    pub(super) fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            counts: array::from_fn(|_| Counter::default()),
            beyond: Counter::default(),
            sum: Counter::default(),
        }
    }

    pub(crate) fn add(&self, value: u64) {
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        self.counts.get(bucket).unwrap_or(&self.beyond).add(1);
        self.sum.add(value);
    }

    /// Returns what has been counted, in a unit of which a value holds `1 / per_unit`.
    pub(super) fn snapshot(&self, per_unit: f64) -> Histogram {
        let counts = self.counts.iter().chain([&self.beyond]);
        Histogram {
            bounds: self.bounds.iter().map(|&it| it as f64 / per_unit).collect(),
            counts: counts.map(Counter::get).collect(),
            sum: self.sum.get() as f64 / per_unit,
        }
    }
}

/// A snapshot of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Histogram {
    /// The upper bounds of the buckets, ascending.
    pub(crate) bounds: Vec<f64>,
    /// The number of values in each bucket, and in one more for those above every bound.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
}

impl Histogram {
    /// Returns the number of values.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds up histograms that have the same bounds.
    pub(super) fn merge(mut self, other: Self) -> Self {
        let counts = self.counts.iter_mut().zip(other.counts);
        counts.for_each(|(sum, more)| *sum += more);
        self.sum += other.sum;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_in_the_first_bucket_that_holds_it() {
        let values = Distribution::new(&[1, 10, 100]);
        for value in [0, 1, 2, 10, 100, 101] {
            values.add(value);
        }
        let found = values.snapshot(10.0);
        assert_eq!(found.bounds, [0.1, 1.0, 10.0]);
        assert_eq!((&*found.counts, found.count()), (&[2, 2, 1, 1][..], 6));
        assert!((found.sum - 21.4).abs() < 1e-9);
        let twice = found.clone().merge(found);
        assert_eq!((&*twice.counts, twice.count()), (&[4, 4, 2, 2][..], 12));
    }

    #[test]
    fn reasons_are_summed_up_by_name() {
        let (one, two) = (ByReason::default(), ByReason::default());
        for counter in [&one, &one, &two] {
            counter.count(CloseReason::Quit);
        }
        let found = sums(
            &[CloseReason::Quit, CloseReason::TooSlow],
            [&one, &two].into_iter(),
        );
        let found: Vec<_> = found.iter().map(|(name, sum)| (&**name, *sum)).collect();
        assert_eq!(found, [("Quit", 3), ("TooSlow", 0)]);
    }
}
