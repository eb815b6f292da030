//! The books of all workers become one.

use std::collections::BTreeSet;

use super::Outcome;
use super::conduct::Conducted;
use super::shared::Shared;
use super::worker::Books;
use crate::arrivals::Arrivals;
use crate::figures::Figures;
use crate::ledger::{Ledger, Totals};
use crate::limit::Limit;
use crate::plan::Plan;

pub(super) fn merge(
    plan: &Plan,
    shared: &Shared,
    books: Vec<Books>,
    conducted: Conducted,
) -> Outcome {
    let mut figures = Figures::default();
    let mut arrivals = Arrivals::new(plan.schedule.len());
    let mut limits = BTreeSet::new();
    let mut held = BTreeSet::new();
    let mut ledgers = Vec::new();
    let (mut cut, mut sent) = (0, 0);
    for worker in books {
        figures.add(&worker.figures);
        arrivals.add(&worker.arrivals);
        limits.extend(worker.limits);
        held.extend(worker.held);
        ledgers.push(worker.ledger);
        cut += worker.cut;
        sent += worker.sent;
    }
    if limits.contains(&Limit::Stopping) {
        held.extend(0..plan.senders);
    }
    let owed = owed(plan, shared, &ledgers, &held);
    measure_fanout(plan, shared, &arrivals, &mut figures);
    Outcome {
        figures,
        totals: close(ledgers, &owed),
        limits: limits.into_iter().collect(),
        cut,
        sent,
        interrupted: conducted.interrupted,
        joined: conducted.joined,
        own_cpu: conducted.own_cpu,
    }
}

/// What each sender owed everybody: what the kernel took from it; of one held back, what somebody got.
fn owed(plan: &Plan, shared: &Shared, ledgers: &[Ledger], held: &BTreeSet<u32>) -> Vec<u32> {
    let mut owed = shared.sent_by(&plan.schedule, plan.senders);
    let reached: Vec<_> = ledgers.iter().map(Ledger::reached).collect();
    for &sender in held {
        if let Some(owed) = owed.get_mut(sender as usize) {
            let reached = reached.iter().map(|of| of[sender as usize]).max();
            *owed = reached.unwrap_or(0).min(*owed);
        }
    }
    owed
}

fn measure_fanout(plan: &Plan, shared: &Shared, arrivals: &Arrivals, figures: &mut Figures) {
    for (message, last) in arrivals.complete(plan.users - 1) {
        let due = shared.start() + plan.schedule.due(message);
        figures.fanout.record(due, last);
    }
}

fn close(ledgers: Vec<Ledger>, owed: &[u32]) -> Totals {
    let mut totals = Totals::default();
    for ledger in ledgers {
        totals.add(ledger.close(owed));
    }
    totals
}
