//! Headlines: what each preset is for, in a line each.

use super::build::{of_stages, throughput};
use super::{Headline, Second};
use crate::engine::outcome::Outcome;
use crate::metrics::histogram::Latencies;
use crate::plan::Plan;
use crate::plan::workload::Workload;
use crate::units::nanos;
use wac_core::text::grouped;

/// p99 is normal again when it is at most so many times what it was before.
const NORMAL: f64 = 1.5;
const HOUR_S: f64 = 3600.0;
const SECOND_NS: u64 = 1_000_000_000;

/// The headlines of a run, by what was asked for.
pub(super) fn headlines(plan: &Plan, outcome: &Outcome) -> Vec<Headline> {
    let work = &plan.workload;
    let mut shown = Vec::new();
    if work.mean_rate() == 0.0 {
        shown.extend(idle(outcome));
    }
    if work.churn > 0.0 {
        shown.extend(churn(outcome));
    }
    if let Some(storm) = work.storm {
        let at = nanos(work.warmup + storm.at) / SECOND_NS;
        let until = (nanos(work.sending()) / SECOND_NS) as usize;
        let timeline = outcome.timeline.get(..until).unwrap_or(&outcome.timeline);
        if timeline.len() > at as usize {
            shown.extend(storm_headlines(at as u32, outcome, timeline));
        }
    }
    if work.resume {
        shown.extend(resumed(outcome));
    }
    if work.is_closed_loop() {
        shown.extend(closed_loop(plan, outcome));
    } else if work.has_halves() {
        shown.extend(with_and_without(&outcome.stages));
    }
    if work.preset == "soak" {
        shown.extend(soak(measured(work, &outcome.timeline)));
    }
    shown
}

fn headline(name: &str, value: Option<f64>, unit: &str, text: String) -> Headline {
    Headline {
        name: name.to_owned(),
        text,
        value,
        unit: unit.to_owned(),
    }
}

fn milliseconds(name: &str, value: Option<u64>, note: &str) -> Headline {
    let text = match value {
        Some(value) => format!("{:.2} ms{note}", value as f64 / 1e6),
        None => "too few observations".to_owned(),
    };
    headline(name, value.map(|value| value as f64), "ns", text)
}

fn idle(outcome: &Outcome) -> Option<Headline> {
    let bytes = outcome.server_use.as_ref()?.bytes_per_connection;
    let bytes = bytes.map(|bytes| bytes as f64);
    let text = match bytes {
        Some(bytes) => format!("{:.2} KiB of the server's memory for each", bytes / 1024.0),
        None => "not known: the server had worked more before than for these logins, and may use that memory again; start it anew (--spawn), or take more --users".to_owned(),
    };
    Some(headline("connection", bytes, "bytes", text))
}

fn churn(outcome: &Outcome) -> [Headline; 3] {
    let tally = &outcome.tally;
    let seen = tally.delivery.expected + tally.delivery.indeterminate;
    let indeterminate = tally.delivery.indeterminate as f64 / seen.max(1) as f64;
    [
        milliseconds(
            "join p99",
            outcome.rejoin.figure("p99"),
            &format!(" of {} who came back", outcome.rejoin.samples()),
        ),
        headline(
            "names",
            Some(tally.names_taken as f64),
            "count",
            format!(
                "{} refused of {} who left: not free in time",
                tally.names_taken, tally.left
            ),
        ),
        headline(
            "indeterminate share",
            Some(indeterminate),
            "share",
            format!(
                "{:.3} % of deliveries overlap a join or a leave",
                100.0 * indeterminate
            ),
        ),
    ]
}

fn storm_headlines(at: u32, outcome: &Outcome, timeline: &[Second]) -> [Headline; 2] {
    let back = match outcome.storm_over {
        Some(time) => headline(
            "everyone back",
            Some(nanos(time) as f64),
            "ns",
            format!("{:.2} s after the storm", time.as_secs_f64()),
        ),
        None => {
            let missing = outcome.tally.storm_missing;
            headline(
                "everyone back",
                None,
                "ns",
                format!("no: {missing} were missing at the end"),
            )
        }
    };
    let normal = seconds_until_normal(at, timeline);
    let text = normal.map_or("no: not by the end".to_owned(), |seconds| {
        format!("within {seconds} s after the storm, at most {NORMAL} times what it was")
    });
    let nanos = normal.map(|seconds| f64::from(seconds) * 1e9);
    [back, headline("p99 normal", nanos, "ns", text)]
}

fn resumed(outcome: &Outcome) -> [Headline; 2] {
    let tally = &outcome.tally;
    [
        milliseconds(
            "replay",
            outcome.replay.max(),
            &format!(
                " at most from a login until all that was missed had come, of {} who came back",
                outcome.replay.samples()
            ),
        ),
        headline(
            "marks",
            Some(tally.marks_lost as f64),
            "count",
            format!(
                "{} of {} refused or no longer kept; {} connections were cut off",
                tally.marks_lost, tally.resumed, tally.cut_off
            ),
        ),
    ]
}

