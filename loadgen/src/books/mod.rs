//! What came against what was owed, and how long it took: pure.

pub(crate) mod arrivals;
pub(crate) mod figures;
pub(crate) mod ledger;
pub(crate) mod seconds;
pub(crate) mod spread;
pub(crate) mod whispers;
