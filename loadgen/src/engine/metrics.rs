//! Metrics of a worker: what it counts and measures while it works, and hands over at its end.

use std::collections::BTreeSet;
use std::ops::AddAssign;
use std::time::Duration;

use crate::metrics::arrivals::Arrivals;
use crate::metrics::histogram::Histogram;
use crate::metrics::histogram::Latencies;
use crate::metrics::ledger::{Ledger, Of};
use crate::metrics::tally::Tally;
use crate::metrics::whispers::Whispers;
use crate::plan::Plan;
use crate::plan::ids::{Message, Partition, User};
use crate::units::nanos;

/// What one worker counts and measures.
#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) ledger: Ledger,
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
