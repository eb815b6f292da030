//! Merge of several load testers' results of one time and one server.
//!
//! What was counted is added: histograms, ledgers, users, messages. What is a judgement is the worst of them.
//! A message's fan-out is known to the process that sent it, over that process's own readers: the merged
//! fan-out is the union of these samples, and not the time to the last reader of all processes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::build::check_slo;
use super::verdict::{Findings, conclude};
use super::{Run, Second, StageResult, Trust};
use crate::metrics::histogram::Summary;
use crate::metrics::missing::Missing;

/// One result of several; the first to begin stands for what they have in common.
///
/// # Errors
/// Why they are not one test, and what to do.
pub(crate) fn merge(runs: Vec<Run>) -> Result<Run, String> {
    let timed = runs.into_iter().map(|run| Ok((began(&run)?, run)));
    let mut runs = timed.collect::<Result<Vec<_>, String>>()?;
    runs.sort_by_key(|(began, _)| *began);
    for (at, (_, run)) in runs.iter().enumerate().skip(1) {
        each_once(&runs[..at], run)?;
        agree(&runs[0].1, run)?;
    }
    together(&runs)?;
    let earliest = runs
        .first()
        .map_or(Timestamp::default(), |(began, _)| *began);
    let alone = runs.len() == 1;
    let each = runs.into_iter().map(|(began, run)| {
        let later = (began.as_millisecond() - earliest.as_millisecond() + 500) / 1000;
        if alone {
            run
        } else {
            told_apart(run, later as u32)
        }
    });
    let merged = each.reduce(add).ok_or("there is no run to merge")?;
    Ok(if alone { merged } else { judged(merged) })
}

/// When a run began.
fn began(run: &Run) -> Result<Timestamp, String> {
    let wanted = "wanted a time such as 2026-03-14T09:26:53Z";
    let began = run.began.parse();
    began.map_err(|_| format!("run {} began at {:?}, {wanted}", run.run, run.began))
}

fn each_once(before: &[(Timestamp, Run)], run: &Run) -> Result<(), String> {
    let twice = before.iter().any(|(_, other)| other.run == run.run);
    let why = || format!("run {} is given twice: it would count twice", run.run);
    if twice { Err(why()) } else { Ok(()) }
}

/// They did one thing: all that was asked for is the same, but for each one's share of the users.
fn agree(one: &Run, other: &Run) -> Result<(), String> {
    let (these, those) = (asked(one), asked(other));
    let differs = these
        .iter()
        .find(|(what, value)| those.get(*what) != Some(value));
    differs.map_or(Ok(()), |(what, this)| {
        let that = &those[what];
        Err(format!(
            "run {} and run {} are not one test, they differ in {what}: {this} and {that}; give all of them the same flags, but for --users and --senders",
            one.run, other.run
        ))
    })
}

fn asked(run: &Run) -> Map<String, Value> {
    let json = |value: &dyn Display| Value::String(value.to_string());
    let mut asked = match serde_json::to_value(&run.workload) {
        Ok(Value::Object(fields)) => fields,
        _ => unreachable!("a workload is an object"),
    };
    asked.retain(|what, _| !["users", "senders"].contains(&&**what));
    let objectives: Vec<_> = run.slo.iter().map(|slo| &*slo.objective).collect();
    asked.insert("objectives".to_owned(), objectives.into());
    asked.insert("server".to_owned(), json(&run.server));
    asked.insert("version".to_owned(), json(&run.version));
    asked
}

/// The share of the measured time that all must have been there together.
const TOGETHER: f64 = 0.9;

fn together(runs: &[(Timestamp, Run)]) -> Result<(), String> {
    let spans = || runs.iter().map(|(began, run)| measured(*began, run));
    let from = spans().map(|(from, _)| from).fold(f64::MIN, f64::max);
    let to = spans().map(|(_, to)| to).fold(f64::MAX, f64::min);
    let longest = spans().map(|(from, to)| to - from).fold(0.0, f64::max);
    let common = (to - from).max(0.0);
    if common >= TOGETHER * longest {
        return Ok(());
    }
    let names: Vec<_> = runs.iter().map(|(_, run)| &*run.run).collect();
    Err(format!(
        "runs {} were together for {common:.1} s of {longest:.1} s, wanted {:.0} %: start all of them at the same moment; runs one after the other are for wac-loadgen compare",
        names.join(", "),
        100.0 * TOGETHER
    ))
}

