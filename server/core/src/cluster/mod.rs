//! Cluster: several servers, its *nodes*, serve one room. What they say goes through one *stream*, and the room is a function of it.
//!
//! ```text
//!  shard ─▶ records ─▶ Outgoing ─▶ pieces ─▶ stream ─▶ Reading ─▶ Replica ─▶ room log, roster
//!                      (again until read back)         (none twice,   (the same on every node)
//!                                                       none missing)
//! ```
//!
//! A broker keeps the stream and gives each message a number and a time; nothing else of it is trusted: it may lose what it has
//! acknowledged, pass on a message twice, be put back to an older state, or keep copies that differ. So a node believes only what it reads:
//!
//! - A [`Piece`] of a node counts once, and only after the one before it; its node sends it until it has read it back.
//! - A reader goes on at the message it read last, and must recognise it.
//! - A piece tells how far the room has come, with a checksum. Whoever reads, for longer than 5 s, that the node with the lowest id has
//!   read something else, or that another one is in a room that began later, is cut off.
//! - A node that does not read its own pieces for [`PATIENCE`] stops serving; the others declare it dead after [`LEASE`], which is
//!   longer, by a record in the stream. After it no piece of that node counts. So a name is never used on two nodes.
//!
//! Times are since the process began, except those of messages, which are the broker's, since 1970.

mod node;
mod outgoing;
mod past;
mod piece;
mod reading;
mod replica;
#[cfg(test)]
mod simulation;
mod snapshot;
mod watch;

use std::time::Duration;

pub use node::{Effect, Node, Over};
pub use outgoing::Publication;
pub use piece::{Founding, Host, Message, Piece, Progress, Record};
pub use replica::{Applied, Departure, Outcome, Returned};
pub use snapshot::Snapshot;

/// The time between two pieces of a node that has nothing to say.
pub const BEAT: Duration = Duration::from_secs(1);
/// The silence of the stream after which people are told about it.
pub const TOLD: Duration = Duration::from_secs(3);
/// The time for which a node serves while another one, by which it goes, reads something else, and for which one that joins looks for
/// what another has read.
const DOUBT: Duration = Duration::from_secs(5);
/// The time for which a node serves without reading a piece of its own.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The silence after which a node is dead: longer than [`PATIENCE`], and than brokers take to agree on a new leader (9.4 s at worst, of
/// three, one of them killed).
pub const LEASE: Duration = Duration::from_secs(25);
