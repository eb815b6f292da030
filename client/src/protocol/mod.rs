//! The client's side of the protocol, free of I/O: what a connection is asked, and what its answers mean.

pub(crate) mod clock;
pub(crate) mod outgoing;
pub(crate) mod who;
