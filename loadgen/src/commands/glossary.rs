//! The words in which results are told: one table.

use std::fmt::Write;

use super::tell;
use crate::judge::exit::Exit;

/// A word that is measured.
struct Measured {
    word: &'static str,
    formula: &'static str,
    /// What one observation is.
    each: &'static str,
    tells: &'static str,
}

const fn measured(
    word: &'static str,
    formula: &'static str,
    each: &'static str,
    tells: &'static str,
) -> Measured {
    Measured {
        word,
        formula,
        each,
        tells,
    }
}

const MEASURED: [Measured; 8] = [
    measured(
        "deliver",
        "R − I",
        "delivery",
        "what a reader lives through; a stall of server or tester is in it (no coordinated omission)",
    ),
    measured("service", "R − W", "delivery", "the server's part"),
    measured(
        "fan-out",
        "last R − I",
        "message",
        "when the last person has it",
    ),
    measured("spread", "last R − first R", "message", "fairness"),
    measured(
        "sendlag",
        "W − I",
        "message",
        "the load tester late, or the server refusing input",
    ),
    measured(
        "join",
        "connect → welcome",
        "user",
        "what a login costs; storms",
    ),
    measured(
        "whisper",
        "R − I",
        "whisper",
        "deliver, of what is said to one person",
    ),
    measured(
        "unlucky",
        "own p99 of deliver",
        "reader",
        "the worst-served person, beside the one in the middle",
    ),
];

/// What is not measured but told: a word and what it says.
const TOLD: [(&str, &str); 18] = [
    ("I", "the moment a message was due by the schedule"),
    ("W", "the moment the kernel had accepted its last byte"),
    (
        "R",
        "the moment the read came back that brought the whole line to a reader",
    ),
    (
        "owed",
        "a message is owed to a reader who was logged in before W and had not begun to leave",
    ),
    (
        "grey",
        "what overlaps a join or a leave: counted, never called lost",
    ),
    ("lost", "owed, and never came"),
    ("doubled", "came again"),
    ("swapped", "came behind a later message of its sender"),
    ("echoed", "came back to its sender"),
    ("corrupt", "a line that is not what was sent"),
    ("leaked", "a whisper that somebody else read"),
    (
        "closed loop",
        "--in-flight N: what is due waits while N messages' deliveries are under way; no latency is told",
    ),
    (
        "p50 … p99.9",
        "that share of the observations took no longer; shown where 10 or more lie beyond it",
    ),
    ("VALID", "the figures are the server's"),
    (
        "SUSPECT",
        "they may be the load tester's own, or the machine's: the reasons are told",
    ),
    (
        "INVALID",
        "they mean nothing, and are withheld: a limit was met, or the schedule was not sent",
    ),
    (
        "PASS, FAIL",
        "every promise (--slo) was kept and every delivery right; or not",
    ),
    (
        "A against B",
        "compare: ratio of B to A, with an interval; lower is better, but of deliveries/s higher",
    ),
];

/// The presets: a name, its shape, its headline.
const PRESETS: [(&str, &str, &str); 9] = [
    (
        "town",
        "everyone logged in, a few talk at random times",
        "deliver p99, fan-out p99",
    ),
    ("idle", "nobody talks", "KiB a connection, join p99"),
    ("whisper", "half of what is sent is whispers", "whisper p99"),
    (
        "churn",
        "2 % a second leave and come back",
        "join p99, refused names, grey share",
    ),
    (
        "storm",
        "half dropped at once, back within seconds",
        "time until everyone is back and p99 is normal again",
    ),
    (
        "slow",
        "50 readers at 1 kB/s, 10 that stopped",
        "the others' p99 with and without them",
    ),
    (
        "hostile",
        "half lines, one byte at a time, 1 MiB lines, garbage, WHO floods",
        "the healthy users' p99",
    ),
    (
        "soak",
        "town at 60 % of find-max, for hours",
        "drift of p99 and memory an hour",
    ),
    (
        "flood",
        "the server kept full: 256 messages' deliveries under way",
        "deliveries a second, the server's CPU for each",
    ),
];

/// Prints the words.
pub(super) fn run() -> anyhow::Result<Exit> {
    tell::text(&render(), None)?;
    Ok(Exit::Pass)
}

fn render() -> String {
    let mut text = String::new();
    // A String takes everything.
    let _ = writeln!(
        text,
        "{:<12}{:<20}{:<12}tells",
        "word", "formula", "of each"
    );
    for row in &MEASURED {
        let Measured {
            word,
            formula,
            each,
            tells,
        } = row;
        let _ = writeln!(text, "{word:<12}{formula:<20}{each:<12}{tells}");
    }
    text.push('\n');
    for (word, says) in &TOLD {
        let _ = writeln!(text, "{word:<14}{says}");
    }
    let _ = writeln!(text, "\n{:<12}{:<66}headline", "preset", "shape");
    for (name, shape, headline) in &PRESETS {
        let _ = writeln!(text, "{name:<12}{shape:<66}{headline}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Preset;
    use crate::books::figures::Figures;
    use crate::judge::slo::WORDS;
    use crate::result::Delivery;

    #[test]
    fn every_word_that_is_told_is_explained_and_no_other() {
        let figures = Figures::default();
        let mut told: Vec<_> = figures.each().iter().map(|(word, _)| *word).collect();
        assert_eq!(told, WORDS, "promises are made of what is measured");
        told.push("unlucky");
        let explained: Vec<_> = MEASURED.iter().map(|row| row.word).collect();
        assert_eq!(explained, told);
        for (fault, _) in Delivery::default().faults() {
            assert!(TOLD.iter().any(|(word, _)| *word == fault), "{fault}");
        }
    }

    #[test]
    fn every_preset_is_explained_under_its_name() {
        let presets = [
            Preset::Town,
            Preset::Idle,
            Preset::Whisper,
            Preset::Churn,
            Preset::Storm,
            Preset::Slow,
            Preset::Hostile,
            Preset::Soak,
            Preset::Flood,
        ];
        let explained = PRESETS.map(|(name, ..)| name);
        assert_eq!(explained, presets.map(Preset::name));
    }
}
