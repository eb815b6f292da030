//! Samples: results made up from a seed, for the tests of whatever reads a result.

use std::time::Duration;

use super::{
    Delivery, Environment, Hashes, Headline, Run, SCHEMA, Second, ServerUse, SloResult,
    StageResult, Throughput, Trust, Verdict,
};
use crate::cli::values::{Arrival, Size};
use crate::metrics::histogram::Latencies;
use crate::metrics::histogram::{Histogram, Summary};
use crate::metrics::tally::Tally;
use crate::plan::protocol::Protocol;
use crate::plan::random::Random;
use crate::plan::workload::{Stage, Workload};

/// Seconds of warm-up, and of each of the two stages; the last second only drains.
const WARMUP: u32 = 5;
const STAGE: u32 = 30;
/// Messages a second of each stage; the warm-up is at the first.
const RATES: [u32; 2] = [20, 60];
/// Deliveries of a message.
const READERS: u64 = 99;

/// A good run of 100 users in two stages of 30 s after 5 s of warm-up, with all that can be known of it:
/// 237 600 deliveries, most of them within a few ms.
pub(crate) fn sample(seed: u64) -> Run {
    let chance = &mut Chance(Random::new(seed));
    let stages = [stage_result(chance, 0), stage_result(chance, 1)];
    let mut figures = Latencies::default();
    let each = stages.iter().filter_map(|stage| stage.latency_ns.as_ref());
    each.for_each(|stage| figures.add(stage));
    (0..100).for_each(|_| figures.join.record(0, chance.time(1_100_000)));
    let messages = STAGE * (RATES[0] + RATES[1]);
    Run {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: format!("{:08x}", seed as u32),
        began: "2026-03-14T09:26:53Z".to_owned(),
        environment: environment(),
        server: "127.0.0.1:4700".to_owned(),
        workload: workload(seed),
        hashes: Hashes {
            workload: "9c41d2c0a6a1be55".to_owned(),
            schedule: "02b7fe7713c8d4e1".to_owned(),
            payload: "f3d9a80e5c2277b4".to_owned(),
        },
        threads: 1,
        verdict: verdict(),
        messages,
        tally: Tally {
            joined: 100,
            sent: messages,
            delivery: delivery(figures.deliver.samples()),
            ..Tally::default()
        },
        slo: objectives(&figures),
        latency_ns: Some(figures),
        throughput: None,
        stages: stages.to_vec(),
        headlines: headlines(),
        server_use: Some(server_use()),
        trust: trust(),
        timeline: timeline(chance),
    }
}

/// The same work in a closed loop: 1.25 million deliveries a second, and no latency.
pub(crate) fn closed_loop(seed: u64) -> Run {
    let mut run = sample(seed);
    run.workload.in_flight = Some(256);
    run.throughput = Some(Throughput {
        in_flight: 256,
        deliveries_per_s: 1_250_000.4,
    });
    run.latency_ns = None;
    run.slo.clear();
    run.headlines.clear();
    for (stage, deliveries_per_s) in run.stages.iter_mut().zip([1.5e6, 1e6]) {
        stage.latency_ns = None;
        stage.deliveries_per_s = Some(deliveries_per_s);
    }
    for second in &mut run.timeline {
        second.deliver_ns = Summary::default();
        second.fanout_max_ns = None;
    }
    run
}

/// A run whose figures mean nothing: they are withheld.
pub(crate) fn invalid(seed: u64) -> Run {
    let reason = "the server's limit of lines was met: start it with --flood-rate 0";
    Run {
        verdict: Verdict {
            result: "FAIL".to_owned(),
            trust: "INVALID".to_owned(),
            exit: 4,
            reasons: vec![reason.to_owned()],
            interrupted: false,
        },
        latency_ns: None,
        stages: Vec::new(),
        headlines: Vec::new(),
        slo: Vec::new(),
        server_use: None,
        ..sample(seed)
    }
}

/// Numbers by chance, the same for the same seed.
struct Chance(Random);

impl Chance {
    /// A time around a median, in ns: most are near it, one in a thousand is ten times as long.
    fn time(&mut self, median: u64) -> u64 {
        let beyond = self.0.fraction();
        let body = 0.6 + 0.4 * (1.0 / beyond).log2();
        let tail = if beyond < 0.002 { 4.0 } else { 1.0 };
        (median as f64 * body * tail) as u64
    }
}

fn stage_result(chance: &mut Chance, stage: usize) -> StageResult {
    let median = [430_000, 690_000][stage];
    let mut figures = Latencies::default();
    for _ in 0..STAGE * RATES[stage] {
        let lag = chance.time(5_000);
        figures.sendlag.record(0, lag);
        let (mut first, mut last) = (u64::MAX, 0);
        for _ in 0..READERS {
            let service = chance.time(median);
            figures.service.record(0, service);
            figures.deliver.record(0, lag + service);
            (first, last) = (first.min(lag + service), last.max(lag + service));
        }
        figures.fanout.record(0, last);
        figures.skew.record(first, last);
    }
    StageResult {
        name: format!("stage {}", stage + 1),
        rate: RATES[stage].into(),
        latency_ns: Some(figures),
        deliveries_per_s: None,
    }
}

