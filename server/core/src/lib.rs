//! The pure half of WAC chat: the protocol on the wire and the logic of the room.
//!
//! A line that everyone reads is appended once to the [room log](mod@log); a [`session`] is a
//! [`cursor`] in it. Bytes for one user alone are attached to the cursor as *detours*.
//!
//! ```text
//!  bytes ─▶ decoder ─▶ command ─▶ session ─▶ items ─▶ (the shard, in wac-server, performs)
//!                                                 │
//!                  room log ◀── lines ────────────┤
//!                  cursor   ◀── answers, whispers ┘      roster: names and their owners
//! ```
//!
//! Nothing here opens a socket, reads a clock, starts a thread or keeps a global. Time is a
//! [`Duration`](std::time::Duration) since the server's start and comes in as an argument; the
//! caller performs the returned items.

pub mod admission;
pub mod bucket;
pub mod close_reason;
pub mod cluster;
pub mod cursor;
pub mod decoder;
pub mod flood;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod journal;
pub mod log;
pub mod mark;
pub mod name;
pub mod notice_batch;
pub mod other_protocols;
pub mod password;
pub mod replay;
pub mod roster;
pub mod session;
pub mod telnet;
pub mod text;
pub mod text_file;
pub mod unix_time;
pub mod wire;

/// The default TCP port of the protocol.
pub const DEFAULT_PORT: u16 = 4700;
/// The longest line a client may send, its ending included, in bytes.
pub const MAX_CLIENT_LINE_BYTES: usize = 4096;
/// The longest line the server sends, its ending included, in bytes: room for a name of 32
/// four-byte characters, the longest text and the framing of a whisper.
pub const MAX_SERVER_LINE_BYTES: usize = 4352;
