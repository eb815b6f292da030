//! Metrics: what came against what was expected, and how long it took. Pure.

pub(crate) mod arrivals;
pub(crate) mod catch_up;
pub(crate) mod histogram;
pub(crate) mod ledger;
pub(crate) mod missing;
pub(crate) mod one_order;
pub(crate) mod tally;
pub(crate) mod whispers;

/// Whether a message came for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receipt {
    First,
    Again,
    /// It came for the first time, with a replay.
    Replayed,
    /// It overlaps a join or a leave, and counts in no figure.
    Indeterminate,
}
