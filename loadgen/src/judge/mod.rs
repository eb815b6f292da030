//! What a run is worth: pure.

pub(crate) mod comparable;
pub(crate) mod compare;
pub(crate) mod exit;
pub(crate) mod limit;
pub(crate) mod promise;
pub(crate) mod rank;
pub(crate) mod search;
pub(crate) mod slo;
pub(crate) mod verdict;
