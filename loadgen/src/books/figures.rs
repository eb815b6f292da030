//! One spread for each word that is measured.

use serde::{Deserialize, Serialize};

use super::spread::Spread;

/// What is measured of messages, in one stage of a run. `fanout` and `spread` are known only when all workers
/// have been merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) deliver: Spread,
    pub(crate) service: Spread,
    #[serde(rename = "fan-out")]
    pub(crate) fanout: Spread,
    pub(crate) spread: Spread,
    pub(crate) sendlag: Spread,
    pub(crate) join: Spread,
    pub(crate) whisper: Spread,
}

impl Figures {
    /// Each spread with its word, in the order they are told.
    pub(crate) fn each(&self) -> [(&'static str, &Spread); 7] {
        [
            ("deliver", &self.deliver),
            ("service", &self.service),
            ("fan-out", &self.fanout),
            ("spread", &self.spread),
            ("sendlag", &self.sendlag),
            ("join", &self.join),
            ("whisper", &self.whisper),
        ]
    }

    /// The spread of a word.
    pub(crate) fn of(&self, wanted: &str) -> Option<&Spread> {
        let each = self.each().into_iter();
        each.filter(|(word, _)| *word == wanted)
            .map(|(_, spread)| spread)
            .next()
    }

    pub(crate) fn add(&mut self, other: &Figures) {
        self.deliver.add(&other.deliver);
        self.service.add(&other.service);
        self.fanout.add(&other.fanout);
        self.spread.add(&other.spread);
        self.sendlag.add(&other.sendlag);
        self.join.add(&other.join);
        self.whisper.add(&other.whisper);
    }
}
