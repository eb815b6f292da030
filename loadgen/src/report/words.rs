//! Words: parts of a result that the text and the page both show.

use crate::metrics::histogram::{Latencies, PERCENTILES};
use crate::result::{Delivery, Run, SloResult, Trust};
use crate::units::{milliseconds, short};
use wac_core::text::grouped;

/// What was asked: `1,000 users, 100 senders, 40 msg/s for 30s after 5s of warm-up`.
pub(crate) fn work(run: &Run) -> String {
    let work = &run.workload;
    let warmup = if work.warmup.is_zero() {
        String::new()
    } else {
        format!(
            " after {} of warm-up",
            humantime::format_duration(work.warmup)
        )
    };
    let interrupted = if run.verdict.interrupted && run.verdict.result != "INTERRUPTED" {
        ", interrupted"
    } else {
        ""
    };
    let load = match work.in_flight {
        Some(limit) => format!("{} in flight", grouped(limit.into(), ',')),
        None => format!("{} msg/s", short(work.mean_rate())),
    };
    format!(
        "{} users, {} senders, {load} for {}{warmup}{interrupted}",
        grouped(work.users.into(), ','),
        grouped(work.senders.into(), ','),
        humantime::format_duration(work.measured()),
    )
}

/// Where latencies would stand.
pub(crate) const CLOSED_LOOP: &str = "closed loop: latencies are left out";

/// Milliseconds, or a dash where there are too few observations.
pub(crate) fn time(nanos: Option<u64>) -> String {
    nanos.map_or("–".to_owned(), milliseconds)
}

/// Every word that has samples, with its percentiles, under a head; nothing if there is none.
pub(crate) fn figures(figures: &Latencies) -> Vec<Vec<String>> {
    let each = figures.each().into_iter();
    let each = each.filter(|(_, histogram)| histogram.samples() > 0);
    let mut rows: Vec<Vec<_>> = each
        .map(|(word, histogram)| {
            let percentiles = PERCENTILES.map(|(_, beyond)| histogram.percentile(beyond));
            let times = percentiles.into_iter().chain([histogram.max()]).map(time);
            let samples = grouped(histogram.samples(), ' ');
            let cells = std::iter::once(word.to_owned()).chain(times);
            cells.chain([samples]).collect()
        })
        .collect();
    if !rows.is_empty() {
        let head = ["ms", "p50", "p90", "p99", "p99.9", "max", "samples"];
        rows.insert(0, head.map(str::to_owned).to_vec());
    }
    rows
}

/// `0.71 µs`
pub(crate) fn microseconds(nanos: u64) -> String {
    format!("{:.2} µs", nanos as f64 / 1e3)
}

/// Deliveries a second: `1 250 000`; a dash where there is no knowing.
pub(crate) fn a_second(deliveries: Option<f64>) -> String {
    deliveries.map_or("–".to_owned(), |count| grouped(count as u64, ' '))
}

/// Counts of the deliveries that are shown only where there are any.
const SELDOM: [&str; 4] = ["replayed", "indeterminate", "leaked", "forgotten"];

/// What is shown of the deliveries.
pub(crate) fn counts(delivery: &Delivery) -> Vec<(&'static str, u64)> {
    let faults = delivery.faults();
    let sums = [
        ("expected", delivery.expected),
        ("received", delivery.received),
        ("replayed", delivery.replayed),
        ("indeterminate", delivery.indeterminate),
    ];
    let all = sums.into_iter().chain(faults);
    all.filter(|&(word, count)| count > 0 || !SELDOM.contains(&word))
        .collect()
}

/// An objective's value, in ms, and what became of it.
pub(crate) fn held(slo: &SloResult) -> (String, &str) {
    let kept = match (slo.value_ns, slo.ok) {
        (None, _) => slo.why.as_deref().unwrap_or("too few observations"),
        (_, true) => "ok",
        (_, false) => "FAILED",
    };
    (time(slo.value_ns), kept)
}

/// `100.0 % of schedule (2 977 of 2 977)`; in a closed loop, where the schedule is a bound: `2 977 messages`
pub(crate) fn sent(run: &Run) -> String {
    if run.workload.is_closed_loop() {
        return format!("{} messages", grouped(run.tally.sent.into(), ' '));
    }
    format!(
        "{} of schedule ({} of {})",
        percent(
            f64::from(run.tally.sent) / f64::from(run.messages.max(1)),
            1
        ),
        grouped(run.tally.sent.into(), ' '),
        grouped(run.messages.into(), ' ')
    )
}

/// What is known of the load tester and its machine, each with its value.
pub(crate) fn trust(trust: &Trust) -> Vec<(&'static str, String)> {
    let known = [
        (
            "busiest thread",
            (trust.busiest_thread > 0.0).then(|| percent(trust.busiest_thread, 0)),
        ),
        (
            "loop lag p99",
            trust
                .loop_lag_p99_ns
                .map(|lag| format!("{} ms", milliseconds(lag))),
        ),
        ("steal", trust.steal.map(|share| percent(share, 1))),
        ("idle", trust.idle.map(|share| percent(share, 0))),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(what, value)| Some((what, value?)))
        .collect()
}

fn percent(share: f64, digits: usize) -> String {
    format!("{:.digits$} %", 100.0 * share)
}
