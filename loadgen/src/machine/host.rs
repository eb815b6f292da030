//! Machine: what it is, what its limits are, and whose its time was.

use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::time::{ClockId, clock_gettime};
use procfs::{CpuInfo, Current, CurrentSI, KernelStats, Meminfo};
use serde::{Deserialize, Serialize};

use super::process::{self, OpenFiles};
use crate::plan::servers::Servers;

/// Where a run was made. What the machine does not say is empty, or 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) host: String,
    pub(crate) kernel: String,
    pub(crate) cpu: String,
    pub(crate) cores: u32,
    pub(crate) memory_bytes: u64,
}

impl Environment {
    /// Describes this machine.
    pub(crate) fn here() -> Self {
        let line = |path| {
            fs::read_to_string(path)
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let cpu = CpuInfo::current().ok();
        Self {
            host: line("/proc/sys/kernel/hostname"),
            kernel: line("/proc/sys/kernel/osrelease"),
            cpu: cpu
                .and_then(|cpu| cpu.model_name(0).map(str::to_owned))
                .unwrap_or_default(),
            cores: cores(),
            memory_bytes: Meminfo::current().map_or(0, |memory| memory.mem_total),
        }
    }
}

/// What this machine gives. None where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Open files that this process may have, after it raised the soft limit as far as it may.
    pub(crate) files: u64,
    /// The first and the last local port for one pair of a source address and a server.
    pub(crate) ports: Option<(u32, u32)>,
    /// Of the server's machine, where that is this one.
    pub(crate) somaxconn: Option<u64>,
    pub(crate) syn_backlog: Option<u64>,
    /// Of several servers, of the one that may open the fewest.
    pub(crate) server: Option<OpenFiles>,
    pub(crate) shares_cores: bool,
    pub(crate) cores: u32,
    pub(crate) memory_available: Option<u64>,
}

impl Limits {
    /// Raises the limit of open files, and reads all the others. `pid`: the server's, if it was given.
    ///
    /// # Errors
    /// That the limit of open files can't be read.
    pub(crate) fn raise(servers: &Servers, pid: Option<i32>) -> nix::Result<Self> {
        let here: Vec<_> = servers
            .all()
            .iter()
            .map(|server| server.at)
            .filter(|at| is_here(at.ip()))
            .collect();
        let is_here = !here.is_empty();
        let number = |path| numbers(path).filter(|_| is_here)?.first().copied();
        let found = here.into_iter().filter_map(process::listening_at);
        let pids = pid.map_or_else(|| found.collect(), |pid| vec![pid]);
        let files = pids.into_iter().filter_map(OpenFiles::of);
        let memory = Meminfo::current().ok();
        Ok(Self {
            files: raise_open_files()?,
            ports: numbers("/proc/sys/net/ipv4/ip_local_port_range").and_then(|ports| {
                let [first, last] = ports[..] else {
                    return None;
                };
                Some((first as u32, last as u32))
            }),
            somaxconn: number("/proc/sys/net/core/somaxconn"),
            syn_backlog: number("/proc/sys/net/ipv4/tcp_max_syn_backlog"),
            server: files.min_by_key(|files| files.soft),
            shares_cores: is_here,
            cores: cores(),
            memory_available: memory.and_then(|memory| memory.mem_available),
        })
    }
}

fn cores() -> u32 {
    thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}

/// Whether an address is one of this machine's: only such can be bound.
fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Raises the soft limit of open files to the hard one; returns it.
fn raise_open_files() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard))
}

/// The numbers in a setting of the kernel's.
fn numbers(path: &str) -> Option<Vec<u64>> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}

/// The machine's time so far, of all cores together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MachineTime {
    pub(crate) total: Duration,
    pub(crate) idle: Duration,
    pub(crate) steal: Duration,
    /// Of programs, in their own code and in the kernel for them; interrupts are nobody's.
    pub(crate) programs: Duration,
}

impl MachineTime {
    /// Now; none where the kernel does not say.
    pub(crate) fn now() -> Option<Self> {
        let time = KernelStats::current().ok()?.total;
        let or_none = Option::unwrap_or_default;
        let programs = time.user_duration() + time.nice_duration() + time.system_duration();
        let idle = time.idle_duration() + or_none(time.iowait_duration());
        let steal = or_none(time.steal_duration());
        let interrupts = or_none(time.irq_duration()) + or_none(time.softirq_duration());
        Some(Self {
            total: programs + idle + steal + interrupts,
            idle,
            steal,
            programs,
        })
    }

    /// What has passed since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            idle: self.idle.saturating_sub(earlier.idle),
            steal: self.steal.saturating_sub(earlier.steal),
            programs: self.programs.saturating_sub(earlier.programs),
        }
    }
}

/// CPU time of this process, user and system.
pub(crate) fn cpu_of_this_process() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()) as u64))
        .sum()
}

/// CPU time of the calling thread, user and system.
pub(crate) fn cpu_of_this_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// One time as a share of another, 0 to 1.
pub(crate) fn share(part: Duration, of: Duration) -> Option<f64> {
    (!of.is_zero()).then(|| (part.as_secs_f64() / of.as_secs_f64()).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_known_from_others() {
        assert!(is_here("127.9.9.9".parse().unwrap()));
        assert!(!is_here("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn time_passes_here() {
        let (process, thread) = (cpu_of_this_process(), cpu_of_this_thread());
        let now = MachineTime::now().unwrap();
        assert!(now.total >= now.idle + now.steal + now.programs);
        assert!(thread <= cpu_of_this_thread() && process <= cpu_of_this_process());
        assert!(cpu_of_this_thread() > Duration::ZERO);
    }

    #[test]
    fn this_machine_is_described() {
        let here = Environment::here();
        assert!(!here.host.is_empty() && !here.kernel.is_empty());
        assert!(here.cores > 0 && here.memory_bytes > 1 << 20);
    }
}
