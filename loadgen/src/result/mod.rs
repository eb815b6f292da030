//! The one model of a result. Everything that is shown of a run is in it, and every rendering is made of it:
//! text, `run.json`, the report, a comparison.
//!
//! Times are integers in nanoseconds, and their names end in `_ns`, but for those of a histogram.

mod build;
pub(crate) mod comparable;
pub(crate) mod compare;
mod headlines;
pub(crate) mod merge;
pub(crate) mod rank;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod search;
mod upgrade;
pub(crate) mod verdict;

use serde::{Deserialize, Serialize};

pub(crate) use crate::engine::outcome::{Second, ServerUse, Trust};
pub(crate) use crate::machine::host::Environment;
use crate::metrics::histogram::Latencies;
pub(crate) use crate::metrics::tally::Delivery;
use crate::metrics::tally::Tally;
use crate::plan::workload::Workload;

pub(crate) use build::build;
pub(crate) use upgrade::read;

/// Counts up with every change that a reader of `run.json` could stumble over.
pub(crate) const SCHEMA: u32 = 4;

/// A run, or several that ran at the same time, as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) schema: u32,
    /// The load tester's version.
    pub(crate) version: String,
    /// The run's id, eight hexadecimal digits; of several runs, joined with `+`.
    pub(crate) run: String,
    /// When its sending began: RFC 3339, UTC.
    pub(crate) began: String,
    pub(crate) environment: Environment,
    /// HOST:PORT, as typed, of each server, with commas; over TLS `tls:HOST:PORT (any key)`, with what the servers have proved.
    pub(crate) server: String,
    pub(crate) workload: Workload,
    pub(crate) hashes: Hashes,
    pub(crate) threads: u32,
    pub(crate) verdict: Verdict,
    /// Messages of the schedule.
    pub(crate) messages: u32,
    #[serde(flatten)]
    pub(crate) tally: Tally,
    /// Of all that is measured; none where the figures mean nothing, or the loop is closed.
    pub(crate) latency_ns: Option<Latencies>,
    /// Of a closed loop; none where the figures mean nothing.
    pub(crate) throughput: Option<Throughput>,
    /// One for each stage where there are several; none where the figures mean nothing.
    pub(crate) stages: Vec<StageResult>,
    /// What the presets are for, in the order it is shown: a name and a sentence's end.
    pub(crate) headlines: Vec<Headline>,
    pub(crate) slo: Vec<SloResult>,
    /// None if its process is not known.
    pub(crate) server_use: Option<ServerUse>,
    pub(crate) trust: Trust,
    /// One for each second of sending and draining, the warm-up among them.
    pub(crate) timeline: Vec<Second>,
}

impl Run {
    /// Its figures mean something, and are shown.
    pub(crate) fn has_figures(&self) -> bool {
        self.latency_ns.is_some() || self.throughput.is_some()
    }
}

/// What a closed loop is for: how much a server does when it is kept full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Throughput {
    /// The deliveries of so many messages were under way at most.
    pub(crate) in_flight: u32,
    /// Of the time that is measured.
    pub(crate) deliveries_per_s: f64,
}

/// Whether two runs did the same: 16 hexadecimal digits each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashes {
    pub(crate) workload: String,
    pub(crate) schedule: String,
    pub(crate) payload: String,
}

/// What a run is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// `PASS`, `FAIL` or `INTERRUPTED`.
    pub(crate) result: String,
    /// `VALID`, `SUSPECT` or `INVALID`.
    pub(crate) trust: String,
    pub(crate) exit: u8,
    /// Why it is not VALID, each with what to do.
    pub(crate) reasons: Vec<String>,
    pub(crate) interrupted: bool,
}

/// One stage of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageResult {
    pub(crate) name: String,
    /// Messages a second, by the plan.
    pub(crate) rate: f64,
    /// Of what was due in it; none in a closed loop.
    pub(crate) latency_ns: Option<Latencies>,
    /// What came while it was under way; in a closed loop alone.
    pub(crate) deliveries_per_s: Option<f64>,
}

/// What a preset is for: `everyone back` `1.42 s after the storm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Headline {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The number in it, for programs; in ns, bytes or a share, as `unit` says.
    pub(crate) value: Option<f64>,
    pub(crate) unit: String,
}

/// An objective, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SloResult {
    /// As it was typed: `deliver.p99 < 50ms`.
    pub(crate) objective: String,
    /// None if there were too few observations, or what stands there never came.
    pub(crate) value_ns: Option<u64>,
    pub(crate) ok: bool,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}
