//! Deadline of all tests, and waiting for facts that nothing announces.

use std::thread;
use std::time::{Duration, Instant};

/// The time that anything may take before a test fails: 60 s, twice what a cluster needs to miss a node. Only a failing test waits
/// this long.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The interval at which [`wait_until`] checks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `fact` holds. Only for facts that must be looked up, such as a count in `/proc`; everything
/// else announces itself.
///
/// # Panics
///
/// If `fact` does not hold within the [`DEADLINE`].
#[track_caller]
pub fn wait_until(what: &str, mut fact: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !fact() {
        assert!(begun.elapsed() < DEADLINE, "timed out waiting: {what}");
        thread::sleep(LOOK_EVERY);
    }
}
