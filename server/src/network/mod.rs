//! Network entry: listening, accepting, and refusing with a reason; metrics and health over HTTP.

pub(crate) mod acceptor;
pub mod listeners;
pub mod metrics;
