//! Figures of the process, from the system.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeVal;
use procfs::process::Process;
use serde::Serialize;

/// What the process has used and uses. A figure that the system does not give is missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ProcessFigures {
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) open_files_limit: Option<u64>,
    pub(crate) cpu_seconds: Option<f64>,
    /// Seconds since 1970.
    pub(crate) start_seconds: f64,
}

impl ProcessFigures {
    /// Asks the system about this process, which was started at `start`.
    pub(super) fn take(start: SystemTime) -> Self {
        let process = Process::myself().ok();
        let process = process.as_ref();
        let since_epoch = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            resident_bytes: process
                .and_then(|it| it.statm().ok())
                .map(|it| it.resident * procfs::page_size()),
            open_files: process
                .and_then(|it| it.fd_count().ok())
                .map(|it| it as u64),
            open_files_limit: getrlimit(Resource::RLIMIT_NOFILE)
                .ok()
                .map(|(soft, _)| soft),
            cpu_seconds: getrusage(UsageWho::RUSAGE_SELF)
                .ok()
                .map(|it| seconds(it.user_time()) + seconds(it.system_time())),
            start_seconds: since_epoch.as_secs_f64(),
        }
    }
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_this_process() {
        let found = ProcessFigures::take(SystemTime::now());
        assert!(found.resident_bytes > Some(1 << 20), "{found:?}");
        assert!(
            found.open_files > Some(2) && found.open_files_limit > found.open_files,
            "{found:?}"
        );
        assert!(
            found.cpu_seconds.is_some() && found.start_seconds > 1e9,
            "{found:?}"
        );
    }
}
