//! What a worker keeps from turn to turn: of those who move, and of the second it is in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::books::seconds::SecondBooks;

/// Who is to leave and to come back next.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The next of the plan's absences.
    pub(super) next: usize,
    /// Who comes back when; or, logged out, asks for its name again.
    pub(super) returns: BinaryHeap<Reverse<(u64, u32)>>,
    /// Those whom the storm dropped and who are not back.
    pub(super) missing: u32,
}

/// The second that a worker is in.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// Counted from the beginning of the sending.
    pub(super) number: u32,
    pub(super) books: SecondBooks,
}
