//! What this machine gives.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::process;

/// What there is. None where the system does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Open files that this process may have, after it raised the soft limit as far as it may.
    pub(crate) files: u64,
    /// Local ports for one pair of a source address and a server, and their range.
    pub(crate) ports: Option<(u32, u32)>,
    /// Of the server's machine, where that is this one.
    pub(crate) somaxconn: Option<u64>,
    pub(crate) syn_backlog: Option<u64>,
    pub(crate) server: Option<ServerProcess>,
    pub(crate) shares_cores: bool,
    pub(crate) cores: u32,
    pub(crate) memory_available: Option<u64>,
}

/// The server's process on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerProcess {
    pub(crate) pid: i32,
    /// Its limits of open files.
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// Raises the limit of open files, and reads all the others. `pid`: the server's, if it was told.
///
/// # Errors
/// That the limit of open files can't be read.
pub(crate) fn limits(server: SocketAddr, pid: Option<i32>) -> nix::Result<Limits> {
    let here = is_here(server.ip());
    let number = |path| read_number(path).filter(|_| here);
    let pid = pid.or_else(|| process::listening_at(server).filter(|_| here));
    Ok(Limits {
        files: raise_open_files()?,
        ports: local_ports(),
        somaxconn: number("/proc/sys/net/core/somaxconn"),
        syn_backlog: number("/proc/sys/net/ipv4/tcp_max_syn_backlog"),
        server: pid.and_then(server_process),
        shares_cores: here,
        cores: thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        memory_available: memory_available(),
    })
}

/// Whether an address is one of this machine's: only such can be bound.
fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Raises the soft limit of open files to the hard one; returns it.
fn raise_open_files() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Ok(hard),
        Err(_) => Ok(soft),
    }
}

fn read_number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn local_ports() -> Option<(u32, u32)> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let (first, last) = range.trim().split_once(char::is_whitespace)?;
    Some((first.parse().ok()?, last.trim().parse().ok()?))
}

fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn server_process(pid: i32) -> Option<ServerProcess> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let (soft, hard) = open_files(&text)?;
    Some(ServerProcess { pid, soft, hard })
}

/// The soft and the hard limit in a `/proc/PID/limits`.
fn open_files(text: &str) -> Option<(u64, u64)> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let number = |word: &str| match word {
        "unlimited" => Some(u64::MAX),
        word => word.parse().ok(),
    };
    let mut words = line.split_whitespace();
    Some((number(words.next()?)?, number(words.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_process_are_read() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max open files            1024                 unlimited            files\n";
        assert_eq!(open_files(text), Some((1024, u64::MAX)));
        assert_eq!(open_files("nothing"), None);
    }

    #[test]
    fn addresses_of_this_machine_are_known_from_others() {
        assert!(is_here("127.9.9.9".parse().unwrap()));
        assert!(!is_here("192.0.2.1".parse().unwrap()));
    }
}
