//! A case is tried, and what was reported is held against what was done.

use std::thread;
use std::time::Duration;

use super::cases::{Case, Wanted};
use super::measure;
use crate::fake::{Fake, Fault, Pause, Script};
use crate::nanos::nanos;
use crate::result::Run;

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What was done was found: told in a few words.
    Right(String),
    Wrong {
        expected: String,
        found: String,
    },
}

/// How far the difference of two medians of hundreds of observations may be from the one wanted: a share of it. On a
/// busy machine medians move by half a millisecond or so: a tenth of the 50 ms wanted is ten times that.
const MEDIANS: f64 = 0.1;
/// How far a pause may be from the one wanted: its beginning and end are one moment each, and each as late as the machine
/// was just then.
const PAUSE: f64 = 0.1;

impl Case {
    /// Tries it; none if Ctrl-C was heard.
    pub(super) fn attempt(&self) -> anyhow::Result<Option<Found>> {
        match self.wanted {
            Wanted::Counted(faults) => {
                self.with_faults(faults, |fake, run| counted(faults, fake, run))
            }
            Wanted::Cut { at, lost } => {
                self.with_faults(&[(at, Fault::Cut)], |fake, run| cut(lost, fake, run))
            }
            Wanted::Leaked { at } => self.with_faults(&[(at, Fault::Leak)], leaked),
            Wanted::Delayed(delay) => self.delayed(delay),
            Wanted::Paused {
                at,
                lasts,
                waited,
                messages,
            } => self.paused(Pause { at, lasts }, waited, messages),
        }
    }

    fn with_faults(
        &self,
        faults: &[(usize, Fault)],
        judge: impl Fn(&Fake, &Run) -> Found,
    ) -> anyhow::Result<Option<Found>> {
        let script = Script {
            faults: faults.to_vec(),
            ..Script::default()
        };
        let measured = measure(script, self.load)?;
        Ok(measured.map(|(fake, run)| judge(&fake, &run)))
    }

    /// Both runs are made at the same time, so that whatever else the machine does is in both.
    fn delayed(&self, delay: Duration) -> anyhow::Result<Option<Found>> {
        let script = Script {
            delay,
            ..Script::default()
        };
        let (at_once, later) = thread::scope(|scope| {
            let at_once = scope.spawn(|| measure(Script::default(), self.load));
            let later = measure(script, self.load);
            (at_once.join().expect("a run does not panic"), later)
        });
        let both = at_once?.zip(later?);
        Ok(both.map(|((_, at_once), (_, later))| differ(delay, &at_once, &later)))
    }

    fn paused(
        &self,
        pause: Pause,
        waited: Duration,
        messages: u64,
    ) -> anyhow::Result<Option<Found>> {
        let script = Script {
            pause: Some(pause),
            ..Script::default()
        };
        let measured = measure(script, self.load)?;
        Ok(measured.map(|(_, run)| stalled(pause.lasts, waited, messages, &run)))
    }
}

/// The kinds, in the order and with the words of the result.
const KINDS: [(Fault, &str); 6] = [
    (Fault::Drop, "lost"),
    (Fault::Double, "doubled"),
    (Fault::Swap, "swapped"),
    (Fault::Echo, "echoed"),
    (Fault::Corrupt, "corrupt"),
    (Fault::Leak, "leaked"),
];

fn counted(faults: &[(usize, Fault)], fake: &Fake, run: &Run) -> Found {
    let each = KINDS.iter().map(|&(kind, word)| {
        let count = faults.iter().filter(|(_, fault)| *fault == kind).count();
        (word, count as u64, fake.place(kind))
    });
    compare(told(each), told(reported(run)))
}

fn cut(lost: u64, fake: &Fake, run: &Run) -> Found {
    let wanted = [("lost", lost, fake.place(Fault::Cut))].into_iter();
    let expected = format!(
        "INVALID, 1 connections ended without a reason, {}",
        told(wanted)
    );
    let reasons = run.verdict.reasons.iter();
    let reason = reasons.filter_map(|reason| reason.split(':').next()).next();
    let found = format!(
        "{}, {}, {}",
        run.verdict.trust,
        reason.unwrap_or("no reason"),
        told(reported(run))
    );
    compare(expected, found)
}