/// From when to when was measured, in seconds; of a run cut short, as far as it went.
fn measured(began: Timestamp, run: &Run) -> (f64, f64) {
    let began = began.as_millisecond() as f64 / 1e3;
    let from = run.workload.warmup.min(run.workload.sending());
    let lasted = Duration::from_secs(run.timeline.len() as u64);
    let to = run.workload.sending().min(lasted).max(from);
    (began + from.as_secs_f64(), began + to.as_secs_f64())
}

/// A run whose texts say that they are its own, and whose seconds count from the first run's first.
fn told_apart(mut run: Run, later: u32) -> Run {
    let name = format!("run {}", run.run);
    for example in run.tally.delivery.first.values_mut() {
        example.place = format!("{name}: {example}");
    }
    // Numbers of one run are not those of another.
    run.tally.delivery.missing = Missing::default();
    for reason in &mut run.verdict.reasons {
        *reason = format!("{name}: {reason}");
    }
    for headline in &mut run.headlines {
        headline.text += &format!(" ({name})");
    }
    for second in &mut run.timeline {
        second.second += later;
    }
    run
}

fn add(mut all: Run, one: Run) -> Run {
    join(&mut all.environment.host, &one.environment.host);
    join(&mut all.hashes.schedule, &one.hashes.schedule);
    join(&mut all.hashes.payload, &one.hashes.payload);
    join(&mut all.run, &one.run);
    all.workload.users += one.workload.users;
    all.workload.senders += one.workload.senders;
    all.workload.in_flight = both(all.workload.in_flight, one.workload.in_flight, |a, b| a + b);
    for (sum, stage) in all.workload.stages.iter_mut().zip(&one.workload.stages) {
        sum.rate += stage.rate;
    }
    all.hashes.workload = format!("{:016x}", all.workload.hash());
    all.threads += one.threads;
    all.messages += one.messages;
    all.trust = worse(&all, &one);
    all.tally += one.tally;
    all.latency_ns = both(all.latency_ns, one.latency_ns, |mut sum, figures| {
        sum.add(&figures);
        sum
    });
    all.throughput = both(all.throughput, one.throughput, |mut sum, one| {
        sum.in_flight += one.in_flight;
        sum.deliveries_per_s += one.deliveries_per_s;
        sum
    });
    let stages = all.stages.into_iter().zip(one.stages);
    all.stages = stages.map(|(sum, stage)| add_stage(sum, stage)).collect();
    all.headlines.extend(one.headlines);
    all.server_use = all.server_use.or(one.server_use);
    all.timeline = add_seconds(all.timeline, one.timeline);
    all.verdict.reasons.extend(one.verdict.reasons);
    all.verdict.interrupted |= one.verdict.interrupted;
    if distrust(&one.verdict.trust) > distrust(&all.verdict.trust) {
        all.verdict.trust = one.verdict.trust;
    }
    all
}

/// What follows of all together: objectives and verdict, and the server's CPU for each of all deliveries. What each
/// connection added to its memory is nobody's knowledge: the others connected meanwhile.
fn judged(mut run: Run) -> Run {
    for slo in &mut run.slo {
        if let Ok(objective) = slo.objective.parse() {
            *slo = check_slo(&objective, run.latency_ns.as_ref(), &run.tally);
        }
    }
    let reasons = std::mem::take(&mut run.verdict.reasons);
    let (invalid, suspect) = match &*run.verdict.trust {
        "INVALID" => (reasons, Vec::new()),
        _ => (Vec::new(), reasons),
    };
    let found = Findings {
        wrong: run.tally.delivery.wrong() > 0,
        invalid,
        suspect,
        slo_failed: run.slo.iter().any(|slo| !slo.ok),
        interrupted: run.verdict.interrupted,
    };
    run.verdict = conclude(found).0;
    if let Some(used) = &mut run.server_use {
        used.cpu_ns_per_delivery = used.cpu_ns.checked_div(run.tally.delivery.received);
        used.bytes_per_connection = None;
    }
    run
}

/// Of two, where both are known.
fn both<T>(one: Option<T>, other: Option<T>, sum: impl Fn(T, T) -> T) -> Option<T> {
    one.zip(other).map(|(one, other)| sum(one, other))
}

