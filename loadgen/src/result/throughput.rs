//! How many deliveries a closed loop brought, a second.

use std::time::Duration;

use super::Throughput;
use crate::engine::outcome::Outcome;
use crate::plan::Plan;
use crate::plan::workload::Workload;

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
