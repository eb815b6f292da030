//! Two people talking, for tests of events around them.

use std::ops::Range;

use crate::Peer;

/// Bytes in flight between the two: few enough that no socket on the way is ever full.
const UNDERWAY_BYTES: usize = 16 * 1024;

/// Returns a text of exactly `bytes`, at least 6, that begins with its number.
#[must_use]
pub fn numbered(number: usize, bytes: usize) -> String {
    format!("{number:06}{:x<1$}", "", bytes.saturating_sub(6))
}

/// Sends numbered texts of `bytes` each, and checks that each arrives at the other end exactly once
/// and in order.
///
/// # Panics
///
/// If the listener receives something else, or nothing.
#[track_caller]
pub fn converse(
    talker: &mut Peer,
    name: &str,
    listener: &mut Peer,
    numbers: Range<usize>,
    bytes: usize,
) {
    let numbers: Vec<usize> = numbers.collect();
    for batch in numbers.chunks((UNDERWAY_BYTES / bytes).max(1)) {
        for number in batch {
            talker.send(&format!("MSG {}", numbered(*number, bytes)));
        }
        for number in batch {
            listener.expect(&format!("{name}: {}", numbered(*number, bytes)));
        }
    }
}