fn leaked(fake: &Fake, run: &Run) -> Found {
    let Some(place) = fake.place(Fault::Leak) else {
        return Found::Wrong {
            expected: "a whisper to leak".to_owned(),
            found: "none was sent".to_owned(),
        };
    };
    // A leak is named by its reader; the rest of the place is the load tester's own way to count whispers.
    let reader = |place: &str| place.split(',').next().unwrap_or_default().to_owned();
    let expected = [("leaked", 1, Some(reader(&place)))].into_iter();
    let found =
        reported(run).map(|(word, count, place)| (word, count, place.as_deref().map(reader)));
    compare(told(expected), told(found))
}

fn differ(delay: Duration, at_once: &Run, later: &Run) -> Found {
    let median = |run: &Run| run.latency_ns.as_ref()?.deliver.figure("p50");
    let (Some(at_once), Some(later)) = (median(at_once), median(later)) else {
        return compare("two medians of deliver".to_owned(), "none".to_owned());
    };
    let difference = later as f64 - at_once as f64;
    let found = format!("deliver p50 differs by {:.2} ms", difference / 1e6);
    match near(difference, nanos(delay) as f64, MEDIANS) {
        true => Found::Right(found),
        false => Found::Wrong {
            expected: format!("a difference of {}", humantime::format_duration(delay)),
            found,
        },
    }
}

fn stalled(lasts: Duration, waited: Duration, messages: u64, run: &Run) -> Found {
    let Some(figures) = &run.latency_ns else {
        return compare("a valid run".to_owned(), run.verdict.reasons.join("; "));
    };
    let fanout = &figures.fanout;
    let count = fanout.histogram().count_between(nanos(waited), u64::MAX);
    let longest = fanout.max().unwrap_or(0);
    let waited = humantime::format_duration(waited);
    let found = format!(
        "{count} messages waited {waited} or longer, the longest {:.1} ms",
        longest as f64 / 1e6
    );
    let right = near(count as f64, messages as f64, PAUSE)
        && near(longest as f64, nanos(lasts) as f64, PAUSE);
    match right {
        true => Found::Right(found),
        false => Found::Wrong {
            expected: format!(
                "{messages}, the longest {}",
                humantime::format_duration(lasts)
            ),
            found,
        },
    }
}

/// What a result says of each kind: word, count, first example.
fn reported(run: &Run) -> impl Iterator<Item = (&'static str, u64, Option<String>)> {
    let delivery = &run.delivery;
    let each = delivery.faults().into_iter();
    each.map(|(word, count)| (word, count, delivery.first.get(word).cloned()))
}

/// Counts and places in words; those of nothing are left out.
fn told(each: impl Iterator<Item = (&'static str, u64, Option<String>)>) -> String {
    let each: Vec<_> = each
        .filter(|(_, count, place)| *count > 0 || place.is_some())
        .map(|(word, count, place)| {
            format!("{word} {count} {}", place.as_deref().unwrap_or("nowhere"))
        })
        .collect();
    match each.is_empty() {
        true => "no fault".to_owned(),
        false => each.join("; "),
    }
}

fn compare(expected: String, found: String) -> Found {
    match expected == found {
        true => Found::Right(found),
        false => Found::Wrong { expected, found },
    }
}

fn near(found: f64, wanted: f64, share: f64) -> bool {
    (found - wanted).abs() <= share * wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_per_cent_are_near() {
        assert!(near(52e6, 50e6, MEDIANS) && near(48e6, 50e6, MEDIANS));
        assert!(!near(56e6, 50e6, MEDIANS) && !near(0.0, 50e6, MEDIANS));
    }

    #[test]
    fn a_count_without_its_place_is_wrong() {
        let wanted =
            || told([("lost", 1, Some("at u3".to_owned())), ("doubled", 0, None)].into_iter());
        assert_eq!(wanted(), "lost 1 at u3");
        let found = told([("lost", 1, None)].into_iter());
        assert!(matches!(compare(wanted(), found), Found::Wrong { .. }));
        assert_eq!(told([].into_iter()), "no fault");
    }
}
