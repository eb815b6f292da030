//! What touches this machine, but for the sockets.

pub(crate) mod cpu;
pub(crate) mod environment;
pub(crate) mod greeting;
pub(crate) mod limits;
pub(crate) mod needs;
pub(crate) mod preflight;
pub(crate) mod process;
pub(crate) mod sources;
pub(crate) mod spawned;
pub(crate) mod used;
