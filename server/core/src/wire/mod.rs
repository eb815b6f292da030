//! Wire format: the lines that client and server exchange, written and parsed in one place.
//!
//! A client sends a [`command`]. The server sends a [`line`](mod@line): a message, a whisper, a
//! [`notice`], a [`refusal`]. No other module writes or matches their texts; programs use typed values.

pub mod closing;
pub mod command;
pub mod history;
pub mod line;
pub mod notice;
pub mod refusal;
pub mod who;
