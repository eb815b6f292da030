//! Result of a run: made of a plan and what its run came to.

use std::time::Duration;

use super::headlines::headlines;
use super::verdict::{Exit, Facts, judge};
use super::{Environment, Hashes, Run, SCHEMA, Second, SloResult, StageResult, Throughput};
use crate::cli::slo::Slo;
use crate::engine::outcome::Outcome;
use crate::metrics::histogram::{Figure, Histogram, Latencies, Summary};
use crate::metrics::tally::Tally;
use crate::plan::Plan;
use crate::plan::workload::Workload;

/// The result of a run, and how the program ends after it.
pub(crate) fn build(plan: &Plan, slos: &[Slo], outcome: Outcome) -> (Run, Exit) {
    let judged = |figures: Option<&Latencies>| -> Vec<_> {
        let each = slos.iter();
        each.map(|slo| check_slo(slo, figures, &outcome.tally))
            .collect()
    };
    let slo = judged(Some(&outcome.latencies));
    let (verdict, exit) = judge(&facts(plan, &slo, &outcome));
    let shown = verdict.trust != "INVALID";
    let slo = if shown { slo } else { judged(None) };
    // In a closed loop what is due waits for what is under way: times from the due moment on say nothing.
    let timed = shown && !plan.workload.is_closed_loop();
    let run = Run {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: format!("{:08x}", plan.run),
        environment: Environment::here(),
        server: match plan.servers.proved() {
            Some(proved) => format!("{} ({proved})", plan.servers.targets()),
            None => plan.servers.targets(),
        },
        hashes: Hashes {
            workload: format!("{:016x}", plan.workload.hash()),
            schedule: format!("{:016x}", plan.schedule.hash()),
            payload: format!("{:016x}", plan.payload.hash()),
        },
        threads: plan.workers,
        verdict,
        messages: plan.schedule.len(),
        headlines: if shown {
            headlines(plan, &outcome)
        } else {
            Vec::new()
        },
        stages: if shown {
            stages(plan, &outcome)
        } else {
            Vec::new()
        },
        throughput: throughput(plan, &outcome).filter(|_| shown),
        latency_ns: timed.then_some(outcome.latencies),
        slo,
        workload: plan.workload.clone(),
        began: outcome.began,
        server_use: outcome.server_use,
        trust: outcome.trust,
        timeline: seconds(outcome.timeline, shown),
        tally: outcome.tally,
    };
    (run, exit)
}

fn facts<'a>(plan: &Plan, slo: &[SloResult], outcome: &'a Outcome) -> Facts<'a> {
    let p99 = |histogram: &Histogram| histogram.figure("p99");
    let latencies = &outcome.latencies;
    Facts {
        tally: &outcome.tally,
        trust: &outcome.trust,
        interrupted: outcome.interrupted,
        slo_failed: slo.iter().any(|slo| !slo.ok),
        bad_clients: plan.workload.bad_clients(),
        closed_loop: plan.workload.is_closed_loop(),
        messages: plan.schedule.len(),
        sendlag_p99: p99(&latencies.sendlag),
        deliver_p99: p99(&latencies.deliver).or(p99(&latencies.whisper)),
    }
}

/// Of several stages each; one alone is the whole.
fn stages(plan: &Plan, outcome: &Outcome) -> Vec<StageResult> {
    if outcome.stages.len() < 2 {
        return Vec::new();
    }
    let open = !plan.workload.is_closed_loop();
    let each = plan.workload.stages.iter().zip(&outcome.stages);
    each.zip(of_stages(plan, outcome))
        .map(|((stage, figures), deliveries_per_s)| StageResult {
            name: stage.name.clone(),
            rate: stage.rate,
            latency_ns: open.then(|| figures.clone()),
            deliveries_per_s,
        })
        .collect()
}

/// The seconds; without latencies where these mean nothing.
fn seconds(timeline: Vec<Second>, shown: bool) -> Vec<Second> {
    let withheld = |second| Second {
        deliver_ns: Summary::default(),
        fanout_max_ns: None,
        ..second
    };
    if shown {
        timeline
    } else {
        timeline.into_iter().map(withheld).collect()
    }
}

