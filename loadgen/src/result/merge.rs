//! Merge of several load testers' results of one time and one server.
//!
//! What was counted is added: histograms, ledgers, users, messages. What is a judgement is the worst of them.
//! A message's fan-out is known to the process that sent it, over that process's own readers: the merged
//! fan-out is the union of these samples, and not the time to the last reader of all processes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::verdict::Exit;
use super::{
    Environment, Hashes, Headline, Run, SCHEMA, Second, ServerUse, SloResult, StageResult,
    Throughput, Trust, Verdict, check_slo,
};
use crate::metrics::histogram::Latencies;
use crate::metrics::tally::Tally;
use crate::plan::random::mix;
use crate::plan::workload::{Stage, Workload};

/// These runs are not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum MergeError {
    #[error("there is no run to merge")]
    Nothing,
    #[error("run {one} and run {other} can't be merged, they differ in {what}: {this} and {that}")]
    Differs {
        what: &'static str,
        one: String,
        other: String,
        this: String,
        that: String,
    },
    #[error("run {run} is given twice: it would count twice")]
    Twice { run: String },
    #[error("run {run} began at {found:?}, wanted a time such as 2026-03-14T09:26:53Z")]
    Began { run: String, found: String },
}

/// One result of several; the first stands for what they have in common.
///
/// # Errors
/// That they were not made against one server with one protocol and the same stages.
pub(crate) fn merge(runs: &[Run]) -> Result<Run, MergeError> {
    let (first, others) = runs.split_first().ok_or(MergeError::Nothing)?;
    each_once(runs)?;
    if others.is_empty() {
        return Ok(first.clone());
    }
    others
        .iter()
        .try_for_each(|other| same_test(first, other))?;
    let tally = tally(runs);
    let workload = workload(runs);
    let shown = runs.iter().all(|run| run.latency_ns.is_some());
    let latency_ns = shown.then(|| figures(runs));
    let slo = slo(runs, latency_ns.as_ref());
    Ok(Run {
        schema: SCHEMA,
        version: first.version.clone(),
        run: joined(runs.iter().map(|run| &*run.run)),
        began: runs
            .iter()
            .map(|run| &run.began)
            .min()
            .cloned()
            .unwrap_or_default(),
        environment: environment(runs),
        server: first.server.clone(),
        hashes: hashes(runs, &workload),
        workload,
        threads: sum(runs, |run| run.threads),
        verdict: verdict(runs, &slo),
        messages: sum(runs, |run| run.messages),
        stages: if runs.iter().all(Run::has_figures) {
            stages(runs)
        } else {
            Vec::new()
        },
        throughput: throughput(runs),
        headlines: headlines(runs),
        slo,
        server_use: server_use(runs, &tally),
        trust: trust(runs),
        timeline: timeline(runs)?,
        latency_ns,
        tally,
    })
}

fn each_once(runs: &[Run]) -> Result<(), MergeError> {
    let twice = (1..runs.len()).find(|&at| runs[..at].iter().any(|run| run.run == runs[at].run));
    twice.map_or(Ok(()), |at| {
        Err(MergeError::Twice {
            run: runs[at].run.clone(),
        })
    })
}

/// What must be the same, and how a run has it.
type Common = (&'static str, fn(&Run) -> String);

/// They loaded one server in one way.
fn same_test(one: &Run, other: &Run) -> Result<(), MergeError> {
    let shapes: [Common; 4] = [
        ("the protocol", |run| {
            format!("{:?}", run.workload.protocol).to_lowercase()
        }),
        ("the server", |run| run.server.clone()),
        ("the stages", stage_names),
        ("the loop (--in-flight)", |run| {
            let closed = run.workload.is_closed_loop();
            if closed { "closed" } else { "open" }.to_owned()
        }),
    ];
    let differs = shapes.into_iter().find(|(_, of)| of(one) != of(other));
    differs.map_or(Ok(()), |(what, of)| {
        Err(MergeError::Differs {
            what,
            one: one.run.clone(),
            other: other.run.clone(),
            this: of(one),
            that: of(other),
        })
    })
}

/// `stage 1 for 20s, stage 2 for 1m`
fn stage_names(run: &Run) -> String {
    let stages = run.workload.stages.iter();
    let names: Vec<_> = stages
        .map(|stage| {
            let time = humantime::format_duration(stage.duration);
            format!("{} for {time}", stage.name)
        })
        .collect();
    names.join(", ")
}

fn sum(runs: &[Run], of: impl Fn(&Run) -> u32) -> u32 {
    runs.iter().map(of).fold(0, u32::saturating_add)
}

/// The texts that differ, with `+` between.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut different: Vec<&str> = Vec::new();
    for text in texts {
        if !different.contains(&text) {
            different.push(text);
        }
    }
    different.join("+")
}

