//! Length of the tests: shortened in `scripts/test`, full in `scripts/bench client`.
//!
//! The lengths differ for C1 ([`typing`](crate::typing)), C2 ([`ctrl_r`](crate::ctrl_r)) and C5
//! ([`comes_back`](crate::comes_back)). The others of C1 to C9 always have the same length.

use std::env;
use std::fmt::Display;
use std::time::Duration;

/// Tells whether the tests run at full length.
pub(crate) fn is_full() -> bool {
    env::var_os("WAC_TEST_LENGTH").is_some_and(|length| length == "full")
}

/// Returns the full or the shortened length, in seconds.
pub(crate) fn seconds(short: u64, full: u64) -> Duration {
    Duration::from_secs(if is_full() { full } else { short })
}

/// Reports a count to `scripts/bench client`.
pub(crate) fn tell(what: &str, amount: impl Display) {
    println!("told: {what} {amount}");
}
