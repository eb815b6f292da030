//! The one model of a result. Everything that is told of a run is in it, and every rendering is made of it:
//! text, `run.json`, histogram files, the report, a comparison.
//!
//! Times are integers in nanoseconds, and their names end in `_ns`, but for those in a [`Summary`].

mod build;
mod headlines;
pub(crate) mod merge;
#[cfg(test)]
pub(crate) mod sample;
mod throughput;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::books::figures::Figures;
use crate::books::spread::Summary;
pub(crate) use crate::machine::host::Environment;
use crate::plan::workload::Workload;

pub(crate) use build::build;

/// Counts up with every change that a reader of `run.json` could stumble over.
pub(crate) const SCHEMA: u32 = 3;

/// A run, or several that ran at the same time, as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) schema: u32,
    /// The load tester's version.
    pub(crate) version: String,
    /// The run's id, eight hexadecimal digits; of several runs, joined with `+`.
    pub(crate) run: String,
    /// When it began: RFC 3339, UTC.
    pub(crate) began: String,
    pub(crate) environment: Environment,
    /// HOST:PORT, as typed.
    pub(crate) server: String,
    pub(crate) workload: Workload,
    pub(crate) hashes: Hashes,
    pub(crate) threads: u32,
    pub(crate) verdict: Verdict,
    pub(crate) joined: u32,
    /// Messages of the schedule, and how many of them the kernel took.
    pub(crate) messages: u32,
    pub(crate) sent: u32,
    /// Of all that is measured; none where the figures mean nothing, or the loop is closed.
    pub(crate) latency_ns: Option<Figures>,
    /// Of a closed loop; none where the figures mean nothing.
    pub(crate) throughput: Option<Throughput>,
    pub(crate) delivery: Delivery,
    /// One for each stage where there are several; none where the figures mean nothing.
    pub(crate) stages: Vec<StageResult>,
    /// What the presets are for, in the order it is told: a name and a sentence's end.
    pub(crate) headlines: Vec<Headline>,
    pub(crate) slo: Vec<SloResult>,
    /// None if its process is not known.
    pub(crate) server_use: Option<ServerUse>,
    pub(crate) trust: Trust,
    /// One for each second of sending and draining, the warm-up among them.
    pub(crate) timeline: Vec<Second>,
}

impl Run {
    /// Its figures mean something, and are told.
    pub(crate) fn is_told(&self) -> bool {
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

/// What came, against what was owed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) owed: u64,
    #[serde(rename = "in")]
    pub(crate) received: u64,
    /// What overlaps a join or a leave: neither owed nor wrong.
    pub(crate) grey: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) swapped: u64,
    pub(crate) echoed: u64,
    pub(crate) corrupt: u64,
    /// Whispers that somebody else read.
    pub(crate) leaked: u64,
    /// Where each fault was seen first, by its word.
    pub(crate) first: BTreeMap<String, String>,
}

impl Delivery {
    /// Each fault with its word, in the order they are told.
    pub(crate) fn faults(&self) -> [(&'static str, u64); 6] {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("swapped", self.swapped),
            ("echoed", self.echoed),
            ("corrupt", self.corrupt),
            ("leaked", self.leaked),
        ]
    }
}

/// One stage of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageResult {
    pub(crate) name: String,
    /// Messages a second, by the plan.
    pub(crate) rate: f64,
    /// Of what was due in it; none in a closed loop.
    pub(crate) latency_ns: Option<Figures>,
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

/// A promise, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SloResult {
    /// As it was typed: `deliver.p99 < 50ms`.
    pub(crate) promise: String,
    /// None if there were too few observations to tell.
    pub(crate) value_ns: Option<u64>,
    pub(crate) ok: bool,
}

/// What the server's process used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServerUse {
    pub(crate) pid: i32,
    /// CPU time while sending and draining, user and system.
    pub(crate) cpu_ns: u64,
    pub(crate) cpu_ns_per_delivery: Option<u64>,
    /// Resident before the first connection, with everyone logged in, and at the end.
    pub(crate) memory_before_bytes: u64,
    pub(crate) memory_joined_bytes: u64,
    pub(crate) memory_end_bytes: u64,
    /// What a logged-in connection added, on average.
    pub(crate) bytes_per_connection: u64,
}

/// What the verdict on the load tester itself is made of, while sending.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trust {
    /// Own CPU time for each delivery.
    pub(crate) own_cpu_ns_per_delivery: Option<u64>,
    /// The share of a core that the busiest thread used, 0 to 1.
    pub(crate) busiest_thread: f64,
    /// How late a thread was awake after a moment it had set its timer to: p99.
    pub(crate) loop_lag_p99_ns: Option<u64>,
    /// The share of the machine's time that another guest had, and that nobody had, 0 to 1; none if not known.
    pub(crate) steal: Option<f64>,
    pub(crate) idle: Option<f64>,
    /// The share of the machine's time that neither this program nor the server used, but others, 0 to 1.
    pub(crate) others: Option<f64>,
    /// Bytes found unread in own sockets: the most in one look at a sample of them, for each socket.
    pub(crate) unread_bytes_per_socket: u64,
    /// The server runs on this machine.
    pub(crate) shares_cores: bool,
}

/// One second of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Second {
    /// Counted from the beginning of the sending.
    pub(crate) second: u32,
    /// Users logged in at its end.
    pub(crate) users: u32,
    /// Messages sent in it.
    pub(crate) sent: u32,
    /// Deliveries read in it, whispers among them.
    pub(crate) deliveries: u64,
    /// Of what was read in it from the room; nothing in a closed loop.
    pub(crate) deliver_ns: Summary,
    /// The longest fan-out of what was due in it.
    pub(crate) fanout_max_ns: Option<u64>,
    /// Of the server's process: CPU time in it, memory at its end.
    pub(crate) server_cpu_ns: Option<u64>,
    pub(crate) server_memory_bytes: Option<u64>,
}