/// All hosts by name; the rest is the first one's.
fn environment(runs: &[Run]) -> Environment {
    Environment {
        host: joined(runs.iter().map(|run| &*run.environment.host)),
        ..runs[0].environment.clone()
    }
}

/// Users, senders, rates and what may be under way together; the rest is the first one's.
fn workload(runs: &[Run]) -> Workload {
    let stages = runs[0].workload.stages.iter().enumerate();
    let stages = stages.map(|(at, stage)| Stage {
        rate: runs.iter().map(|run| run.workload.stages[at].rate).sum(),
        ..stage.clone()
    });
    Workload {
        users: sum(runs, |run| run.workload.users),
        senders: sum(runs, |run| run.workload.senders),
        in_flight: runs.iter().map(|run| run.workload.in_flight).sum(),
        stages: stages.collect(),
        ..runs[0].workload.clone()
    }
}

/// The same for the same runs in the same order.
fn hashes(runs: &[Run], workload: &Workload) -> Hashes {
    let folded = |of: fn(&Hashes) -> &str| {
        let hashes = runs
            .iter()
            .map(|run| u64::from_str_radix(of(&run.hashes), 16));
        let hash = hashes.fold(0, |sum, hash| mix(sum ^ hash.unwrap_or(0)));
        format!("{hash:016x}")
    };
    Hashes {
        workload: format!("{:016x}", workload.hash()),
        schedule: folded(|hashes| &hashes.schedule),
        payload: folded(|hashes| &hashes.payload),
    }
}

fn figures(runs: &[Run]) -> Latencies {
    let mut all = Latencies::default();
    let each = runs.iter().filter_map(|run| run.latency_ns.as_ref());
    each.for_each(|figures| all.add(figures));
    all
}

fn stages(runs: &[Run]) -> Vec<StageResult> {
    let mut all = runs[0].stages.clone();
    for run in &runs[1..] {
        for (sum, stage) in all.iter_mut().zip(&run.stages) {
            sum.rate += stage.rate;
            if let (Some(sum), Some(one)) = (&mut sum.latency_ns, &stage.latency_ns) {
                sum.add(one);
            }
            let both = sum.deliveries_per_s.zip(stage.deliveries_per_s);
            sum.deliveries_per_s = both.map(|(sum, one)| sum + one);
        }
    }
    all
}

/// Of all together; none where one of them has none.
fn throughput(runs: &[Run]) -> Option<Throughput> {
    let each: Option<Vec<_>> = runs.iter().map(|run| run.throughput.as_ref()).collect();
    let each = each?;
    Some(Throughput {
        in_flight: each.iter().map(|one| one.in_flight).sum(),
        deliveries_per_s: each.iter().map(|one| one.deliveries_per_s).sum(),
    })
}

/// The counts of all; where a fault was seen first is said with its run.
fn tally(runs: &[Run]) -> Tally {
    let mut all = Tally::default();
    for run in runs {
        let mut tally = run.tally.clone();
        for example in tally.delivery.first.values_mut() {
            example.place = format!("run {}: {example}", run.run);
        }
        all += tally;
    }
    all
}

