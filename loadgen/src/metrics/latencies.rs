//! One histogram for each word that is measured.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;

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
    /// Each histogram with its word, in the order they are told.
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
