//! What was typed can't be done, for a reason that is known only when it is looked at.

/// Why, and what to do instead. It ends the program as a wrong command line does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);
