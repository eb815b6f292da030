//! The wire: what client and server say to each other, written and parsed in one place.
//!
//! A client sends a [`command`]. The server sends a [`line`](mod@line): a message, a whisper, a
//! [`notice`], a [`refusal`]. Nobody else writes or matches their texts; a program reads typed values.

pub mod closing;
pub mod command;
pub mod line;
pub mod notice;
pub mod refusal;
pub mod who;
