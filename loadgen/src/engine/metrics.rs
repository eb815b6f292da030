//! Metrics of a worker: what it counts and measures while it works, and hands over at its end; and of all workers as one.

use std::collections::BTreeSet;
use std::ops::AddAssign;
use std::time::Duration;

use super::Outcome;
use super::coordinator::Course;
use super::outcome::{Second, Trust};
use super::shared::Shared;
use crate::metrics::arrivals::Arrivals;
use crate::metrics::histogram::{Histogram, Latencies};
use crate::metrics::ledger::{Ledger, Of};
use crate::metrics::one_order::Followers;
use crate::metrics::tally::{Delivery, Tally};
use crate::metrics::whispers::Whispers;
use crate::plan::Plan;
use crate::plan::absences::Why;
use crate::plan::ids::{Message, Partition, User};
use crate::plan::protocol::Limit;
use crate::units::nanos;

/// What one worker counts and measures.
#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) ledger: Ledger,
    pub(super) followers: Followers,
    pub(super) whispers: Whispers,
    pub(super) tally: Tally,
    pub(super) measured: Measured,
    /// First deliveries.
    pub(super) received: u64,
    /// Deliveries that were read before their sending time was noted: message and time.
    pub(super) unsettled: Vec<(Message, u64)>,
    pub(super) faults_shown: u64,
    /// CPU time and moment when the sending began.
    began: (Duration, u64),
}

/// What workers measure, and what is added up.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) arrivals: Arrivals,
    /// One for each stage of the plan.
    pub(super) stages: Vec<Latencies>,
    /// Deliveries that came while each stage was under way.
    pub(super) came: Vec<u64>,
    /// All logins, and those of users who came back.
    pub(super) join: Histogram,
    pub(super) rejoin: Histogram,
    /// From the login of a user who came back until it had been shown what it missed.
    pub(super) replay: Histogram,
    /// Senders whose last lines the server may rightly not have taken: they were held back, or closed.
    pub(super) held: BTreeSet<User>,
    /// How late a worker was awake.
    pub(super) lag: Histogram,
    /// The most bytes found unread in a socket, on average of those looked at.
    pub(super) unread: u64,
    /// The share of a core that the busiest worker used.
    pub(super) busy: f64,
}

impl Measured {
    pub(super) fn new(plan: &Plan) -> Self {
        let stages = plan.workload.stages.len();
        Self {
            arrivals: Arrivals::new(plan.schedule.len()),
            stages: vec![Latencies::default(); stages],
            came: vec![0; stages],
            join: Histogram::default(),
            rejoin: Histogram::default(),
            replay: Histogram::default(),
            held: BTreeSet::new(),
            lag: Histogram::default(),
            unread: 0,
            busy: 0.0,
        }
    }
}

impl AddAssign for Measured {
    fn add_assign(&mut self, other: Self) {
        self.arrivals.add(&other.arrivals);
        for (sum, stage) in self.stages.iter_mut().zip(&other.stages) {
            sum.add(stage);
        }
        for (sum, came) in self.came.iter_mut().zip(&other.came) {
            *sum += came;
        }
        self.join.add(&other.join);
        self.rejoin.add(&other.rejoin);
        self.replay.add(&other.replay);
        self.held.extend(other.held);
        self.lag.add(&other.lag);
        self.unread = self.unread.max(other.unread);
        self.busy = self.busy.max(other.busy);
    }
}

impl Metrics {
    pub(super) fn new(partition: Partition, plan: &Plan) -> Self {
        let work = &plan.workload;
        Self {
            ledger: Ledger::new(Of {
                partition,
                users: work.users,
                senders: work.senders,
                senders_are_deaf: work.protocol.senders_are_deaf(),
            }),
            followers: Followers::new(partition.slots(work.users).map(|slot| {
                work.protocol.has_one_order() && partition.user(slot).0 >= work.senders
            })),
            whispers: Whispers::new(partition),
            tally: Tally::default(),
            measured: Measured::new(plan),
            received: 0,
            unsettled: Vec::new(),
            faults_shown: 0,
            began: (Duration::ZERO, 0),
        }
    }

