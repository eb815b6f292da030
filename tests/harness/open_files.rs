//! Limits of the test process itself.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit on open files to the hard one, for this process and its children, and
/// returns it.
///
/// # Panics
///
/// If the system refuses what it always grants.
pub fn raise_open_files() -> usize {
    let (_, hard) =
        getrlimit(Resource::RLIMIT_NOFILE).expect("the limit of open files can be read");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
        .expect("a soft limit may be raised to the hard one");
    usize::try_from(hard).unwrap_or(usize::MAX)
}