/// All of them, each with its run.
fn headlines(runs: &[Run]) -> Vec<Headline> {
    let of = |run: &Run| {
        let run_id = run.run.clone();
        let each = run.headlines.clone().into_iter();
        each.map(move |headline| Headline {
            text: format!("{} (run {run_id})", headline.text),
            ..headline
        })
    };
    runs.iter().flat_map(of).collect()
}

/// Each objective that any of them had, held to the figures of all.
fn slo(runs: &[Run], figures: Option<&Latencies>) -> Vec<SloResult> {
    let mut objectives: Vec<&str> = Vec::new();
    for slo in runs.iter().flat_map(|run| &run.slo) {
        if !objectives.contains(&&*slo.objective) {
            objectives.push(&slo.objective);
        }
    }
    let Some(figures) = figures else {
        return Vec::new();
    };
    let slos = objectives
        .into_iter()
        .filter_map(|objective| objective.parse().ok());
    slos.map(|slo| check_slo(&slo, Some(figures))).collect()
}

/// The worst of all; but of objectives, only what all together met or did not.
fn verdict(runs: &[Run], slo: &[SloResult]) -> Verdict {
    let verdicts = || runs.iter().map(|run| &run.verdict);
    let broken = slo.iter().any(|slo| !slo.ok);
    let objectives = if broken { Exit::SloFailed } else { Exit::Pass };
    let exits = verdicts()
        .map(|verdict| verdict.exit)
        .filter(|&exit| slo.is_empty() || exit != Exit::SloFailed as u8);
    let exit = exits
        .chain([objectives as u8])
        .max_by_key(|&exit| gravity(exit));
    let exit = exit.unwrap_or(Exit::Internal as u8);
    let trusts = verdicts().map(|verdict| &*verdict.trust);
    let trust = trusts.max_by_key(|trust| distrust(trust));
    Verdict {
        result: result(exit).to_owned(),
        trust: trust.unwrap_or_default().to_owned(),
        exit,
        reasons: runs.iter().flat_map(reasons).collect(),
        interrupted: verdicts().any(|verdict| verdict.interrupted),
    }
}

/// Exit codes in the order of how grave they are.
fn gravity(exit: u8) -> usize {
    let grave = [
        Exit::Pass,
        Exit::Interrupted,
        Exit::SloFailed,
        Exit::Invalid,
        Exit::WrongDelivery,
    ];
    let place = grave.iter().position(|&known| known as u8 == exit);
    place.unwrap_or(grave.len())
}

fn distrust(trust: &str) -> usize {
    let order = ["VALID", "SUSPECT", "INVALID"];
    let place = order.iter().position(|&known| known == trust);
    place.unwrap_or(order.len())
}

fn result(exit: u8) -> &'static str {
    match exit {
        code if code == Exit::Pass as u8 => "PASS",
        code if code == Exit::Interrupted as u8 => "INTERRUPTED",
        _ => "FAIL",
    }
}

/// Why a run is not VALID, with the run in front.
fn reasons(run: &Run) -> impl Iterator<Item = String> {
    let reasons = run.verdict.reasons.iter();
    reasons.map(|reason| format!("run {}: {reason}", run.run))
}

/// Of the first that knows it; shared out over what all of them received and logged in.
fn server_use(runs: &[Run], tally: &Tally) -> Option<ServerUse> {
    let known = runs.iter().find_map(|run| run.server_use.clone())?;
    let grown = known
        .memory_joined_bytes
        .saturating_sub(known.memory_before_bytes);
    Some(ServerUse {
        cpu_ns_per_delivery: known.cpu_ns.checked_div(tally.delivery.received),
        bytes_per_connection: grown.checked_div(u64::from(tally.joined)).unwrap_or(0),
        ..known
    })
}

