//! Operation of a running server: what the operator asks for over the control socket, and what the server does about it.
//!
//! ```text
//!  wacd kick Ann ─▶ verbs ─▶ protocol ═ request ═▶ socket ─▶ desk ─▶ shards, bans, log, countdown
//!   the terminal ◀─ print ◀─ protocol ◀═ answer ══ socket ◀────┘
//! ```
//!
//! The server's part runs on the acceptor's thread and asks the shards, which answer in their own turns.

pub mod ban_file;
pub(crate) mod countdown;
pub(crate) mod desk;
mod print;
pub mod protocol;
mod screen;
pub mod socket;
pub mod text;
mod top;
pub mod verbs;
