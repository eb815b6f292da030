//! A result is made of a plan and what its run came to.

use super::headlines::headlines;
use super::throughput::{of_stages, throughput};
use super::{Delivery, Hashes, Run, SCHEMA, SloResult, StageResult};
use crate::books::ledger::{Example, Totals};
use crate::engine::Outcome;
use crate::judge::exit::Exit;
use crate::judge::promise::promised;
use crate::judge::slo::Slo;
use crate::judge::verdict::{Facts, judge};
use crate::machine::host::Environment;
use crate::plan::Plan;

/// The result of a run, and how the program ends after it.
pub(crate) fn build(plan: &Plan, slos: &[Slo], outcome: Outcome) -> (Run, Exit) {
    let slo: Vec<_> = slos
        .iter()
        .map(|slo| promised(slo, Some(&outcome.figures)))
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
        joined: outcome.joined,
        messages: plan.schedule.len(),
        sent: outcome.sent,
        delivery: delivery(&outcome.totals),
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
        latency_ns: timed.then_some(outcome.figures),
        slo,
        workload: plan.workload.clone(),
        began: outcome.began,
        server_use: outcome.server_use,
        trust: outcome.trust,
        timeline: outcome.timeline,
    };
    (run, exit)
}

fn facts(plan: &Plan, slo: &[SloResult], outcome: &Outcome) -> Facts {
    Facts {
        limits: outcome.limits.clone(),
        refused: outcome.refused.clone(),
        cut: outcome.cut,
        faulty: outcome.totals.faults.any(),
        interrupted: outcome.interrupted,
        slo_failed: slo.iter().any(|slo| !slo.ok),
        rogues: plan.workload.rogues(),
        rogues_came: outcome.rogues,
        closed_loop: plan.workload.is_closed_loop(),
        messages: plan.schedule.len(),
        sent: outcome.sent,
        sendlag_p99: outcome.figures.sendlag.figure("p99"),
        deliver_p99: outcome
            .figures
            .deliver
            .figure("p99")
            .or(outcome.figures.whisper.figure("p99")),
        trust: outcome.trust.clone(),
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

fn delivery(totals: &Totals) -> Delivery {
    let faults = &totals.faults;
    let first = faults.each().into_iter();
    Delivery {
        owed: totals.owed,
        received: totals.received,
        grey: totals.grey,
        lost: faults.lost.count,
        doubled: faults.doubled.count,
        swapped: faults.swapped.count,
        echoed: faults.echoed.count,
        corrupt: faults.corrupt.count,
        leaked: faults.leaked.count,
        first: first
            .filter_map(|(word, fault)| Some((word.to_owned(), place(&fault.first?))))
            .collect(),
    }
}

/// `at u3, message 2 of u0`: where a fault was seen. Messages are counted from 1 for people.
fn place(example: &Example) -> String {
    let reader = example.reader;
    match (example.sender, example.number) {
        (Some(sender), Some(number)) => {
            format!("at u{reader}, message {} of u{sender}", number + 1)
        }
        (Some(sender), None) => format!("at u{reader}, a message of u{sender}"),
        _ => format!("at u{reader}, from nobody known"),
    }
}