/// A second's deliveries are fewer than they were: enough for a p99, and quick to make.
fn timeline(chance: &mut Chance) -> Vec<Second> {
    let seconds = WARMUP + 2 * STAGE + 1;
    (0..seconds)
        .map(|second| moment(chance, second, seconds))
        .collect()
}

fn moment(chance: &mut Chance, second: u32, seconds: u32) -> Second {
    let stage = usize::from(second >= WARMUP + STAGE);
    let drains = second + 1 == seconds;
    let sent = if drains { 0 } else { RATES[stage] };
    let mut shown = Second {
        second,
        users: 100,
        sent,
        ..Second::default()
    };
    let mut deliver = Histogram::default();
    for _ in 0..u64::from(sent) * READERS {
        deliver.record(0, chance.time([430_000, 690_000][stage]));
    }
    shown.deliveries = deliver.samples();
    shown.deliver_ns = Summary::from(&deliver);
    shown.fanout_max_ns = shown.deliver_ns.max();
    shown.server_cpu_ns = Some(chance.time([14_000_000, 42_000_000][stage]));
    shown.server_memory_bytes = Some(9_400_000 + u64::from(second) * 8_192);
    shown
}

fn workload(seed: u64) -> Workload {
    let stage = |number: u32, rate: u32| Stage {
        name: format!("stage {number}"),
        rate: rate.into(),
        duration: Duration::from_secs(STAGE.into()),
        bad_clients: false,
    };
    Workload {
        preset: "run".to_owned(),
        protocol: Protocol::Wac,
        users: 100,
        senders: 10,
        warmup: Duration::from_secs(WARMUP.into()),
        stages: vec![stage(1, RATES[0]), stage(2, RATES[1])],
        arrival: Arrival::Poisson,
        in_flight: None,
        size: Size { min: 32, max: 400 },
        whispers: 0.0,
        churn: 0.0,
        storm: None,
        resume: false,
        slow: None,
        hostile: 0,
        connect_rate: None,
        drain: Duration::from_secs(5),
        seed,
    }
}

fn environment() -> Environment {
    Environment {
        host: "bench-1".to_owned(),
        kernel: "6.12.9".to_owned(),
        cpu: "A CPU @ 3 GHz".to_owned(),
        cores: 2,
        memory_bytes: 8 << 30,
    }
}

fn verdict() -> Verdict {
    Verdict {
        result: "PASS".to_owned(),
        trust: "VALID".to_owned(),
        exit: 0,
        reasons: Vec::new(),
        interrupted: false,
    }
}

fn delivery(expected: u64) -> Delivery {
    Delivery {
        expected,
        received: expected,
        ..Delivery::default()
    }
}

fn headlines() -> Vec<Headline> {
    vec![Headline {
        name: "everyone back".to_owned(),
        text: "1.42 s after the storm".to_owned(),
        value: Some(1_420_000_000.0),
        unit: "ns".to_owned(),
    }]
}

/// Two that are kept, and one with too few observations.
fn objectives(figures: &Latencies) -> Vec<SloResult> {
    let objective = |objective: &str, value_ns: Option<u64>| SloResult {
        objective: objective.to_owned(),
        value_ns,
        ok: value_ns.is_some(),
        why: None,
    };
    vec![
        objective("deliver.p99 < 50ms", figures.deliver.figure("p99")),
        objective("fan-out.p99 < 50ms", figures.fanout.figure("p99")),
        objective("join.p99 < 50ms", figures.join.figure("p99")),
    ]
}

fn server_use() -> ServerUse {
    ServerUse {
        others: Vec::new(),
        pid: 4711,
        cpu_ns: 1_900_000_000,
        cpu_ns_per_delivery: Some(7_996),
        memory_before_bytes: 9_287_680,
        memory_joined_bytes: 9_400_320,
        memory_end_bytes: 9_924_608,
        bytes_per_connection: Some(1_126),
    }
}

fn trust() -> Trust {
    Trust {
        own_cpu_ns_per_delivery: Some(3_830),
        busiest_thread: 0.63,
        loop_lag_p99_ns: Some(61_000),
        steal: Some(0.0),
        idle: Some(0.41),
        others: Some(0.02),
        unread_bytes_per_socket: 0,
        shares_cores: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_result_and_another_another() {
        assert_eq!(sample(7), sample(7));
        assert_ne!(sample(7).latency_ns, sample(8).latency_ns);
    }
}