/// The worst of each; own CPU is the mean over all deliveries.
fn trust(runs: &[Run]) -> Trust {
    let each = || runs.iter().map(|run| &run.trust);
    let most = |of: fn(&Trust) -> Option<f64>| each().filter_map(of).reduce(f64::max);
    Trust {
        own_cpu_ns_per_delivery: own_cpu(runs),
        busiest_thread: each().map(|trust| trust.busiest_thread).fold(0.0, f64::max),
        loop_lag_p99_ns: each().filter_map(|trust| trust.loop_lag_p99_ns).max(),
        steal: most(|trust| trust.steal),
        idle: each().filter_map(|trust| trust.idle).reduce(f64::min),
        others: most(|trust| trust.others),
        unread_bytes_per_socket: each()
            .map(|trust| trust.unread_bytes_per_socket)
            .max()
            .unwrap_or(0),
        shares_cores: each().any(|trust| trust.shares_cores),
    }
}

fn own_cpu(runs: &[Run]) -> Option<u64> {
    let known = runs.iter().filter_map(|run| {
        let cpu = run.trust.own_cpu_ns_per_delivery?;
        Some((
            cpu.saturating_mul(run.tally.delivery.received),
            run.tally.delivery.received,
        ))
    });
    let (cpu, received) = known.fold((0u64, 0u64), |sum, one| {
        (sum.0.saturating_add(one.0), sum.1 + one.1)
    });
    cpu.checked_div(received)
}

/// Seconds that were the same second of the day, to the nearest, as one; counted from the first run's first.
fn timeline(runs: &[Run]) -> Result<Vec<Second>, MergeError> {
    let began: Vec<Timestamp> = runs.iter().map(began).collect::<Result<_, _>>()?;
    let earliest = began.iter().min().copied().unwrap_or_default();
    let mut seconds: BTreeMap<u32, Second> = BTreeMap::new();
    for (run, began) in runs.iter().zip(began) {
        let later = (began.as_millisecond() - earliest.as_millisecond() + 500) / 1000;
        let later = u32::try_from(later).unwrap_or(u32::MAX);
        for one in &run.timeline {
            let second = one.second.saturating_add(later);
            let all = seconds.entry(second).or_default();
            all.second = second;
            add_second(all, one);
        }
    }
    Ok(seconds.into_values().collect())
}

fn began(run: &Run) -> Result<Timestamp, MergeError> {
    let wrong = |_| MergeError::Began {
        run: run.run.clone(),
        found: run.began.clone(),
    };
    run.began.parse().map_err(wrong)
}