    /// The sending begins. `cpu` is the thread's time so far.
    pub(super) fn began(&mut self, cpu: Duration, at: u64) {
        self.began = (cpu, at);
    }

    /// The sending is over.
    pub(super) fn ended(&mut self, cpu: Duration, at: u64) {
        let (cpu_before, began) = self.began;
        let worked = nanos(cpu.saturating_sub(cpu_before)) as f64;
        self.measured.busy = worked / (at - began).max(1) as f64;
    }
}

/// What all workers counted and measured, and their ledgers, one beside the other.
struct All {
    tally: Tally,
    measured: Measured,
    ledgers: Vec<Ledger>,
    followers: Vec<Followers>,
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
    let incomplete = all.measure_fanouts(plan, shared, &mut timeline);
    all.tally.joined = course.joined;
    all.tally.bad_clients = course.bad_clients;
    let delivery = all.close(plan, shared, course.cut_short);
    // What nobody was to have any more is not missing.
    let lacking = delivery.lost + delivery.corrupt > all.tally.whispers_missing;
    all.tally.fanouts_missing = if lacking { incomplete } else { 0 };
    all.tally.delivery = delivery;
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
        replay: measured.replay,
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

/// Messages to the room that the kernel took, of the time that is measured.
fn sent_and_measured(plan: &Plan, shared: &Shared) -> u64 {
    let messages = plan.schedule.messages().filter(|&message| {
        plan.stage(plan.schedule.due(message)).is_some()
            && !plan.schedule.is_whisper(message)
            && shared.written(message).is_some()
    });
    messages.count() as u64
}

impl All {
    fn of(plan: &Plan, metrics: Vec<Metrics>) -> Self {
        let mut all = Self {
            tally: Tally::default(),
            measured: Measured::new(plan),
            ledgers: Vec::new(),
            followers: Vec::new(),
            whispers: Vec::new(),
        };
        for worker in metrics {
            all.tally += worker.tally;
            all.measured += worker.measured;
            all.ledgers.push(worker.ledger);
            all.followers.push(worker.followers);
            all.whispers.push(worker.whispers);
        }
        all
    }

    /// Where users come and go, nobody knows how many were to have a message: its last reader is the last who
    /// got it, and what somebody lost is in the ledger. Returns how many of the messages sent in the measured time
    /// are not complete.
    fn measure_fanouts(&mut self, plan: &Plan, shared: &Shared, timeline: &mut [Second]) -> u64 {
        let work = &plan.workload;
        let readers = if work.is_moving() { 1 } else { work.readers() };
        let mut missing = sent_and_measured(plan, shared);
        for of in self.measured.arrivals.complete(readers.max(1)) {
            let offset = plan.schedule.due(of.message);
            let due = shared.start() + offset;
            if let Some(stage) = plan.stage(offset) {
                self.measured.stages[stage].fanout.record(due, of.last);
                self.measured.stages[stage].skew.record(of.first, of.last);
                missing = missing.saturating_sub(1);
            }
            if let Some(second) = timeline.get_mut((offset / 1_000_000_000) as usize) {
                let fanout = of.last.saturating_sub(due);
                second.fanout_max_ns = second.fanout_max_ns.max(Some(fanout));
            }
        }
        missing
    }

    /// Where the wait for what is expected was cut short, as much was expected as somebody got.
    fn close(&mut self, plan: &Plan, shared: &Shared, cut_short: bool) -> Delivery {
        let stopped = [Limit::Stopping, Limit::CutOff];
        if cut_short
            || stopped
                .iter()
                .any(|limit| self.tally.limits.contains(limit))
        {
            self.measured
                .held
                .extend((0..plan.workload.senders).map(User));
        }
        let expected = self.expected(shared);
        let mut delivery = self.close_whispers(plan, shared);
        self.tally.whispers_missing = delivery.expected - delivery.received;
        if cut_short {
            self.ledgers.iter_mut().for_each(Ledger::excuse_all);
        }
        for ledger in std::mem::take(&mut self.ledgers) {
            delivery += ledger.close(&expected);
        }
        if delivery.wrong() == 0 {
            let followers = &self.followers;
            followers.iter().for_each(|each| each.tell(&mut delivery));
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
