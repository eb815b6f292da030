//! Network entry: listening, accepting, and refusing with a reason.

pub(crate) mod acceptor;
pub mod listeners;
