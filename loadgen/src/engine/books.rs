//! What a worker enters while it works, and hands over at its end.

use std::time::Duration;

use crate::books::arrivals::Arrivals;
use crate::books::figures::Figures;
use crate::books::ledger::{Ledger, Of};
use crate::books::spread::Spread;
use crate::books::whispers::Whispers;
use crate::judge::limit::Limit;
use crate::nanos::nanos;
use crate::plan::Plan;
use crate::plan::share::Share;

/// The books of one worker.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) whispers: Whispers,
    pub(super) arrivals: Arrivals,
    /// One for each stage of the plan.
    pub(super) stages: Vec<Figures>,
    /// Deliveries that came while each stage was under way.
    pub(super) came: Vec<u64>,
    /// All logins, and those of users who came back.
    pub(super) join: Spread,
    pub(super) rejoin: Spread,
    pub(super) limits: Vec<Limit>,
    /// Senders whose last lines the server may rightly not have taken: they were held back, or closed.
    pub(super) held: Vec<u32>,
    /// Lines that the server refused, and what it said first.
    pub(super) refused: u64,
    pub(super) first_refusal: Option<String>,
    /// Connections that ended without a reason.
    pub(super) cut: u64,
    /// Users who left, and names that were not free when they came back.
    pub(super) left: u64,
    pub(super) names_taken: u64,
    /// When the last whom the storm dropped was back, or how many never were.
    pub(super) storm_over: Option<u64>,
    pub(super) storm_missing: u32,
    /// First deliveries.
    pub(super) received: u64,
    /// Messages the kernel took.
    pub(super) sent: u32,
    /// Deliveries that were read before their sending time was noted: message and time.
    pub(super) unsettled: Vec<(u32, u64)>,
    pub(super) faults_told: u64,
    /// How late it was awake.
    pub(super) lag: Spread,
    /// The most bytes found unread in a socket, on average of those looked at.
    pub(super) unread: u64,
    /// CPU time and moment when the sending began; then the share of a core used.
    began: (Duration, u64),
    pub(super) busy: f64,
}

impl Books {
    pub(super) fn new(share: Share, plan: &Plan) -> Self {
        let work = &plan.workload;
        let of = Of {
            share,
            users: work.users,
            senders: work.senders,
            senders_are_deaf: work.protocol.senders_are_deaf(),
        };
        Self {
            ledger: Ledger::new(of),
            whispers: Whispers::new(share),
            arrivals: Arrivals::new(plan.schedule.len()),
            stages: vec![Figures::default(); work.stages.len()],
            came: vec![0; work.stages.len()],
            join: Spread::default(),
            rejoin: Spread::default(),
            limits: Vec::new(),
            held: Vec::new(),
            refused: 0,
            first_refusal: None,
            cut: 0,
            left: 0,
            names_taken: 0,
            storm_over: None,
            storm_missing: 0,
            received: 0,
            sent: 0,
            unsettled: Vec::new(),
            faults_told: 0,
            lag: Spread::default(),
            unread: 0,
            began: (Duration::ZERO, 0),
            busy: 0.0,
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
        self.busy = worked / (at - began).max(1) as f64;
    }
}
