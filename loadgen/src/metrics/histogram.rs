//! Histograms of times, and the percentiles that they can carry; one for each word that is measured.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram as Raw;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

/// Values up to a minute, in nanoseconds; what is longer counts as a minute.
const MAX_NS: u64 = 60_000_000_000;
/// Three digits: 27,648 counters, 216 KiB for each word and worker.
const DIGITS: u8 = 3;
/// A percentile is shown where at least so many observations lie beyond it.
const BEYOND: u64 = 10;

/// The percentiles shown, each with the observations in a thousand that lie beyond it.
pub(crate) const PERCENTILES: [(&str, u64); 4] =
    [("p50", 500), ("p90", 100), ("p99", 10), ("p99.9", 1)];

/// What an objective is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Nanoseconds.
    Is(u64),
    TooFew,
    /// What stands there never came.
    Never,
}

/// The histogram of one word, in nanoseconds.
///
/// As JSON: its figures, for those who read it, and the whole histogram, from which it is read back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram(Raw<u64>);

impl Default for Histogram {
    fn default() -> Self {
        let histogram = Raw::new_with_bounds(1, MAX_NS, DIGITS);
        Self(histogram.expect("the bounds are constants that fit"))
    }
}

impl Histogram {
    /// Counts the time between two moments; what seems to end before it began took no time.
    pub(crate) fn record(&mut self, from: u64, to: u64) {
        self.0.saturating_record(to.saturating_sub(from));
    }

    pub(crate) fn add(&mut self, other: &Histogram) {
        self.0
            .add(&other.0)
            .expect("all histograms have the same bounds");
    }

    /// Forgets all observations.
    pub(crate) fn clear(&mut self) {
        self.0.reset();
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

    /// A figure by its name: one of [`PERCENTILES`], or `max`.
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        match PERCENTILES.iter().find(|(word, _)| *word == name) {
            Some((_, beyond)) => self.percentile(*beyond),
            None if name == "max" => self.max(),
            None => None,
        }
    }

    /// A figure by its name, of these observations and of `missing` more, which were expected and never came: they
    /// took longer than any.
    pub(crate) fn figure_of_expected(&self, name: &str, missing: u64) -> Figure {
        if missing == 0 {
            return self.figure(name).map_or(Figure::TooFew, Figure::Is);
        }
        let percentile = PERCENTILES.iter().find(|(word, _)| *word == name);
        let beyond = percentile.map_or(0, |(_, beyond)| *beyond);
        let expected = self.samples() + missing;
        let below = (expected * (1000 - beyond)).div_ceil(1000);
        if percentile.is_some() && expected * beyond < BEYOND * 1000 {
            Figure::TooFew
        } else if below > self.samples() {
            Figure::Never
        } else {
            let share = (below as f64 - 0.5) / self.samples() as f64; // within that observation
            Figure::Is(self.0.value_at_quantile(share))
        }
    }

    /// The histogram itself, for renderings that want all of it.
    pub(crate) fn raw(&self) -> &Raw<u64> {
        &self.0
    }

    /// The whole histogram in the V2 form, compressed, base64.
    pub(crate) fn encoded(&self) -> String {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.0, &mut bytes)
            .expect("a Vec takes everything, and three digits fit the form");
        BASE64_STANDARD.encode(bytes)
    }

    /// What [`Histogram::encoded`] returned; none if it is something else.
    pub(crate) fn decoded(text: &str) -> Option<Self> {
        let mut histogram = Self::default();
        histogram.0.add(Self::raw_of(text)?).ok()?;
        Some(histogram)
    }

    fn raw_of(text: &str) -> Option<Raw<u64>> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        Deserializer::new().deserialize(&mut &*bytes).ok()
    }
}

/// What a [`Histogram`] is in a file: its figures for those who read it, and the histogram, small as it is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    samples: u64,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    #[serde(rename = "p99.9")]
    p999: Option<u64>,
    max: Option<u64>,
    histogram: String,
}

impl Summary {
    pub(crate) fn max(&self) -> Option<u64> {
        self.max
    }

    /// A figure by its name, as of [`Histogram::figure`].
    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        match name {
            "p50" => self.p50,
            "p90" => self.p90,
            "p99" => self.p99,
            "p99.9" => self.p999,
            "max" => self.max,
            _ => None,
        }
    }

    /// Adds observations; what is no histogram counts as none.
    pub(crate) fn add(&mut self, other: &Histogram) {
        let mut sum = self.histogram().unwrap_or_default();
        sum.add(other);
        *self = Self::from(&sum);
    }

    /// The observations of all of them.
    pub(crate) fn of_all<'a>(all: impl IntoIterator<Item = &'a Summary>) -> Summary {
        let mut sum = Histogram::default();
        let filled = all.into_iter().filter(|one| one.samples > 0);
        for raw in filled.filter_map(|one| Histogram::raw_of(&one.histogram)) {
            // What has other bounds is none of ours, and counts as none.
            let _ = sum.0.add(raw);
        }
        Self::from(&sum)
    }

    /// All of it; none if the histogram is something else.
    pub(crate) fn histogram(&self) -> Option<Histogram> {
        if self.histogram.is_empty() {
            Some(Histogram::default())
        } else {
            Histogram::decoded(&self.histogram)
        }
    }
}

