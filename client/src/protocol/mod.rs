//! The client's side of the protocol, free of I/O: the state machine of a connection, which the
//! chat and the scripts share.

pub(crate) mod catch_up;
pub(crate) mod clock;
pub(crate) mod keepalive;
pub(crate) mod outgoing;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod text;
pub(crate) mod who;
