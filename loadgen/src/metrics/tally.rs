//! Tally: the counts of a worker, of a run, and of several runs.

use std::collections::BTreeSet;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::delivery::Delivery;
use crate::plan::limit::Limit;

/// What is counted, and added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    /// Users logged in at the beginning.
    pub(crate) joined: u32,
    /// Messages the kernel took.
    pub(crate) sent: u32,
    pub(crate) delivery: Delivery,
    /// The server's limits that were met.
    pub(crate) limits: BTreeSet<Limit>,
    /// Lines that the server refused, and what it said first.
    pub(crate) refused: u64,
    pub(crate) first_refusal: Option<String>,
    /// Connections that ended without a reason.
    pub(crate) cut: u64,
    /// Users who left, and names that were not free when they came back.
    pub(crate) left: u64,
    pub(crate) names_taken: u64,
    /// When the last whom the storm dropped was back, on the run's clock, or how many never were.
    pub(crate) storm_over_ns: Option<u64>,
    pub(crate) storm_missing: u32,
    /// Slow readers and hostile clients that the server let in.
    pub(crate) bad_clients: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.joined = self.joined.saturating_add(other.joined);
        self.sent = self.sent.saturating_add(other.sent);
        self.delivery += other.delivery;
        self.limits.extend(other.limits);
        self.refused += other.refused;
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
        self.cut += other.cut;
        self.left += other.left;
        self.names_taken += other.names_taken;
        self.storm_over_ns = self.storm_over_ns.max(other.storm_over_ns);
        self.storm_missing += other.storm_missing;
        self.bad_clients += other.bad_clients;
    }
}
