//! Comparison: whether one side is better or worse than the other, or no difference is shown. Pure.
//!
//! ```text
//!  runs of A ┐             of each metric,                    ratio B / A with its interval,
//!            ├─▶ Sample ─▶ the logarithms ─▶ rank-sum test ─▶ better, worse, or no difference shown
//!  runs of B ┘
//! ```
//!
//! Times are compared as ratios: a server that is 3 % slower is so at p50 and at p99. All metrics together err in at
//! most [`ERROR`] of the comparisons of equals, so a regression is called in at most half of that: each metric
//! is given its part of the error (Bonferroni), which holds however much they depend on each other.
//!
//! Power, measured by the tests below with 10 runs a side, noise of 1 % from run to run and five metrics: a change of
//! 3 % is called in at least 99 % of the comparisons, one of 2 % in at least 90 %.

use serde::Serialize;

use super::rank::{least_observations, least_probability, median, shift};
use crate::metrics::histogram::Latencies;
use crate::result::Run;

/// The share of comparisons of equals that may call any difference.
pub(crate) const ERROR: f64 = 0.05;
/// Runs a side from which a difference is called.
pub(crate) const ENOUGH_RUNS: usize = 5;

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// One metric's observations. None are missing: a metric that some have not is left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) metric: &'static str,
    pub(crate) better: Better,
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
}

/// What is said of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Finding {
    #[serde(rename = "better")]
    Better,
    #[serde(rename = "worse")]
    Worse,
    #[serde(rename = "no difference shown")]
    None,
}

impl Finding {
    /// As it is shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::None => "no difference shown",
        }
    }
}

/// One metric, compared. Times in nanoseconds, deliveries a second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) metric: &'static str,
    /// The median of A and of B.
    pub(crate) a: f64,
    pub(crate) b: f64,
    /// B as a multiple of A.
    pub(crate) ratio: f64,
    /// What it may be; none where there are too few observations.
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) finding: Finding,
}

