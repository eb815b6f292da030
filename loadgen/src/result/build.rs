//! A result is made of a plan and what its run came to.

use super::exit::Exit;
use super::headlines::headlines;
use super::throughput::{of_stages, throughput};
use super::verdict::{Facts, judge};
use super::{Environment, Hashes, Run, SCHEMA, SloResult, StageResult, check_slo};
use crate::cli::slo::Slo;
use crate::engine::outcome::Outcome;
use crate::metrics::histogram::Histogram;
use crate::plan::Plan;

/// The result of a run, and how the program ends after it.
pub(crate) fn build(plan: &Plan, slos: &[Slo], outcome: Outcome) -> (Run, Exit) {
    let slo: Vec<_> = slos
        .iter()
        .map(|slo| check_slo(slo, Some(&outcome.latencies)))
        .collect();
    let (verdict, exit) = judge(&facts(plan, &slo, &outcome));
    let told = verdict.trust != "INVALID";
    // In a closed loop what is due waits for what is under way: times from the due moment on say nothing.
    let timed = told && !plan.workload.is_closed_loop();
    let run = Run {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: format!("{:08x}", plan.run),
        environment: Environment::here(),
        server: plan.target.clone(),
        hashes: Hashes {
            workload: format!("{:016x}", plan.workload.hash()),
            schedule: format!("{:016x}", plan.schedule.hash()),
            payload: format!("{:016x}", plan.payload.hash()),
        },
        threads: plan.workers,
        verdict,
        messages: plan.schedule.len(),
        headlines: if told {
            headlines(plan, &outcome)
        } else {
            Vec::new()
        },
        stages: if told {
            stages(plan, &outcome)
        } else {
            Vec::new()
        },
        throughput: throughput(plan, &outcome).filter(|_| told),
        latency_ns: timed.then_some(outcome.latencies),
        slo,
        workload: plan.workload.clone(),
        began: outcome.began,
        server_use: outcome.server_use,
        trust: outcome.trust,
        timeline: outcome.timeline,
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
