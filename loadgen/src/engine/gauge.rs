//! Gauge: what the machine, the server's process and this one used, at the moments that count.

use std::time::Duration;

use super::outcome::ServerUse;
use super::outcome::Trust;
use crate::machine::host::{MachineTime, cpu_of_this_process, share};
use crate::machine::process::{Used, listening_at};
use crate::plan::Plan;
use crate::plan::servers::Servers;
use crate::units::nanos;

/// Reads the meters.
#[derive(Debug)]
pub(super) struct Gauge {
    /// The servers' processes; none if one of them is not known.
    servers: Vec<i32>,
    shares_cores: bool,
    before: Option<Used>,
    joined: Reading,
    sent: Reading,
    drained: Reading,
}

/// All meters at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    machine: Option<MachineTime>,
    own: Duration,
    server: Option<Used>,
}

impl Gauge {
    /// Before the first connection.
    pub(super) fn new(plan: &Plan) -> Self {
        let servers = match plan.server_pid {
            Some(pid) => vec![pid],
            None => listening(&plan.servers).unwrap_or_default(),
        };
        Self {
            shares_cores: plan.servers.are_local() || !servers.is_empty(),
            before: Used::by_all(&servers),
            servers,
            joined: Reading::default(),
            sent: Reading::default(),
            drained: Reading::default(),
        }
    }

    /// Everyone is logged in, and the sending begins.
    pub(super) fn joined(&mut self) {
        self.joined = self.read();
        self.sent = self.joined;
        self.drained = self.joined;
    }

    /// Everything is sent.
    pub(super) fn sent(&mut self) {
        self.sent = self.read();
    }

    /// Everything has come.
    pub(super) fn drained(&mut self) {
        self.drained = self.read();
    }

    /// What the servers' processes have used so far, together; none once one of them has ended.
    pub(super) fn server(&self) -> Option<Used> {
        Used::by_all(&self.servers)
    }

    fn read(&self) -> Reading {
        Reading {
            machine: MachineTime::now(),
            own: cpu_of_this_process(),
            server: self.server(),
        }
    }

    /// Its part of the trust: the machine, and own CPU time for each of so many deliveries.
    pub(super) fn trust(&self, deliveries: u64) -> Trust {
        let passed = || Some(self.sent.machine?.since(self.joined.machine?));
        let of_total = |part: fn(&MachineTime) -> Duration| {
            let passed = passed()?;
            share(part(&passed), passed.total)
        };
        let own = self.drained.own.saturating_sub(self.joined.own);
        Trust {
            own_cpu_ns_per_delivery: nanos(own).checked_div(deliveries),
            steal: of_total(|time| time.steal),
            idle: of_total(|time| time.idle),
            others: passed().and_then(|passed| self.others(passed)),
            shares_cores: self.shares_cores,
            ..Trust::default()
        }
    }

    /// What neither this program nor the server used; not known if the server is here and unknown.
    fn others(&self, passed: MachineTime) -> Option<f64> {
        let server = match (self.joined.server, self.sent.server) {
            (Some(before), Some(after)) => after.cpu.saturating_sub(before.cpu),
            _ if self.shares_cores => return None,
            _ => Duration::ZERO,
        };
        let own = self.sent.own.saturating_sub(self.joined.own);
        share(passed.programs.saturating_sub(own + server), passed.total)
    }

    /// What the server used, if its process is known.
    pub(super) fn server_use(&self, users: u32, deliveries: u64) -> Option<ServerUse> {
        let (before, joined, end) = (self.before?, self.joined.server?, self.drained.server?);
        let cpu = nanos(end.cpu.saturating_sub(joined.cpu));
        let added = joined.memory.saturating_sub(before.memory);
        // It worked no more before these logins than for them: it had served nobody, or few.
        let is_new = before.cpu <= joined.cpu.saturating_sub(before.cpu);
        let (&pid, others) = self.servers.split_first()?;
        Some(ServerUse {
            pid,
            others: others.to_vec(),
            cpu_ns: cpu,
            cpu_ns_per_delivery: cpu.checked_div(deliveries),
            memory_before_bytes: before.memory,
            memory_joined_bytes: joined.memory,
            memory_end_bytes: end.memory,
            bytes_per_connection: is_new.then(|| added / u64::from(users)),
        })
    }
}

/// The processes on this machine that serve there, each once, if all of them are here, and are others than this one.
fn listening(servers: &Servers) -> Option<Vec<i32>> {
    let own = i32::try_from(std::process::id()).ok();
    let mut found = Vec::new();
    for server in servers.all() {
        let pid = listening_at(server.at).filter(|&pid| Some(pid) != own)?;
        if !found.contains(&pid) {
            found.push(pid);
        }
    }
    Some(found)
}
