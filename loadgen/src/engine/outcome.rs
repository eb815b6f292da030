//! Outcome of a run: what it counted, what it measured, and what the machine says of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metrics::histogram::Latencies;
use crate::metrics::histogram::{Histogram, Summary};
use crate::metrics::tally::Tally;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// When its sending began, on the wall clock: RFC 3339, UTC.
    pub(crate) began: String,
    pub(crate) tally: Tally,
    /// Of all that is measured, and of each stage.
    pub(crate) latencies: Latencies,
    pub(crate) stages: Vec<Latencies>,
    /// Logins of users who came back.
    pub(crate) rejoin: Histogram,
    /// From their logins until they had been shown what they missed.
    pub(crate) replay: Histogram,
    /// Deliveries that came while each stage was under way.
    pub(crate) came: Vec<u64>,
    /// How long was sent: less than planned if the run was cut short.
    pub(crate) sent_for: Duration,
    /// From the storm on until everyone was back; none if there was no storm, or some were not.
    pub(crate) storm_over: Option<Duration>,
    pub(crate) interrupted: bool,
    pub(crate) trust: Trust,
    pub(crate) server_use: Option<ServerUse>,
    pub(crate) timeline: Vec<Second>,
}

/// What the server's process used; of several servers, what all of their processes used together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServerUse {
    pub(crate) pid: i32,
    /// The processes of the other servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<i32>,
    /// CPU time while sending and draining, user and system.
    pub(crate) cpu_ns: u64,
    pub(crate) cpu_ns_per_delivery: Option<u64>,
    /// Resident before the first connection, with everyone logged in, and at the end.
    pub(crate) memory_before_bytes: u64,
    pub(crate) memory_joined_bytes: u64,
    pub(crate) memory_end_bytes: u64,
    /// What a logged-in connection added, on average. None of a server that has worked before: it may use again what
    /// it had of former connections.
    pub(crate) bytes_per_connection: Option<u64>,
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
