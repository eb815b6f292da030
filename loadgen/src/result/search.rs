//! Search for the highest rate that meets the objectives: pure, a try's rate out, what became of it in.
//!
//! ```text
//!  double while kept ─▶ halve the gap, geometrically, to 5 % ─▶ try the answer once more ─▶ found
//!  (halve while broken)                                         broken: 5 % down, again
//! ```
//!
//! Noise makes a server miss far more often than meet them: a broken try counts when it is broken again.

/// The gap that is close enough.
const CLOSE: f64 = 1.05;
/// How far below the first rate it looks.
const LOWEST: f64 = 64.0;
/// Tries in all.
const MAX_TRIES: u32 = 40;

/// A search under way.
#[derive(Debug)]
pub(crate) struct Search {
    /// The first rate.
    start: f64,
    /// All that were kept, and the last that was broken twice.
    held: Vec<f64>,
    broken: Option<f64>,
    /// The rate under way was broken once.
    again: bool,
    stage: Step,
    tries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Narrowing,
    /// This answer is tried once more.
    Confirming(f64),
    Over(Answer),
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    Kept,
    Broken,
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    /// Kept, and kept again.
    Found(f64),
    /// Even the lowest rate misses an objective.
    Nothing { lowest: f64 },
    /// It ended early; the highest rate that was kept and not broken since, not confirmed.
    Unfinished { kept: Option<f64> },
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Next {
    Try(f64),
    End(Answer),
}

impl Search {
    /// `start`: the first rate, above 0.
    pub(crate) fn new(start: f64) -> Self {
        Self {
            start,
            held: Vec::new(),
            broken: None,
            again: false,
            stage: Step::Narrowing,
            tries: 0,
        }
    }

    /// The next rate to try, or the end.
    pub(crate) fn next(&self) -> Next {
        match self.stage {
            Step::Over(answer) => Next::End(answer),
            _ if self.tries == MAX_TRIES => Next::End(self.stopped()),
            _ => Next::Try(self.rate()),
        }
    }

    /// The rate that [`Search::next`] gave was tried.
    pub(crate) fn on(&mut self, tried: Tried) {
        let rate = self.rate();
        self.tries += 1;
        match tried {
            Tried::Broken if !self.again => self.again = true,
            Tried::Broken => self.is_broken(rate),
            Tried::Kept => self.is_kept(rate),
        }
    }

    /// What is known when it is ended early.
    pub(crate) fn stopped(&self) -> Answer {
        Answer::Unfinished { kept: self.kept() }
    }

    fn is_kept(&mut self, rate: f64) {
        self.again = false;
        self.held.push(rate);
        match self.stage {
            Step::Confirming(_) => self.stage = Step::Over(Answer::Found(rate)),
            _ => self.confirm_if_close(),
        }
    }

    fn is_broken(&mut self, rate: f64) {
        self.again = false;
        self.broken = Some(rate);
        match self.stage {
            Step::Confirming(_) => self.stage = Step::Confirming(rounded(rate / CLOSE)),
            _ => self.confirm_if_close(),
        }
        if self.rate() < self.start / LOWEST * 0.99 {
            self.stage = Step::Over(Answer::Nothing { lowest: rate });
        }
    }

    fn confirm_if_close(&mut self) {
        if let (Some(kept), Some(broken)) = (self.kept(), self.broken)
            && broken / kept <= CLOSE
        {
            self.stage = Step::Confirming(kept);
        }
    }

    /// The highest that was kept, and was not broken since, nor was a lower one.
    fn kept(&self) -> Option<f64> {
        let broken = self.broken.unwrap_or(f64::INFINITY);
        let held = self.held.iter().copied().filter(|&rate| rate < broken);
        held.reduce(f64::max)
    }

