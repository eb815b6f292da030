//! Processes of this machine: what one has used, what it may open, and which listens at an address.

use std::net::SocketAddr;
use std::time::Duration;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use procfs::net::{TcpNetEntry, TcpState, tcp, tcp6};
use procfs::process::{FDTarget, LimitValue, Process, all_processes};

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// CPU time of all threads, user and system.
    pub(crate) cpu: Duration,
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
}

impl Used {
    /// By a process; none if there is no such process.
    pub(crate) fn by(pid: i32) -> Option<Self> {
        let memory = Process::new(pid).ok()?.status().ok()?.vmrss.unwrap_or(0);
        // Its clock counts nanoseconds; /proc has ticks of 10 ms.
        let clock = clock_getcpuclockid(Pid::from_raw(pid)).ok()?;
        Some(Self {
            cpu: clock_gettime(clock).ok()?.into(),
            memory: 1024 * memory,
        })
    }
}

impl Used {
    /// By several processes together; none if there are none, or one of them is not there.
    pub(crate) fn by_all(pids: &[i32]) -> Option<Self> {
        let each = pids.iter().map(|&pid| Self::by(pid));
        each.reduce(|sum, one| {
            let (sum, one) = (sum?, one?);
            Some(Self {
                cpu: sum.cpu + one.cpu,
                memory: sum.memory + one.memory,
            })
        })?
    }
}

/// How many files a process may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    pub(crate) pid: i32,
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

impl OpenFiles {
    /// Of a process; none if there is no such process.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let limit = Process::new(pid).ok()?.limits().ok()?.max_open_files;
        let number = |value| match value {
            LimitValue::Value(number) => number,
            LimitValue::Unlimited => u64::MAX,
        };
        Some(Self {
            pid,
            soft: number(limit.soft_limit),
            hard: number(limit.hard_limit),
        })
    }
}

/// The process on this machine that listens there. None if it can't be found: it is another user's, or elsewhere.
pub(crate) fn listening_at(server: SocketAddr) -> Option<i32> {
    let mut sockets = tcp().into_iter().chain(tcp6()).flatten();
    let listener = sockets.find(|socket| listens(socket, server))?;
    let mut processes = all_processes().ok()?.flatten();
    let owner = processes.find(|process| holds(process, listener.inode))?;
    Some(owner.pid())
}

fn listens(socket: &TcpNetEntry, server: SocketAddr) -> bool {
    let ip = socket.local_address.ip().to_canonical();
    socket.state == TcpState::Listen
        && socket.local_address.port() == server.port()
        && (ip == server.ip() || ip.is_unspecified())
}

/// Whether this process was started with a signal ignored, as nohup does with SIGHUP.
pub(crate) fn ignores(signal: i32) -> bool {
    let status = Process::myself().and_then(|process| process.status());
    status.is_ok_and(|status| status.sigign >> (signal - 1) & 1 == 1)
}

/// Whether one of a process's files is this socket.
fn holds(process: &Process, inode: u64) -> bool {
    let Ok(files) = process.fd() else {
        return false;
    };
    let mut files = files.flatten();
    files.any(|file| matches!(file.target, FDTarget::Socket(found) if found == inode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn own_pid() -> i32 {
        i32::try_from(std::process::id()).unwrap()
    }

    #[test]
    fn the_process_that_listens_is_found() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(at) else {
                continue; // There may be no IPv6.
            };
            let at = listener.local_addr().unwrap();
            assert_eq!(listening_at(at), Some(own_pid()), "{at}");
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        assert_eq!(listening_at(free.unwrap()), None);
    }

    #[test]
    fn this_process_has_used_something_and_may_open_files() {
        assert!(Used::by(own_pid()).unwrap().memory > 100_000);
        assert!(OpenFiles::of(own_pid()).unwrap().soft > 3);
        let cpu = Used::by(own_pid()).unwrap().cpu;
        assert_ne!(
            cpu.subsec_nanos() % 1_000_000,
            0,
            "finer than the kernel's ticks"
        );
        assert_eq!(Used::by(i32::MAX), None);
    }
}
