//! What this machine must give, before anything runs.

use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::plan::Plan;

/// Descriptors kept back for standard streams, signals and the like.
const RESERVED_FILES: u64 = 32;
/// Descriptors of one worker: its reactor, its waker, its timer.
const FILES_OF_A_WORKER: u64 = 4;

/// The run does not fit on this machine.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PreflightError {
    #[error(
        "{users} users need {needed} open files, and the hard limit is {limit}\n\
         hint: ulimit -Hn {needed} in a shell that may raise it, or at most --users {fit}"
    )]
    Files {
        users: u32,
        needed: u64,
        limit: u64,
        fit: u64,
    },
    #[error(
        "{users} users need as many local ports to one server, and there are {ports}\n\
         hint: sysctl net.ipv4.ip_local_port_range='1024 65535', or at most --users {ports}"
    )]
    Ports { users: u32, ports: u32 },
    #[error("cannot read the limit of open files: {0}")]
    Limit(#[from] nix::Error),
}

/// Raises the limit of open files, and checks that the plan's users fit.
///
/// # Errors
/// What does not fit, with what would.
pub(crate) fn check(plan: &Plan) -> Result<(), PreflightError> {
    fits_files(plan.users, plan.workers, raise_open_files()?)?;
    // Elsewhere than on Linux the kernel tells when there are no more.
    local_ports().map_or(Ok(()), |ports| fits_ports(plan.users, ports))
}

fn fits_files(users: u32, workers: u32, limit: u64) -> Result<(), PreflightError> {
    let own = RESERVED_FILES + FILES_OF_A_WORKER * u64::from(workers);
    let needed = own + u64::from(users);
    if needed <= limit {
        return Ok(());
    }
    Err(PreflightError::Files {
        users,
        needed,
        limit,
        fit: limit.saturating_sub(own),
    })
}

fn fits_ports(users: u32, ports: u32) -> Result<(), PreflightError> {
    if users <= ports {
        Ok(())
    } else {
        Err(PreflightError::Ports { users, ports })
    }
}

/// Raises the soft limit of open files to the hard one; returns it.
fn raise_open_files() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Ok(hard),
        Err(_) => Ok(soft),
    }
}

/// Local ports that the kernel gives for one address of a server.
fn local_ports() -> Option<u32> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let (first, last) = range.trim().split_once('\t')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    Some(last - first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_users_are_told_what_fits() {
        let error = fits_files(1000, 2, 1024).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("1000 users need 1040 open files"), "{text}");
        assert!(text.contains("--users 984"), "{text}");
        assert_eq!(fits_files(984, 2, 1024), Ok(()));
    }

    #[test]
    fn ports_are_counted() {
        assert_eq!(fits_ports(28_232, 28_232), Ok(()));
        let text = fits_ports(30_000, 28_232).unwrap_err().to_string();
        assert!(text.contains("--users 28232"), "{text}");
    }
}
