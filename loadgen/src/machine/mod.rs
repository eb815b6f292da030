//! Machine: what a run needs, what there is, and the processes on it.

pub(crate) mod host;
pub(crate) mod needs;
pub(crate) mod preflight;
pub(crate) mod process;
pub(crate) mod sources;
pub(crate) mod spawned;
