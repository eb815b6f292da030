//! Needs of a run: the arithmetic, before anything runs. Pure.

use super::sources;
use crate::plan::Plan;

/// Descriptors kept back for standard streams, signals and the like.
const RESERVED_FILES: u64 = 32;
/// Descriptors of one worker: its reactor, its waker, its timer.
const FILES_OF_A_WORKER: u64 = 4;
/// Logins of one worker under way at once: the server works all the time, and no queue of the kernel
/// (`somaxconn`) overflows, which would cost a second's wait for a lost SYN.
pub(crate) const JOINS_AT_ONCE: u32 = 64;
/// What a line has beside its text: the sender's name, a colon, the line's end.
const FRAME_BYTES: f64 = 18.0;
/// A histogram of three digits up to a minute.
const HISTOGRAM_BYTES: u64 = 27_648 * 8;
/// Words that are measured, twice: of all, and of the stage or second under way.
const HISTOGRAMS: u64 = 14;
/// Of a message: when it is due and when it went; and of each worker, what came of it.
const MESSAGE_BYTES: u64 = 24;
const MESSAGE_WORKER_BYTES: u64 = 24;
/// Of a connection, the kernel's part with it: an assumption.
const CONNECTION_BYTES: u64 = 4096;
/// CPU time of a delivery, in seconds, at best: at 3.2 million deliveries a second (1,000 users) load tester and server had
/// a core each, on a virtual machine. Where lines come one by one, it is ten times as much and more.
pub(crate) const OWN_CPU: f64 = 0.3e-6;
pub(crate) const SERVER_CPU: f64 = 0.3e-6;

/// What a run needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Needs {
    pub(crate) users: u32,
    /// Connections: the users, slow readers and hostile clients.
    pub(crate) connections: u64,
    /// Open files of this process, and those that are not connections.
    pub(crate) files: u64,
    pub(crate) own_files: u64,
    /// Connections of the server that has the most.
    pub(crate) at_one_server: u64,
    /// Local addresses that connections come from, and connections from one of them to one server.
    pub(crate) sources: u32,
    pub(crate) ports: u64,
    /// Connections that may wait to be accepted.
    pub(crate) backlog: u64,
    /// Deliveries a second while the rate is highest.
    pub(crate) deliveries: f64,
    pub(crate) bytes_in: f64,
    pub(crate) bytes_out: f64,
    pub(crate) memory_bytes: u64,
}

impl Needs {
    /// What a plan needs.
    pub(crate) fn of(plan: &Plan) -> Self {
        let work = &plan.workload;
        let connections = u64::from(work.users) + u64::from(work.bad_clients());
        let own_files = RESERVED_FILES + FILES_OF_A_WORKER * u64::from(plan.workers);
        let at_one_server = plan.servers.most_at_one(connections);
        let each = plan.servers.all().iter();
        let sources = each.map(|server| sources::count(server.at, work.users));
        let sources = sources.min().unwrap_or(1);
        let rates = work.stages.iter().map(|stage| stage.rate);
        let rate = rates.fold(0.0, f64::max);
        let readers = (1.0 - work.whispers) * f64::from(work.users - 1) + work.whispers;
        let line = f64::from(work.size.min + work.size.max) / 2.0 + FRAME_BYTES;
        Self {
            users: work.users,
            connections,
            files: own_files + connections,
            own_files,
            at_one_server,
            sources,
            ports: at_one_server.div_ceil(u64::from(sources)),
            backlog: connections.min(u64::from(JOINS_AT_ONCE * plan.workers)),
            deliveries: rate * readers,
            bytes_in: rate * readers * line,
            bytes_out: rate * line,
            memory_bytes: memory(plan, connections),
        }
    }

    /// Cores that the load tester and the server use, at best.
    pub(crate) fn cores(&self) -> (f64, f64) {
        (self.deliveries * OWN_CPU, self.deliveries * SERVER_CPU)
    }
}

fn memory(plan: &Plan, connections: u64) -> u64 {
    let work = &plan.workload;
    let (users, workers) = (u64::from(work.users), u64::from(plan.workers));
    let ledger = users * u64::from(work.senders) * 4;
    let messages = u64::from(plan.schedule.len());
    let of_message = MESSAGE_BYTES + MESSAGE_WORKER_BYTES * workers;
    ledger
        + messages * of_message
        + workers * HISTOGRAMS * HISTOGRAM_BYTES
        + connections * CONNECTION_BYTES
}