/// With `+` between, where they differ.
fn join(all: &mut String, one: &str) {
    if all != one {
        *all += &format!("+{one}");
    }
}

fn distrust(trust: &str) -> Option<usize> {
    let order = ["VALID", "SUSPECT", "INVALID"];
    order.iter().position(|&known| known == trust)
}

fn add_stage(mut sum: StageResult, one: StageResult) -> StageResult {
    sum.rate += one.rate;
    sum.latency_ns = both(sum.latency_ns, one.latency_ns, |mut sum, figures| {
        sum.add(&figures);
        sum
    });
    sum.deliveries_per_s = both(sum.deliveries_per_s, one.deliveries_per_s, |a, b| a + b);
    sum
}

/// The worst of each; own CPU is the mean over the deliveries of both.
fn worse(all: &Run, one: &Run) -> Trust {
    let (a, b) = (&all.trust, &one.trust);
    let of = |pick: fn(f64, f64) -> f64, a: Option<f64>, b| a.into_iter().chain(b).reduce(pick);
    let own = |run: &Run| {
        let each = run.trust.own_cpu_ns_per_delivery?;
        each.checked_mul(run.tally.delivery.received)
    };
    let received = all.tally.delivery.received + one.tally.delivery.received;
    Trust {
        own_cpu_ns_per_delivery: both(own(all), own(one), |a, b| a + b)
            .and_then(|cpu| cpu.checked_div(received)),
        busiest_thread: a.busiest_thread.max(b.busiest_thread),
        loop_lag_p99_ns: a.loop_lag_p99_ns.max(b.loop_lag_p99_ns),
        steal: of(f64::max, a.steal, b.steal),
        idle: of(f64::min, a.idle, b.idle),
        others: of(f64::max, a.others, b.others),
        unread_bytes_per_socket: a.unread_bytes_per_socket.max(b.unread_bytes_per_socket),
        shares_cores: a.shares_cores || b.shares_cores,
    }
}