/// Looks an objective up in what was measured. With too few observations it is not met: nothing shows that it is. What
/// was expected and never came is later than any objective. `figures`: none where they mean nothing.
pub(super) fn check_slo(slo: &Slo, figures: Option<&Latencies>, tally: &Tally) -> SloResult {
    let missing = tally.missing(&slo.word);
    let histogram = figures.and_then(|figures| figures.of(&slo.word));
    let found = histogram.map(|of| of.figure_of_expected(&slo.figure, missing));
    let (value_ns, why) = match found {
        Some(Figure::Is(value)) => (Some(value), None),
        Some(Figure::TooFew) => (None, Some("too few observations".to_owned())),
        Some(Figure::Never) => (None, Some(format!("FAILED: {missing} never came"))),
        None => (None, Some("not judged".to_owned())),
    };
    SloResult {
        objective: slo.to_string(),
        value_ns,
        ok: value_ns.is_some_and(|value| value < slo.below),
        why,
    }
}

/// Of all that is measured; none of an open loop, or where nothing was measured.
pub(super) fn throughput(plan: &Plan, outcome: &Outcome) -> Option<Throughput> {
    let in_flight = plan.workload.in_flight?;
    let times = stage_times(&plan.workload, outcome.sent_for);
    let deliveries_per_s = rate(outcome.came.iter().sum(), times.iter().sum())?;
    Some(Throughput {
        in_flight,
        deliveries_per_s,
    })
}

/// Of each stage, as of [`throughput`].
pub(super) fn of_stages(plan: &Plan, outcome: &Outcome) -> Vec<Option<f64>> {
    let times = stage_times(&plan.workload, outcome.sent_for).into_iter();
    let each = times.zip(&outcome.came);
    each.map(|(time, &came)| rate(came, time).filter(|_| plan.workload.is_closed_loop()))
        .collect()
}

fn rate(deliveries: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| deliveries as f64 / time.as_secs_f64())
}

/// How much of each stage there was, where the sending took so long.
fn stage_times(work: &Workload, sent_for: Duration) -> Vec<Duration> {
    let mut end = work.warmup;
    let each = work.stages.iter().map(|stage| {
        let begin = end;
        end += stage.duration;
        sent_for.min(end).saturating_sub(begin)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    #[test]
    fn an_objective_is_met_below_its_time_and_not_without_observations() {
        let slo: Slo = "deliver.p50<5ms".parse().unwrap();
        let mut figures = Latencies::default();
        let mut tally = Tally::default();
        let check = |figures: &Latencies, tally: &Tally| check_slo(&slo, Some(figures), tally);
        assert_eq!(check(&figures, &tally).value_ns, None);
        assert!(!check(&figures, &tally).ok);
        (0..20).for_each(|_| figures.deliver.record(0, 4_000_000));
        assert!(check(&figures, &tally).ok);
        (tally.delivery.expected, tally.delivery.received) = (41, 20);
        let missed = check(&figures, &tally);
        assert_eq!((missed.ok, missed.value_ns), (false, None));
        assert_eq!(missed.why.as_deref(), Some("FAILED: 21 never came"));
        (0..40).for_each(|_| figures.deliver.record(0, 5_500_000));
        assert!(!check(&figures, &Tally::default()).ok);
        assert!(!check_slo(&slo, None, &tally).ok);
    }

    #[test]
    fn a_stage_lasts_as_long_as_there_was_of_it() {
        // 5 s of warm-up, two stages of 30 s.
        let work = sample(7).workload;
        let times = |seconds| stage_times(&work, Duration::from_secs(seconds));
        let seconds = |each: [u64; 2]| each.map(Duration::from_secs).to_vec();
        assert_eq!(times(65), seconds([30, 30]));
        assert_eq!(times(45), seconds([30, 10]));
        assert_eq!(times(12), seconds([7, 0]));
        assert_eq!(times(4), seconds([0, 0]));
    }

    #[test]
    fn what_did_not_last_has_no_rate() {
        assert_eq!(rate(300, Duration::from_millis(1_500)), Some(200.0));
        assert_eq!(rate(300, Duration::ZERO), None);
    }
}
