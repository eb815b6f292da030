//! Pieces: what nodes put into the stream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::log::{CHUNK_BYTES, Position};
use crate::mark::RoomId;
use crate::name::Folded;
use crate::roster::{KeyedName, NodeId, SessionAddress};

/// The version of the form. A message of another version counts as none.
const VERSION: u8 = 2;
/// The longest description of a host.
const MAX_HOST_CHARS: usize = 80;
/// The records of a piece have at most about this many bytes, or are one record.
pub(super) const PIECE_BYTES: usize = CHUNK_BYTES;

/// A message of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number in the stream, counted from 1.
    pub seq: u64,
    /// The time at which the broker took it, since 1970.
    pub time: Duration,
    /// The piece.
    pub payload: Vec<u8>,
}

/// A room that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// Its id: random.
    pub room: RoomId,
    /// The position of its first line: later than any position of a room before it.
    pub origin: Position,
    /// Joins and leaves are announced.
    pub has_notices: bool,
}

/// The machine and the process of a node, as in `alpha/8123`: for operators, who don't know it by its id. It is printable ASCII, and
/// decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Host(Arc<str>);

impl From<String> for Host {
    fn from(text: String) -> Self {
        let shown = |it: char| if it.is_ascii_graphic() { it } else { '?' };
        let text: String = text.chars().take(MAX_HOST_CHARS).map(shown).collect();
        Self(text.into())
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0.as_ref().to_owned()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a room has come, as a node has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the message with which the room began.
    pub room: u64,
    /// The number of pieces that have counted in it.
    pub pieces: u64,
    /// The checksum of what they did.
    pub checksum: u32,
}

/// A node's contribution to the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The node.
    pub from: NodeId,
    /// The number of the piece among those of the node, counted from 1.
    pub number: u64,
    /// How far its room had come, as the node had read it when it sent this first; `None` if it looked for one.
    pub progress: Option<Progress>,
    /// What it says.
    pub records: Vec<Record>,
}

/// A part of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The node wants to belong to the room. It is the first piece's only record.
    Hello(Host),
    /// A new room begins, with this node alone.
    Found(Founding),
    /// Lines of the room, whole, appended as they are.
    Lines(#[serde(with = "serde_bytes")] Vec<u8>),
    /// A session claims a name.
    Claim(SessionAddress, KeyedName),
    /// A session of the node has ended, and its name is free.
    Left(SessionAddress, Folded),
    /// A place in the stream that is waited for.
    Fence,
    /// A node has not been heard for a lease, since its piece of this number. If another one of it comes first, it is alive.
    Dead(NodeId, u64),
    /// The node leaves, and all of its users with it.
    Leave,
    /// The node has left, and nobody is in the room any more.
    End,
}

impl Piece {
    /// Encodes the piece.
    pub fn to_payload(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("memory takes all bytes")
    }

    /// Decodes a piece; returns `None` if it is none of this version.
    pub fn of_payload(payload: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = payload.split_first()? else {
            return None;
        };
        let (piece, rest) = postcard::take_from_bytes::<Self>(rest).ok()?;
        let is_sound = |record: &Record| match record {
            Record::Lines(lines) => lines.ends_with(b"\r\n"),
            _ => true,
        };
        (rest.is_empty() && piece.records.iter().all(is_sound)).then_some(piece)
    }
}

impl Record {
    /// Returns about the number of bytes that the record takes.
    pub fn weight(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.len() + 8,
            Self::Claim(..) | Self::Left(..) | Self::Hello(_) => 256,
            _ => 32,
        }
    }
}