/// Seconds from the storm until a second whose p99, or maximum where it has too few deliveries for one, is
/// what it was before, and stays so for the next.
fn seconds_until_normal(at: u32, timeline: &[Second]) -> Option<u32> {
    let worst = |second: &Second| second.deliver_ns.figure("p99").or(second.deliver_ns.max());
    let (before, after) = timeline.split_at_checked(at as usize)?;
    let mut before: Vec<u64> = before.iter().filter_map(worst).collect();
    before.sort_unstable();
    let limit = *before.get(before.len() / 2)? as f64 * NORMAL;
    // A second in which something was sent and nothing came is not calm.
    let calm =
        |second: &Second| worst(second).map_or(second.sent == 0, |worst| worst as f64 <= limit);
    let place = (0..after.len()).find(|&place| after[place..].iter().take(2).all(calm))?;
    u32::try_from(place).ok().map(|place| place + 1)
}

/// Deliveries a second, and where there are halves, those of each.
fn closed_loop(plan: &Plan, outcome: &Outcome) -> Vec<Headline> {
    let all = throughput(plan, outcome).map(|of| of.deliveries_per_s);
    let mut shown = vec![a_second("deliveries", all)];
    let halves = of_stages(plan, outcome);
    if let (true, &[without, with]) = (plan.workload.has_halves(), &halves[..]) {
        let ratio = without
            .zip(with)
            .map(|(without, with)| with / without.max(1.0));
        shown.extend([
            a_second("without", without),
            a_second("with", with),
            times(ratio, "not measured"),
        ]);
    }
    let cpu = outcome.server_use.as_ref();
    if let Some(cpu) = cpu.and_then(|used| used.cpu_ns_per_delivery) {
        let text = format!("{:.3} µs of the server's CPU", cpu as f64 / 1e3);
        shown.push(headline("a delivery", Some(cpu as f64), "ns", text));
    }
    shown
}

fn a_second(name: &str, value: Option<f64>) -> Headline {
    let text = match value {
        Some(value) => format!("{} a second", grouped(value as u64, ' ')),
        None => "not measured".to_owned(),
    };
    headline(name, value, "1/s", text)
}

fn times(ratio: Option<f64>, or_else: &str) -> Headline {
    let text = ratio.map_or(or_else.to_owned(), |ratio| {
        format!("{ratio:.2} times with them")
    });
    headline("ratio", ratio, "ratio", text)
}

fn with_and_without(stages: &[Latencies]) -> Vec<Headline> {
    let [without, with] = stages else {
        return Vec::new();
    };
    let p99 = |figures: &Latencies| figures.deliver.figure("p99");
    let ratio = p99(without)
        .zip(p99(with))
        .map(|(without, with)| with as f64 / without.max(1) as f64);
    vec![
        milliseconds("p99 without", p99(without), " (deliver, the users')"),
        milliseconds("p99 with", p99(with), " (deliver, the users')"),
        times(ratio, "too few observations"),
    ]
}

/// The seconds without those of the warm-up and the drain.
fn measured<'a>(work: &Workload, timeline: &'a [Second]) -> &'a [Second] {
    let until = timeline
        .len()
        .min((nanos(work.sending()) / SECOND_NS) as usize);
    let from = until.min(nanos(work.warmup).div_ceil(SECOND_NS) as usize);
    &timeline[from..until]
}

fn soak(timeline: &[Second]) -> Vec<Headline> {
    let p99 = |second: &Second| second.deliver_ns.figure("p99").map(|value| value as f64);
    let memory = |second: &Second| second.server_memory_bytes.map(|value| value as f64);
    let mut shown = Vec::new();
    if let Some(drift) = drift(timeline, p99) {
        let text = format!("{:+.3} ms an hour", drift / 1e6);
        shown.push(headline("p99 drift", Some(drift), "ns/h", text));
    }
    if let Some(drift) = drift(timeline, memory) {
        let text = format!("{:+.1} KiB of the server's memory an hour", drift / 1024.0);
        shown.push(headline("memory drift", Some(drift), "bytes/h", text));
    }
    shown
}

/// The slope of the straight line through the values (least squares), an hour.
fn drift(timeline: &[Second], of: impl Fn(&Second) -> Option<f64>) -> Option<f64> {
    let points: Vec<(f64, f64)> = timeline
        .iter()
        .filter_map(|second| Some((f64::from(second.second), of(second)?)))
        .collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance * HOUR_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::{Histogram, Summary};

    /// Seconds whose deliveries all took so many milliseconds.
    fn timeline(milliseconds: &[u64]) -> Vec<Second> {
        let second = |(number, &ms): (u32, &u64)| {
            let mut histogram = Histogram::default();
            (0..1000).for_each(|_| histogram.record(0, ms * 1_000_000));
            Second {
                second: number,
                deliver_ns: Summary::from(&histogram),
                server_memory_bytes: Some(u64::from(number) * 1024),
                ..Second::default()
            }
        };
        (0..).zip(milliseconds).map(second).collect()
    }

    #[test]
    fn a_storm_is_over_when_p99_is_and_stays_normal() {
        let calm_twice = timeline(&[10, 10, 10, 50, 12, 40, 14, 10, 10]);
        assert_eq!(seconds_until_normal(3, &calm_twice), Some(4));
        assert_eq!(
            seconds_until_normal(3, &timeline(&[10, 10, 10, 50, 50])),
            None
        );
        assert_eq!(
            seconds_until_normal(3, &timeline(&[10, 10, 10, 11, 9])),
            Some(1)
        );
    }

    #[test]
    fn drift_is_the_slope_an_hour() {
        let steady = timeline(&[5; 20]);
        let shown = soak(&steady);
        assert!(shown[0].value.unwrap().abs() < 1.0, "{shown:?}");
        assert_eq!(shown[1].text, "+3600.0 KiB of the server's memory an hour");
    }
}
