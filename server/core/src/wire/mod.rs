//! The wire: what client and server say to each other, written and parsed in one place.
//!
//! A client sends a [`command`]; the server sends a [`line`](mod@line).

pub mod command;
pub mod line;
