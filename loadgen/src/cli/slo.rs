//! Service level objective: `deliver.p99<50ms`.

use std::fmt;
use std::str::FromStr;

use crate::units::nanos;

/// A word, one of its figures, and what it must stay below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slo {
    pub(crate) word: String,
    pub(crate) figure: String,
    /// Nanoseconds.
    pub(crate) below: u64,
    /// As it was typed.
    text: String,
}

/// The words that objectives are made of.
pub(crate) const WORDS: [&str; 7] = [
    "deliver", "service", "fan-out", "skew", "sendlag", "join", "whisper",
];
/// The figures that objectives are made of.
pub(crate) const FIGURES: [&str; 5] = ["p50", "p90", "p99", "p99.9", "max"];

/// The text is no objective.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("wanted WORD.FIGURE<TIME, such as deliver.p99<50ms; words: {}; figures: {}", WORDS.join(" "), FIGURES.join(" "))]
pub(crate) struct NotASlo;

impl FromStr for Slo {
    type Err = NotASlo;

    fn from_str(text: &str) -> Result<Self, NotASlo> {
        let (left, time) = text.split_once('<').ok_or(NotASlo)?;
        let (word, figure) = left.trim().split_once('.').ok_or(NotASlo)?;
        let below = humantime::parse_duration(time.trim()).map_err(|_| NotASlo)?;
        if !WORDS.contains(&word) || !FIGURES.contains(&figure) {
            return Err(NotASlo);
        }
        Ok(Self {
            word: word.to_owned(),
            figure: figure.to_owned(),
            below: nanos(below),
            text: format!("{word}.{figure} < {}", time.trim()),
        })
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_is_read_and_shown() {
        let slo: Slo = "deliver.p99<50ms".parse().unwrap();
        assert_eq!(
            (&*slo.word, &*slo.figure, slo.below),
            ("deliver", "p99", 50_000_000)
        );
        assert_eq!(slo.to_string(), "deliver.p99 < 50ms");
        let slo: Slo = "fan-out.p99.9 < 1s".parse().unwrap();
        assert_eq!((&*slo.word, &*slo.figure), ("fan-out", "p99.9"));
    }

    #[test]
    fn what_is_no_objective_is_refused_with_the_words() {
        for wrong in [
            "deliver.p99",
            "deliver.p98<5ms",
            "speed.p99<5ms",
            "deliver.p99<fast",
        ] {
            assert_eq!(wrong.parse::<Slo>(), Err(NotASlo), "{wrong}");
        }
        assert!(NotASlo.to_string().contains("fan-out"));
    }
}
