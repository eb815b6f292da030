//! The one deadline, and waiting for facts that nothing announces.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test fails: 30 s. Only a failing test ever waits this long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often [`wait_until`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `fact` holds. For what can only be looked up, such as a count in `/proc`; all else
/// is waited for as it comes.
///
/// # Panics
///
/// When `fact` does not hold within the [`DEADLINE`].
#[track_caller]
pub fn wait_until(what: &str, mut fact: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !fact() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        thread::sleep(LOOK_EVERY);
    }
}
