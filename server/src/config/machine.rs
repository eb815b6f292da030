//! Limits of this machine: open files and cores.

use std::thread;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors reserved for listeners, logs and connections being refused.
pub(crate) const RESERVED_FILES: usize = 32;
/// Descriptors of one shard: its epoll set, its waker and what they need.
const FILES_OF_A_SHARD: usize = 4;

/// Raises the soft limit on open files to the hard one; returns the limit.
///
/// # Errors
/// An I/O error if the limit can't be read. A limit that can't be raised stays as it is.
pub fn raise_open_files() -> nix::Result<usize> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Returns the number of connections that a process with `open_files` can hold.
pub fn connections(open_files: usize, shards: usize) -> usize {
    open_files
        .saturating_sub(RESERVED_FILES + FILES_OF_A_SHARD * shards)
        .max(1)
}

/// Returns the default number of shards: one for each core, at most eight.
///
/// Measured on two cores: with the load on the same machine one shard carries as many lines as two,
/// and with two the last user has a message sooner. More than two have not been measured.
pub fn default_shards() -> usize {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8)
}
