//! History: what is said in the room, kept in a folder over restarts.
//!
//! ```text
//!  start:  folder ─▶ the last window ─▶ room log, which goes on at the position after it
//!  later:  room log ─▶ view of the journal's thread ─▶ blocks ─▶ the newest segment
//!                                                          └─▶ "written up to" ─▶ shards, which give marks up to there
//! ```
//!
//! The thread follows the log as a shard does, and nobody waits for it but a mark. What it could not write before it left the
//! window is a hole on record.

mod error;
mod folder;
mod journal;
mod lock;
mod newest;
mod progress;
mod restore;
#[cfg(test)]
mod tests;

pub use error::HistoryError;
pub(crate) use journal::JournalThread;
pub(crate) use lock::LOCK;
pub use lock::is_in_use;
pub(crate) use progress::Progress;
pub use restore::{Past, prepare};