impl Row {
    /// Its figures alone: too few runs show nothing.
    fn open(self) -> Self {
        Self {
            interval: None,
            finding: Finding::None,
            ..self
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// Runs of each side.
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) rows: Vec<Row>,
    /// Runs a side from which a difference can be called, where these are too few.
    pub(crate) needed: Option<usize>,
}

impl Comparison {
    /// Any metric is worse.
    pub(crate) fn is_regression(&self) -> bool {
        self.rows.iter().any(|row| row.finding == Finding::Worse)
    }
}

/// Compares the runs of two sides.
pub(crate) fn compare(a: &[Run], b: &[Run]) -> Comparison {
    judge(&samples(a, b))
}

/// Compares what was observed.
pub(crate) fn judge(samples: &[Sample]) -> Comparison {
    let error = ERROR / samples.len().max(1) as f64;
    let count = |side: fn(&Sample) -> &Vec<f64>| samples.first().map_or(0, |s| side(s).len());
    let (a, b) = (count(|sample| &sample.a), count(|sample| &sample.b));
    let needed = least_observations(error).max(ENOUGH_RUNS);
    let enough = a.min(b) >= ENOUGH_RUNS && least_probability(a, b) <= error;
    let rows = samples.iter().filter_map(|sample| row(sample, error));
    let rows = rows.map(|row| if enough { row } else { row.open() });
    Comparison {
        a,
        b,
        rows: rows.collect(),
        needed: (!enough).then_some(needed),
    }
}

fn row(sample: &Sample, error: f64) -> Option<Row> {
    let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<_>>();
    let shift = shift(&logs(&sample.a), &logs(&sample.b), error)?;
    let finding = match sample.better {
        Better::Lower if shift.low > 0.0 => Finding::Worse,
        Better::Lower if shift.high < 0.0 => Finding::Better,
        Better::Higher if shift.low > 0.0 => Finding::Better,
        Better::Higher if shift.high < 0.0 => Finding::Worse,
        _ => Finding::None,
    };
    let interval = (shift.low.is_finite()).then(|| (shift.low.exp(), shift.high.exp()));
    Some(Row {
        metric: sample.metric,
        a: middle(&sample.a),
        b: middle(&sample.b),
        ratio: shift.estimate.exp(),
        interval,
        finding,
    })
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median(&sorted)
}

/// The one metric that is no time.
pub(crate) const DELIVERIES: &str = "deliveries/s";

/// A metric: its name, which way it is better, and what an observation has of it.
type Metric = (&'static str, Better, OfRun);
/// Of a run; none where it could not be shown.
type OfRun = fn(&Run) -> Option<u64>;

const METRICS: [Metric; 7] = [
    ("deliver p50", Better::Lower, |run| {
        figures(run)?.deliver.figure("p50")
    }),
    ("deliver p90", Better::Lower, |run| {
        figures(run)?.deliver.figure("p90")
    }),
    ("deliver p99", Better::Lower, |run| {
        figures(run)?.deliver.figure("p99")
    }),
    ("fan-out p50", Better::Lower, |run| {
        figures(run)?.fanout.figure("p50")
    }),
    ("fan-out p99", Better::Lower, |run| {
        figures(run)?.fanout.figure("p99")
    }),
    ("server CPU", Better::Lower, |run| {
        run.server_use.as_ref()?.cpu_ns_per_delivery
    }),
    // In a closed loop alone: else they are the schedule's.
    (DELIVERIES, Better::Higher, |run| {
        Some(run.throughput.as_ref()?.deliveries_per_s as u64)
    }),
];

fn figures(run: &Run) -> Option<&Latencies> {
    run.latency_ns.as_ref()
}

/// The metrics that every run has.
fn samples(a: &[Run], b: &[Run]) -> Vec<Sample> {
    // 0 has no logarithm: what took less than a nanosecond took one.
    let all = |side: &[Run], metric: OfRun| -> Option<Vec<f64>> {
        side.iter()
            .map(|run| Some(metric(run)?.max(1) as f64))
            .collect()
    };
    let each = METRICS.iter().filter_map(|&(name, better, metric)| {
        Some(Sample {
            metric: name,
            better,
            a: all(a, metric)?,
            b: all(b, metric)?,
        })
    });
    each.filter(|sample| !sample.a.is_empty() && !sample.b.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::random::Random;

    const REPEATS: u32 = 1_000;
    const RUNS: usize = 10;
    /// The noise of a metric from run to run.
    const NOISE: f64 = 0.01;

    /// How much of a metric's noise all metrics of a run have in common.
    #[derive(Clone, Copy)]
    struct Correlation(f64);

    /// Box and Muller: one normal number of two by chance.
    fn normal(random: &mut Random) -> f64 {
        let (radius, angle) = (random.fraction(), random.fraction());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Runs of five metrics, as a table by metric.
    fn side(random: &mut Random, factor: f64, shared: Correlation) -> Vec<Vec<f64>> {
        let mut metrics = vec![Vec::new(); 5];
        for _ in 0..RUNS {
            let common = normal(random);
            for (metric, base) in metrics.iter_mut().zip([1e6, 2e6, 8e6, 4e6, 9e6]) {
                let own = normal(random) * (1.0 - shared.0).sqrt();
                let noise = NOISE * (common * shared.0.sqrt() + own);
                metric.push(base * factor * noise.exp());
            }
        }
        metrics
    }

    /// The shares of comparisons that call any difference, and a regression.
    fn rates(seed: u64, factor: f64, shared: Correlation) -> (f64, f64) {
        let mut random = Random::new(seed);
        let (mut any, mut worse) = (0, 0);
        for _ in 0..REPEATS {
            let (a, b) = (
                side(&mut random, 1.0, shared),
                side(&mut random, factor, shared),
            );
            let both = METRICS.iter().zip(a.into_iter().zip(b));
            let samples: Vec<_> = both
                .map(|(&(metric, better, _), (a, b))| Sample {
                    metric,
                    better,
                    a,
                    b,
                })
                .collect();
            let comparison = judge(&samples);
            any += u32::from(comparison.rows.iter().any(|r| r.finding != Finding::None));
            worse += u32::from(comparison.is_regression());
        }
        let share = |count| f64::from(count) / f64::from(REPEATS);
        (share(any), share(worse))
    }

    /// Three standard errors of a share over the repeats: by chance it is passed once in 700 times.
    fn by_chance(share: f64) -> f64 {
        3.0 * (share * (1.0 - share) / f64::from(REPEATS)).sqrt()
    }

    #[track_caller]
    fn holds_the_error_rate(seed: u64, shared: Correlation) {
        let (any, worse) = rates(seed, 1.0, shared);
        assert!(any <= ERROR + by_chance(ERROR), "{any}");
        let half = ERROR / 2.0;
        assert!(worse <= half + by_chance(half), "{worse}");
        // A test that never calls anything would hold it, too: Bonferroni's is far from 0.
        assert!(any > 0.002, "{any}");
    }

    #[test]
    fn a_against_a_errs_as_rarely_as_stated_with_independent_metrics() {
        holds_the_error_rate(1, Correlation(0.0));
    }

    #[test]
    fn a_against_a_errs_as_rarely_as_stated_with_metrics_that_go_together() {
        holds_the_error_rate(2, Correlation(0.9));
    }

    #[test]
    fn three_and_two_per_cent_are_called_as_often_as_stated() {
        for (seed, shared) in [(3, Correlation(0.0)), (4, Correlation(0.9))] {
            let (_, worse) = rates(seed, 1.03, shared);
            assert!(worse >= 0.99, "{worse}");
            let (_, worse) = rates(seed, 1.02, shared);
            assert!(worse >= 0.90, "{worse}");
        }
    }

    #[test]
    fn what_is_faster_is_better() {
        let mut random = Random::new(5);
        let sample = Sample {
            metric: "deliver p50",
            better: Better::Lower,
            a: side(&mut random, 1.0, Correlation(0.0)).remove(0),
            b: side(&mut random, 0.9, Correlation(0.0)).remove(0),
        };
        let comparison = judge(&[sample]);
        let row = &comparison.rows[0];
        assert_eq!(row.finding, Finding::Better);
        assert!((row.ratio - 0.9).abs() < 0.02, "{row:?}");
        assert!(!comparison.is_regression());
    }

    #[test]
    fn of_what_is_better_higher_less_is_worse() {
        let mut random = Random::new(8);
        let mut side = |factor| side(&mut random, factor, Correlation(0.0)).remove(0);
        let sample = Sample {
            metric: DELIVERIES,
            better: Better::Higher,
            a: side(1.0),
            b: side(0.9),
        };
        assert!(judge(&[sample]).is_regression());
    }

    #[test]
    fn the_interval_holds_the_true_ratio_as_often_as_stated() {
        let mut random = Random::new(6);
        let mut held = 0;
        for _ in 0..REPEATS {
            let sample = Sample {
                metric: "deliver p50",
                better: Better::Lower,
                a: side(&mut random, 1.0, Correlation(0.0)).remove(0),
                b: side(&mut random, 1.05, Correlation(0.0)).remove(0),
            };
            let comparison = judge(&[sample]);
            let (low, high) = comparison.rows[0].interval.unwrap();
            held += u32::from(low <= 1.05 && 1.05 <= high);
        }
        let share = f64::from(held) / f64::from(REPEATS);
        assert!(share >= 1.0 - ERROR - by_chance(ERROR), "{share}");
    }

    #[test]
    fn too_few_are_told_how_many_it_takes() {
        let sample = |metric| Sample {
            metric,
            better: Better::Lower,
            a: vec![1.0, 2.0, 3.0],
            b: vec![7.0, 8.0, 9.0],
        };
        let comparison = judge(&[sample("deliver p50"), sample("deliver p99")]);
        assert_eq!(comparison.needed, Some(5));
        assert_eq!(comparison.rows[0].interval, None);
        assert_eq!(comparison.rows[0].finding, Finding::None);
    }
}