/// Seconds of the same moment as one.
fn add_seconds(all: Vec<Second>, one: Vec<Second>) -> Vec<Second> {
    let mut seconds: BTreeMap<u32, Second> = BTreeMap::new();
    for second in all.into_iter().chain(one) {
        let place = seconds.entry(second.second).or_default();
        *place = Second {
            second: second.second,
            users: place.users + second.users,
            sent: place.sent + second.sent,
            deliveries: place.deliveries + second.deliveries,
            deliver_ns: Summary::of_all([&place.deliver_ns, &second.deliver_ns]),
            fanout_max_ns: place.fanout_max_ns.max(second.fanout_max_ns),
            // Whoever knows of the server knows all of it: two that do know the same.
            server_cpu_ns: place.server_cpu_ns.or(second.server_cpu_ns),
            server_memory_bytes: place.server_memory_bytes.or(second.server_memory_bytes),
        };
    }
    seconds.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::{closed_loop, invalid, sample};

    /// The run with this seed as another load tester's of the same test.
    fn share(seed: u64, make: fn(u64) -> Run) -> Run {
        let mut run = make(seed);
        run.workload.seed = 1;
        run
    }

    /// Two samples, the second of them changed.
    fn pair(change: impl FnOnce(&mut Run)) -> Vec<Run> {
        let mut runs = vec![share(1, sample), share(2, sample)];
        change(&mut runs[1]);
        runs
    }

    #[track_caller]
    fn merged(change: impl FnOnce(&mut Run)) -> Run {
        merge(pair(change)).unwrap()
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Run), wanted: &str) {
        let error = merge(pair(change)).unwrap_err();
        assert!(error.contains(wanted), "{wanted} is in: {error}");
    }

    #[test]
    fn what_was_counted_is_added() {
        let all = merged(|run| run.tally.delivery.lost = 3);
        assert_eq!(all.run, "00000001+00000002");
        assert_eq!((all.tally.joined, all.workload.users), (200, 200));
        assert_eq!(all.tally.sent, 2 * sample(1).tally.sent);
        let delivery = &all.tally.delivery;
        assert_eq!((delivery.expected, delivery.lost), (475_200, 3));
        let figures = all.latency_ns.unwrap();
        assert_eq!(figures.deliver.samples(), 475_200);
        assert_eq!(figures.fanout.samples(), 4_800);
        let stage = all.stages[1].latency_ns.as_ref().unwrap();
        assert_eq!(stage.deliver.samples(), 2 * 178_200);
        let rates = (all.stages[1].rate, all.workload.stages[1].rate);
        assert_eq!(rates, (120.0, 120.0));
    }

    #[test]
    fn one_run_is_itself() {
        assert_eq!(merge(vec![sample(1)]), Ok(sample(1)));
        assert!(merge(Vec::new()).is_err());
    }

    #[test]
    fn closed_loops_are_added() {
        let all = merge(vec![share(1, closed_loop), share(2, closed_loop)]).unwrap();
        let throughput = all.throughput.unwrap();
        let found = (throughput.in_flight, throughput.deliveries_per_s);
        assert_eq!(found, (512, 2_500_000.8));
        assert_eq!(all.workload.in_flight, Some(512));
        assert_eq!(all.stages[1].deliveries_per_s, Some(2e6));
        assert!(all.latency_ns.is_none());
    }

    #[test]
    fn seconds_of_the_same_moment_are_one_whenever_a_run_began() {
        let all = merged(|run| run.began = "2026-03-14T09:26:56.1Z".to_owned());
        let seconds: Vec<_> = all.timeline.iter().map(|second| second.second).collect();
        assert_eq!(seconds, (0..69).collect::<Vec<_>>());
        let sent = |second: usize| all.timeline[second].sent;
        // Alone; both at the first rate; one at each; the second run alone.
        assert_eq!([2, 3, 36, 67].map(sent), [20, 40, 80, 60]);
        let users = |second: usize| all.timeline[second].users;
        assert_eq!([2, 3, 68].map(users), [100, 200, 100]);
    }

    #[test]
    fn the_verdict_is_the_worst_and_says_whose_reasons_it_has() {
        let mut other = share(2, invalid);
        other.slo = sample(1).slo;
        let all = merge(vec![share(1, sample), other]).unwrap();
        assert_eq!((&*all.verdict.trust, all.verdict.exit), ("INVALID", 4));
        assert_eq!(all.verdict.result, "FAIL");
        assert!(all.verdict.reasons[0].starts_with("run 00000002: the server's limit"));
        assert!(all.latency_ns.is_none() && all.stages.is_empty());
        assert!(all.slo.iter().all(|slo| slo.value_ns.is_none()));
    }

    #[test]
    fn an_objective_is_held_to_the_figures_of_all() {
        let all = merged(|run| {
            let figures = run.latency_ns.as_mut().unwrap();
            (0..50_000).for_each(|_| figures.deliver.record(0, 90_000_000));
        });
        assert!(!all.slo[0].ok && all.slo[1].ok);
        assert_eq!((all.verdict.exit, &*all.verdict.result), (3, "FAIL"));
    }

    #[test]
    fn the_servers_cpu_is_shared_out_over_all_deliveries() {
        let used = merged(|run| run.server_use = None).server_use.unwrap();
        assert_eq!(used.cpu_ns_per_delivery, Some(1_900_000_000 / 475_200));
        assert_eq!(used.bytes_per_connection, None);
    }

    #[test]
    fn runs_that_are_not_one_test_are_refused_and_it_is_said_why() {
        let server = "differ in server: \"127.0.0.1:4700\" and \"b:1\"";
        refused(|run| run.server = "b:1".to_owned(), server);
        refused(|run| run.workload.seed = 9, "differ in seed: 1 and 9");
        refused(
            |run| run.workload.in_flight = Some(7),
            "in_flight: null and 7",
        );
        refused(
            |run| run.workload.stages[0].rate = 7.0,
            "differ in stages: ",
        );
        refused(|run| drop(run.slo.pop()), "differ in objectives: ");
        refused(|run| run.run = "00000001".to_owned(), "is given twice");
        refused(|run| run.began.clear(), "run 00000002 began at \"\"");
    }

    #[test]
    fn runs_that_were_not_there_together_are_refused() {
        let later = |began: &str, wanted| refused(|run| run.began = began.to_owned(), wanted);
        let apart = "runs 00000001, 00000002 were together for 0.0 s of 60.0 s, wanted 90 %";
        later("2026-03-14T09:28:53Z", apart);
        later("2026-03-14T09:27:00Z", "53.0 s of 60.0 s");
        merged(|run| run.began = "2026-03-14T09:26:58Z".to_owned());
        refused(|run| run.timeline.truncate(20), "15.0 s of 60.0 s");
    }
}