    fn rate(&self) -> f64 {
        if let Step::Confirming(rate) = self.stage {
            return rate;
        }
        rounded(match (self.kept(), self.broken) {
            (None, None) => self.start,
            (Some(kept), None) => 2.0 * kept,
            (None, Some(broken)) => broken / 2.0,
            (Some(kept), Some(broken)) => (kept * broken).sqrt(),
        })
    }
}

/// Three digits: a rate that can be typed, and closer than the search is.
fn rounded(rate: f64) -> f64 {
    let step = 10f64.powf(rate.log10().floor() - 2.0);
    // Divided and not multiplied below 1, so that 0.156 is 0.156.
    if step < 1.0 {
        (rate / step).round() / (1.0 / step).round()
    } else {
        (rate / step).round() * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::random::Random;

    /// Searches against a server that meets its objectives as `keeps` says; the answer and the tries.
    fn search(start: f64, mut keeps: impl FnMut(f64) -> bool) -> (Answer, Vec<f64>) {
        let mut search = Search::new(start);
        let mut tries = Vec::new();
        loop {
            match search.next() {
                Next::End(answer) => return (answer, tries),
                Next::Try(rate) => {
                    tries.push(rate);
                    search.on(if keeps(rate) {
                        Tried::Kept
                    } else {
                        Tried::Broken
                    });
                }
            }
        }
    }

    #[track_caller]
    fn found(answer: Answer) -> f64 {
        match answer {
            Answer::Found(rate) => rate,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_knee_is_found_to_5_per_cent_from_above_and_below() {
        for knee in [3.0, 17.0, 99.0, 100.0, 777.0, 123_456.0] {
            let (answer, tries) = search(100.0, |rate| rate <= knee);
            let rate = found(answer);
            assert!(rate <= knee && knee < rate * CLOSE * 1.01, "{knee}: {rate}");
            assert_eq!(tries.last(), Some(&rate), "the answer is confirmed");
            assert!(tries.len() <= 25, "{knee}: {tries:?}");
        }
    }

    #[test]
    fn one_broken_try_is_chance_and_two_are_not() {
        let mut calls = 0;
        let (answer, _) = search(100.0, |rate| {
            calls += 1;
            calls != 2 && rate <= 500.0
        });
        assert!(found(answer) > 470.0);
    }

    #[test]
    fn an_answer_that_does_not_hold_goes_5_per_cent_down() {
        // The server keeps 400/s until the answer is to be confirmed, and 300/s from then on.
        let (before, tries) = search(100.0, |rate| rate <= 400.0);
        let confirming = tries.len();
        let mut calls = 0;
        let (answer, _) = search(100.0, |rate| {
            calls += 1;
            rate <= if calls < confirming { 400.0 } else { 300.0 }
        });
        assert!(found(before) > 380.0);
        let rate = found(answer);
        assert!((280.0..=300.0).contains(&rate), "{rate}");
    }

    #[test]
    fn a_64th_is_the_lowest() {
        let (answer, tries) = search(64.0, |_| false);
        assert_eq!(answer, Answer::Nothing { lowest: 1.0 });
        // Seven rates, each twice.
        assert_eq!(tries.len(), 14);
    }

    #[test]
    fn it_ends_after_40_tries_and_tells_what_it_knows() {
        let (answer, tries) = search(1.0, |_| true);
        assert!(matches!(answer, Answer::Unfinished { kept: Some(_) }));
        assert_eq!(tries.len(), 40);
    }

    #[test]
    fn noise_moves_the_answer_little() {
        // Within 5 % of the knee chance decides; below it, one try of twenty is broken by something else.
        let near = (0..200).filter(|&seed| {
            let mut random = Random::new(seed);
            let (answer, _) = search(100.0, |rate| {
                let knee = 1_000.0 * (1.0 + 0.1 * (random.fraction() - 0.5));
                rate < knee && random.fraction() > 0.05
            });
            (900.0..1_050.0).contains(&found(answer))
        });
        let near = near.count();
        assert!(near >= 190, "{near} of 200");
    }

    #[test]
    fn what_was_not_kept_is_never_told_as_kept() {
        // Everything is kept until the answer is to be confirmed, and nothing from then on.
        let (_, tries) = search(100.0, |rate| rate <= 150.0);
        let (mut calls, mut held) = (0, Vec::new());
        let (answer, _) = search(100.0, |rate| {
            calls += 1;
            let keeps = calls < tries.len() && rate <= 150.0;
            held.extend(keeps.then_some(rate));
            keeps
        });
        let Answer::Unfinished { kept } = answer else {
            panic!("{answer:?}")
        };
        assert!(
            kept.is_none_or(|kept| held.contains(&kept)),
            "{kept:?} of {held:?}"
        );
        assert!(
            kept.is_none_or(|kept| kept < 100.0),
            "100/s was broken since"
        );
    }

    #[test]
    fn rates_have_three_digits() {
        let shown = [1_234.0, 0.156_25, 20.0, 99.96, 1_414.213].map(rounded);
        assert_eq!(shown, [1_230.0, 0.156, 20.0, 100.0, 1_410.0]);
    }
}
