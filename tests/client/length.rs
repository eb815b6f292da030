//! How long the tests last: shortened in `scripts/test`, at full length in `scripts/bench client`.
//!
//! Those that differ: C1 ([`typing`](crate::typing)), C2 ([`ctrl_r`](crate::ctrl_r)) and C5
//! ([`comes_back`](crate::comes_back)). The others of C1 to C9 are as long as they ever get.

use std::env;
use std::fmt::Display;
use std::time::Duration;

/// Tells whether the tests are to last as long as is promised.
pub(crate) fn is_full() -> bool {
    env::var_os("WAC_TEST_LENGTH").is_some_and(|length| length == "full")
}

/// Returns one of the two, in seconds.
pub(crate) fn seconds(short: u64, full: u64) -> Duration {
    Duration::from_secs(if is_full() { full } else { short })
}

/// Tells `scripts/bench client` how much it was.
pub(crate) fn tell(what: &str, amount: impl Display) {
    println!("told: {what} {amount}");
}
