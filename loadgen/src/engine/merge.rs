//! The books of all workers become one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::books::Books;
use super::conduct::Conducted;
use super::shared::Shared;
use super::{Moved, Outcome};
use crate::books::arrivals::Arrivals;
use crate::books::figures::Figures;
use crate::books::ledger::{Ledger, Totals};
use crate::books::spread::Spread;
use crate::books::whispers::Whispers;
use crate::judge::limit::Limit;
use crate::plan::Plan;
use crate::plan::absences::Why;
use crate::result::{Second, Trust};

/// What all workers entered, one beside the other.
struct All {
    stages: Vec<Figures>,
    came: Vec<u64>,
    arrivals: Arrivals,
    join: Spread,
    lag: Spread,
    limits: BTreeSet<Limit>,
    held: BTreeSet<u32>,
    ledgers: Vec<Ledger>,
    whispers: Vec<Whispers>,
    refused: u64,
    first_refusal: Option<String>,
    cut: u64,
    sent: u32,
    unread: u64,
    busiest: f64,
    moved: Moved,
    storm_over: Option<u64>,
}

pub(super) fn merge(
    plan: &Plan,
    shared: &Shared,
    books: Vec<Books>,
    conducted: Conducted,
) -> Outcome {
    let mut all = All::new(plan);
    for worker in books {
        all.add(worker);
    }
    all.moved.storm_over = all.storm_over(plan, shared);
    let mut timeline = conducted.timeline;
    all.measure_fanouts(plan, shared, &mut timeline);
    let mut figures = Figures::default();
    all.stages.iter().for_each(|stage| figures.add(stage));
    figures.join = all.join.clone();
    let totals = all.close(plan, shared, conducted.cut_short);
    let trust = Trust {
        busiest_thread: all.busiest,
        loop_lag_p99_ns: all.lag.figure("p99").or(all.lag.max()),
        unread_bytes_per_socket: all.unread,
        ..conducted.gauge.trust(totals.received)
    };
    Outcome {
        began: conducted.began,
        figures,
        server_use: conducted
            .gauge
            .server_use(conducted.joined.max(1), totals.received),
        totals,
        limits: all.limits.into_iter().collect(),
        refused: all.first_refusal.map(|said| (all.refused, said)),
        cut: all.cut,
        interrupted: conducted.interrupted,
        joined: conducted.joined,
        sent: all.sent,
        moved: all.moved,
        rogues: conducted.rogues,
        trust,
        timeline,
        stages: all.stages,
        came: all.came,
        sent_for: conducted.sent_for,
    }
}

impl All {
    fn new(plan: &Plan) -> Self {
        Self {
            stages: vec![Figures::default(); plan.workload.stages.len()],
            came: vec![0; plan.workload.stages.len()],
            arrivals: Arrivals::new(plan.schedule.len()),
            join: Spread::default(),
            lag: Spread::default(),
            limits: BTreeSet::new(),
            held: BTreeSet::new(),
            ledgers: Vec::new(),
            whispers: Vec::new(),
            refused: 0,
            first_refusal: None,
            cut: 0,
            sent: 0,
            unread: 0,
            busiest: 0.0,
            moved: Moved::default(),
            storm_over: None,
        }
    }

    fn add(&mut self, books: Books) {
        for (sum, stage) in self.stages.iter_mut().zip(&books.stages) {
            sum.add(stage);
        }
        for (sum, came) in self.came.iter_mut().zip(&books.came) {
            *sum += came;
        }
        self.arrivals.add(&books.arrivals);
        self.join.add(&books.join);
        self.lag.add(&books.lag);
        self.limits.extend(books.limits);
        self.held.extend(books.held);
        self.ledgers.push(books.ledger);
        self.whispers.push(books.whispers);
        self.refused += books.refused;
        self.first_refusal = self.first_refusal.take().or(books.first_refusal);
        self.cut += books.cut;
        self.sent += books.sent;
        self.unread = self.unread.max(books.unread);
        self.busiest = self.busiest.max(books.busy);
        self.moved.left += books.left;
        self.moved.names_taken += books.names_taken;
        self.moved.rejoin.add(&books.rejoin);
        self.moved.storm_missing += books.storm_missing;
        self.storm_over = self.storm_over.max(books.storm_over);
    }

    fn storm_over(&self, plan: &Plan, shared: &Shared) -> Option<Duration> {
        let storm = plan
            .absences
            .iter()
            .find(|absence| absence.why == Why::Storm)?;
        let began = shared.start() + storm.from;
        let over = self.storm_over.filter(|_| self.moved.storm_missing == 0)?;
        Some(Duration::from_nanos(over.saturating_sub(began)))
    }

    /// Where users come and go, nobody knows how many were to have a message: its last reader is the last who
    /// got it, and what somebody lost is in the ledger.
    fn measure_fanouts(&mut self, plan: &Plan, shared: &Shared, timeline: &mut [Second]) {
        let work = &plan.workload;
        let readers = match work.is_moving() {
            true => 1,
            false => work.readers(),
        };
        for of in self.arrivals.complete(readers.max(1)) {
            let offset = plan.schedule.due(of.message);
            let due = shared.start() + offset;
            if let Some(stage) = plan.stage(offset) {
                self.stages[stage].fanout.record(due, of.last);
                self.stages[stage].spread.record(of.first, of.last);
            }
            if let Some(second) = timeline.get_mut((offset / 1_000_000_000) as usize) {
                let fanout = of.last.saturating_sub(due);
                second.fanout_max_ns = second.fanout_max_ns.max(Some(fanout));
            }
        }
    }

    /// Where the wait for what is owed was cut short, as much was owed as somebody got.
    fn close(&mut self, plan: &Plan, shared: &Shared, cut_short: bool) -> Totals {
        if cut_short || self.limits.contains(&Limit::Stopping) {
            self.held.extend(0..plan.workload.senders);
        }
        let owed = self.owed(shared);
        let mut totals = self.close_whispers(plan, shared);
        if cut_short {
            self.ledgers.iter_mut().for_each(Ledger::excuse_all);
        }
        for ledger in std::mem::take(&mut self.ledgers) {
            totals.add(ledger.close(&owed));
        }
        totals
    }

    /// A whisper of a sender who was held back, or to a reader who was closed, is not asked for.
    fn close_whispers(&mut self, plan: &Plan, shared: &Shared) -> Totals {
        let taken = shared.whispers_taken(plan);
        let held = &self.held;
        let forgiven = |whisper: u32| {
            held.contains(&plan.schedule.sender(whisper))
                || held.contains(&plan.payload.receiver(whisper))
        };
        let mut totals = Totals::default();
        for whispers in std::mem::take(&mut self.whispers) {
            totals.add(whispers.close(&plan.payload, &taken, forgiven));
        }
        totals
    }

    /// What each sender owed everybody: what the kernel took from it; of one held back, what somebody got.
    fn owed(&self, shared: &Shared) -> Vec<u32> {
        let mut owed = shared.taken();
        let reached: Vec<_> = self.ledgers.iter().map(Ledger::reached).collect();
        for &sender in &self.held {
            if let Some(owed) = owed.get_mut(sender as usize) {
                let reached = reached.iter().map(|of| of[sender as usize]).max();
                *owed = reached.unwrap_or(0).min(*owed);
            }
        }
        owed
    }
}