impl From<&Histogram> for Summary {
    fn from(histogram: &Histogram) -> Self {
        Self {
            samples: histogram.samples(),
            p50: histogram.figure("p50"),
            p90: histogram.figure("p90"),
            p99: histogram.figure("p99"),
            p999: histogram.figure("p99.9"),
            max: histogram.max(),
            histogram: histogram.encoded(),
        }
    }
}

impl Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Summary::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let summary = Summary::deserialize(deserializer)?;
        let wrong = || D::Error::custom("not a histogram in the V2 form, compressed, base64");
        summary.histogram().ok_or_else(wrong)
    }
}

/// What is measured of messages, in one stage of a run. `fanout` and `skew` are known only when all workers
/// have been merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latencies {
    pub(crate) deliver: Histogram,
    pub(crate) service: Histogram,
    #[serde(rename = "fan-out")]
    pub(crate) fanout: Histogram,
    pub(crate) skew: Histogram,
    pub(crate) sendlag: Histogram,
    pub(crate) join: Histogram,
    pub(crate) whisper: Histogram,
}

impl Latencies {
    /// Each histogram with its word, in the order they are shown.
    pub(crate) fn each(&self) -> [(&'static str, &Histogram); 7] {
        [
            ("deliver", &self.deliver),
            ("service", &self.service),
            ("fan-out", &self.fanout),
            ("skew", &self.skew),
            ("sendlag", &self.sendlag),
            ("join", &self.join),
            ("whisper", &self.whisper),
        ]
    }

    /// The histogram of a word.
    pub(crate) fn of(&self, wanted: &str) -> Option<&Histogram> {
        let each = self.each().into_iter();
        each.filter(|(word, _)| *word == wanted)
            .map(|(_, histogram)| histogram)
            .next()
    }

    pub(crate) fn add(&mut self, other: &Latencies) {
        self.deliver.add(&other.deliver);
        self.service.add(&other.service);
        self.fanout.add(&other.fanout);
        self.skew.add(&other.skew);
        self.sendlag.add(&other.sendlag);
        self.join.add(&other.join);
        self.whisper.add(&other.whisper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values
            .into_iter()
            .for_each(|value| histogram.record(0, value));
        histogram
    }

    #[test]
    fn a_percentile_needs_ten_observations_beyond_it() {
        let shown = |samples| {
            PERCENTILES.map(|(_, beyond)| histogram(0..samples).percentile(beyond).is_some())
        };
        assert_eq!(shown(19), [false; 4]);
        assert_eq!(shown(20), [true, false, false, false]);
        assert_eq!(shown(999), [true, true, false, false]);
        assert_eq!(shown(1_000), [true, true, true, false]);
        assert_eq!(shown(10_000), [true; 4]);
    }

    #[test]
    fn percentiles_are_those_of_the_observations_to_three_digits() {
        let histogram = histogram((1..=10_000).map(|value| value * 1_000));
        let near = |value: u64, wanted: u64| value.abs_diff(wanted) * 1_000 <= wanted;
        assert!(near(histogram.percentile(500).unwrap(), 5_000_000));
        assert!(near(histogram.percentile(1).unwrap(), 9_990_000));
        assert!(near(histogram.max().unwrap(), 10_000_000));
    }

    #[test]
    fn what_never_came_took_longer_than_any() {
        let histogram = histogram((1..=600).map(|value| value * 1_000));
        let of = |name, missing| histogram.figure_of_expected(name, missing);
        assert_eq!(of("p50", 0), Figure::Is(histogram.figure("p50").unwrap()));
        // The 350th of 700, the 500th of 1,000, and the 700th of 1,400, which is none of the 600.
        assert!(matches!(of("p50", 100), Figure::Is(349_000..=351_000)));
        assert!(matches!(of("p50", 400), Figure::Is(499_000..=501_000)));
        assert_eq!(of("p50", 800), Figure::Never);
        assert_eq!(
            (of("max", 1), of("p90", 400)),
            (Figure::Never, Figure::Never)
        );
        assert_eq!(
            (of("p99.9", 1), of("p99", 399)),
            (Figure::TooFew, Figure::TooFew)
        );
    }

    #[test]
    fn two_workers_count_as_one() {
        let mut sum = histogram([5; 15]);
        sum.add(&histogram([7; 15]));
        assert_eq!((sum.samples(), sum.max()), (30, Some(7)));
    }

    #[test]
    fn nothing_observed_has_no_maximum_and_a_moment_turned_back_takes_no_time() {
        assert_eq!(Histogram::default().max(), None);
        let mut histogram = Histogram::default();
        histogram.record(9, 3);
        assert_eq!(histogram.max(), Some(0));
    }

    #[test]
    fn nothing_is_lost_in_a_file() {
        let histogram = histogram((1..=10_000).map(|value| value * 777));
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
        assert!(text.contains(r#""samples":10000,"p50":"#), "{text}");
    }
}