fn add_second(all: &mut Second, one: &Second) {
    all.users = all.users.saturating_add(one.users);
    all.sent = all.sent.saturating_add(one.sent);
    all.deliveries += one.deliveries;
    all.deliver_ns
        .add(&one.deliver_ns.histogram().unwrap_or_default());
    all.fanout_max_ns = all.fanout_max_ns.max(one.fanout_max_ns);
    // Whoever knows of the server knows all of it: two that do know the same.
    all.server_cpu_ns = all.server_cpu_ns.or(one.server_cpu_ns);
    all.server_memory_bytes = all.server_memory_bytes.or(one.server_memory_bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::{closed_loop, invalid, sample};

    /// Two samples, the second of them changed.
    fn pair(change: impl FnOnce(&mut Run)) -> [Run; 2] {
        let mut runs = [sample(1), sample(2)];
        change(&mut runs[1]);
        runs
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Run), wanted: &str) {
        let error = merge(&pair(change)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted} is in: {error}");
    }

    #[test]
    fn what_was_counted_is_added() {
        let runs = pair(|run| run.tally.delivery.lost = 3);
        let all = merge(&runs).unwrap();
        assert_eq!(all.run, "00000001+00000002");
        assert_eq!((all.tally.joined, all.workload.users), (200, 200));
        assert_eq!(all.tally.sent, runs[0].tally.sent + runs[1].tally.sent);
        assert_eq!(
            (all.tally.delivery.expected, all.tally.delivery.lost),
            (475_200, 3)
        );
        let figures = all.latency_ns.unwrap();
        assert_eq!(figures.deliver.samples(), 475_200);
        assert_eq!(figures.fanout.samples(), 4_800);
        let stage = all.stages[1].latency_ns.as_ref().unwrap();
        assert_eq!(stage.deliver.samples(), 2 * 178_200);
        assert_eq!(
            (all.stages[1].rate, all.workload.stages[1].rate),
            (120.0, 120.0)
        );
    }

    #[test]
    fn one_run_is_itself() {
        assert_eq!(merge(&[sample(1)]), Ok(sample(1)));
        assert_eq!(merge(&[]), Err(MergeError::Nothing));
    }

    #[test]
    fn closed_loops_are_added_and_not_mixed_with_open_ones() {
        let all = merge(&[closed_loop(1), closed_loop(2)]).unwrap();
        let throughput = all.throughput.unwrap();
        assert_eq!(
            (throughput.in_flight, throughput.deliveries_per_s),
            (512, 2_500_000.8)
        );
        assert_eq!(all.workload.in_flight, Some(512));
        assert_eq!(all.stages[1].deliveries_per_s, Some(2e6));
        assert!(all.latency_ns.is_none());
        let error = merge(&[sample(1), closed_loop(2)]).unwrap_err().to_string();
        assert!(
            error.contains("the loop (--in-flight): open and closed"),
            "{error}"
        );
    }

    #[test]
    fn seconds_of_the_same_moment_are_one_whenever_a_run_began() {
        let runs = pair(|run| run.began = "2026-03-14T09:26:56.1Z".to_owned());
        let all = merge(&runs).unwrap();
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
        let [one, _] = pair(|_| {});
        let all = merge(&[one, invalid(2)]).unwrap();
        assert_eq!((&*all.verdict.trust, all.verdict.exit), ("INVALID", 4));
        assert_eq!(all.verdict.result, "FAIL");
        assert!(all.verdict.reasons[0].starts_with("run 00000002: the server's limit"));
        assert!(all.latency_ns.is_none() && all.stages.is_empty());
    }

    #[test]
    fn wrong_delivery_is_graver_than_an_interruption() {
        let mut runs = pair(|run| run.verdict.exit = 130);
        runs.iter_mut().for_each(|run| run.slo.clear());
        runs[0].verdict.exit = 5;
        let verdict = merge(&runs).unwrap().verdict;
        assert_eq!((verdict.exit, &*verdict.result), (5, "FAIL"));
        runs[0].verdict.exit = 0;
        let verdict = merge(&runs).unwrap().verdict;
        assert_eq!((verdict.exit, &*verdict.result), (130, "INTERRUPTED"));
    }

    #[test]
    fn an_objective_is_held_to_the_figures_of_all() {
        let runs = pair(|run| {
            run.latency_ns = run.latency_ns.take().map(|mut figures| {
                (0..50_000).for_each(|_| figures.deliver.record(0, 90_000_000));
                figures
            });
        });
        let all = merge(&runs).unwrap();
        assert!(!all.slo[0].ok && all.slo[1].ok);
        assert_eq!((all.verdict.exit, &*all.verdict.result), (3, "FAIL"));
    }

    #[test]
    fn the_servers_use_is_shared_out_over_everybody() {
        let mut runs = pair(|_| {});
        runs[0].server_use = None;
        let used = merge(&runs).unwrap().server_use.unwrap();
        assert_eq!(used.cpu_ns_per_delivery, Some(1_900_000_000 / 475_200));
        assert_eq!(used.bytes_per_connection, 112_640 / 200);
    }

    #[test]
    fn runs_that_are_not_one_test_are_refused_and_it_is_said_why() {
        refused(
            |run| run.server = "b:1".to_owned(),
            "differ in the server: 127.0.0.1:4700 and b:1",
        );
        refused(
            |run| run.workload.protocol = crate::plan::protocol::Protocol::Irc,
            "differ in the protocol: wac and irc",
        );
        refused(
            |run| drop(run.workload.stages.pop()),
            "differ in the stages: stage 1 for 30s, stage 2 for 30s and stage 1",
        );
        refused(
            |run| run.run = "00000001".to_owned(),
            "run 00000001 is given twice",
        );
        refused(|run| run.began.clear(), "run 00000002 began at \"\"");
    }
}
