//! Snapshot: the room as of one message of the stream, for a node that joins.

use serde::{Deserialize, Serialize};

use super::replica::Replica;
use crate::roster::{Home, KeyedName, NodeId, Roster, SessionAddress};

/// The version of the form.
const VERSION: u8 = 2;

/// The room as of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The checksum of the message.
    pub(super) crc: u32,
    pub(super) replica: Replica,
    /// The users in the order of logging in.
    users: Vec<(NodeId, SessionAddress, KeyedName)>,
    /// The last lines of the room up to the message, as a segment of the [journal](crate::journal).
    #[serde(with = "serde_bytes")]
    pub history: Vec<u8>,
}

impl Snapshot {
    pub(super) fn take(
        crc: u32,
        me: NodeId,
        replica: &Replica,
        roster: &Roster,
        history: Vec<u8>,
    ) -> Self {
        let users = roster.users().into_iter();
        Self {
            crc,
            replica: replica.given(),
            users: users
                .map(|(name, home)| (home.node(me), home.address(), name))
                .collect(),
            history,
        }
    }

    /// Encodes the snapshot.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("memory takes all bytes")
    }

    /// Decodes a snapshot; returns `None` if it is none of this version.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else {
            return None;
        };
        postcard::from_bytes(rest).ok()
    }

    /// Has the users of the room, none of whom is this node's, in the roster and nobody else.
    pub(super) fn fill(&self, roster: &mut Roster) {
        roster.clear();
        for (node, address, name) in &self.users {
            roster.enter(name.clone(), Home::There(*node, *address));
        }
    }
}
