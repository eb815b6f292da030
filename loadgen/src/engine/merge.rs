//! Merge: the metrics of all workers become one.

use std::time::Duration;

use super::Outcome;
use super::coordinator::Course;
use super::metrics::{Measured, Metrics};
use super::outcome::{Second, Trust};
use super::shared::Shared;
use crate::metrics::histogram::Latencies;
use crate::metrics::ledger::Ledger;
use crate::metrics::tally::Delivery;
use crate::metrics::tally::Tally;
use crate::metrics::whispers::Whispers;
use crate::plan::Plan;
use crate::plan::absences::Why;
use crate::plan::ids::{Message, User};
use crate::plan::limit::Limit;

/// What all workers counted and measured, and their ledgers, one beside the other.
struct All {
    tally: Tally,
    measured: Measured,
    ledgers: Vec<Ledger>,
    whispers: Vec<Whispers>,
}

pub(super) fn merge(
    plan: &Plan,
    shared: &Shared,
    metrics: Vec<Metrics>,
    course: Course,
) -> Outcome {
    let mut all = All::of(plan, metrics);
    let mut timeline = course.timeline;
    all.measure_fanouts(plan, shared, &mut timeline);
    all.tally.joined = course.joined;
    all.tally.bad_clients = course.bad_clients;
    all.tally.delivery = all.close(plan, shared, course.cut_short);
    let All {
        tally, measured, ..
    } = all;
    let mut latencies = Latencies::default();
    measured
        .stages
        .iter()
        .for_each(|stage| latencies.add(stage));
    latencies.join = measured.join;
    let received = tally.delivery.received;
    Outcome {
        began: course.began,
        latencies,
        trust: Trust {
            busiest_thread: measured.busy,
            loop_lag_p99_ns: measured.lag.figure("p99").or(measured.lag.max()),
            unread_bytes_per_socket: measured.unread,
            ..course.gauge.trust(received)
        },
        server_use: course.gauge.server_use(course.joined.max(1), received),
        storm_over: storm_over(&tally, plan, shared),
        interrupted: course.interrupted,
        rejoin: measured.rejoin,
        stages: measured.stages,
        came: measured.came,
        sent_for: course.sent_for,
        timeline,
        tally,
    }
}

/// From the storm on until everyone was back; none if there was no storm, or some were not.
fn storm_over(tally: &Tally, plan: &Plan, shared: &Shared) -> Option<Duration> {
    let mut absences = plan.absences.iter();
    let storm = absences.find(|absence| absence.why == Why::Storm)?;
    let over = tally.storm_over_ns.filter(|_| tally.storm_missing == 0)?;
    Some(Duration::from_nanos(
        over.saturating_sub(shared.start() + storm.from),
    ))
}

impl All {
    fn of(plan: &Plan, metrics: Vec<Metrics>) -> Self {
        let mut all = Self {
            tally: Tally::default(),
            measured: Measured::new(plan),
            ledgers: Vec::new(),
            whispers: Vec::new(),
        };
        for worker in metrics {
            all.tally += worker.tally;
            all.measured += worker.measured;
            all.ledgers.push(worker.ledger);
            all.whispers.push(worker.whispers);
        }
        all
    }

    /// Where users come and go, nobody knows how many were to have a message: its last reader is the last who
    /// got it, and what somebody lost is in the ledger.
    fn measure_fanouts(&mut self, plan: &Plan, shared: &Shared, timeline: &mut [Second]) {
        let work = &plan.workload;
        let readers = if work.is_moving() { 1 } else { work.readers() };
        for of in self.measured.arrivals.complete(readers.max(1)) {
            let offset = plan.schedule.due(of.message);
            let due = shared.start() + offset;
            if let Some(stage) = plan.stage(offset) {
                self.measured.stages[stage].fanout.record(due, of.last);
                self.measured.stages[stage].skew.record(of.first, of.last);
            }
            if let Some(second) = timeline.get_mut((offset / 1_000_000_000) as usize) {
                let fanout = of.last.saturating_sub(due);
                second.fanout_max_ns = second.fanout_max_ns.max(Some(fanout));
            }
        }
    }

    /// Where the wait for what is expected was cut short, as much was expected as somebody got.
    fn close(&mut self, plan: &Plan, shared: &Shared, cut_short: bool) -> Delivery {
        if cut_short || self.tally.limits.contains(&Limit::Stopping) {
            self.measured
                .held
                .extend((0..plan.workload.senders).map(User));
        }
        let expected = self.expected(shared);
        let mut delivery = self.close_whispers(plan, shared);
        if cut_short {
            self.ledgers.iter_mut().for_each(Ledger::excuse_all);
        }
        for ledger in std::mem::take(&mut self.ledgers) {
            delivery += ledger.close(&expected);
        }
        delivery
    }

    /// A whisper of a sender who was held back, or to a reader who was closed, is not asked for.
    fn close_whispers(&mut self, plan: &Plan, shared: &Shared) -> Delivery {
        let taken = shared.whispers_taken(plan);
        let held = &self.measured.held;
        let forgiven = |whisper: Message| {
            held.contains(&plan.schedule.sender(whisper).into())
                || held.contains(&plan.payload.receiver(whisper))
        };
        let mut delivery = Delivery::default();
        for whispers in std::mem::take(&mut self.whispers) {
            delivery += whispers.close(&plan.payload, &taken, forgiven);
        }
        delivery
    }

    /// What everybody expects of each sender: what the kernel took from it; of one held back, what somebody got.
    fn expected(&self, shared: &Shared) -> Vec<u32> {
        let mut expected = shared.taken();
        let reached: Vec<_> = self.ledgers.iter().map(Ledger::reached).collect();
        for sender in &self.measured.held {
            if let Some(expected) = expected.get_mut(sender.index()) {
                let reached = reached.iter().map(|of| of[sender.index()]).max();
                *expected = reached.unwrap_or(0).min(*expected);
            }
        }
        expected
    }
}
