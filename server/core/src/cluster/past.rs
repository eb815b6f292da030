//! Past: checksums of what has happened in a room, by which its nodes find out whether they have read the same.
//!
//! They are of the pieces that count, and of the lines of the room with their times. So a message that counts nowhere makes no
//! difference: a broker may have one twice in one copy of the stream, and once in another.

use std::cmp::Ordering;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::piece::{Founding, Progress};
use super::replica::Applied;

/// The number of checksums kept: nodes that have read a different order of more pieces than this don't find out. It is what brokers
/// take in some seconds, at most.
const CHECKSUMS_KEPT: usize = 1 << 16;
/// The number of them that a node is given when it joins.
const CHECKSUMS_GIVEN: usize = 1 << 10;

/// What has happened in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Past {
    /// The number of the message with which the room began.
    room: u64,
    /// The number of pieces that have counted.
    pieces: u64,
    /// The checksums after each of the last of them, the oldest first.
    checksums: VecDeque<u32>,
    /// The checksum now: lines may stand after the last piece.
    now: u32,
}

impl Past {
    /// Begins a room with a message of this number.
    pub(super) fn new(founding: Founding, seq: u64) -> Self {
        let now = crc32fast::hash(&founding.room.0.to_le_bytes());
        Self {
            room: seq,
            pieces: 0,
            checksums: VecDeque::from([now]),
            now,
        }
    }

    /// Returns as much of it as a node needs that joins.
    pub(super) fn given(&self) -> Self {
        let skipped = self.checksums.len().saturating_sub(CHECKSUMS_GIVEN);
        Self {
            checksums: self.checksums.range(skipped..).copied().collect(),
            ..*self
        }
    }

    /// Adds what a message has done.
    pub(super) fn add(&mut self, applied: &Applied) {
        let Applied {
            second,
            lines,
            counted,
            ..
        } = applied;
        let mut hasher = crc32fast::Hasher::new_with_initial(self.now);
        if !lines.is_empty() {
            hasher.update(&second.0.to_le_bytes());
            hasher.update(lines);
        }
        if let Some((node, number)) = counted {
            hasher.update(&node.0.to_le_bytes());
            hasher.update(&number.to_le_bytes());
        }
        self.now = hasher.finalize();
        if counted.is_some() {
            self.pieces += 1;
            self.checksums.push_back(self.now);
            if self.checksums.len() > CHECKSUMS_KEPT {
                self.checksums.pop_front();
            }
        }
    }

    /// Tells how far the room has come.
    pub(super) fn progress(&self) -> Progress {
        Progress {
            room: self.room,
            pieces: self.pieces,
            checksum: self.checksums.back().copied().unwrap_or_default(),
        }
    }

    /// Tells whether a node with this past is to end in favour of one that has come to `theirs`: in a room that began later, or in the
    /// same room, if it goes by that one, with something else in it.
    pub(super) fn yields_to(&self, theirs: Progress, goes_by: impl FnOnce() -> bool) -> bool {
        match self.room.cmp(&theirs.room) {
            Ordering::Less => true,
            Ordering::Equal => goes_by() && self.differs(theirs),
            Ordering::Greater => false,
        }
    }

    /// Tells whether somebody who has come this far in the room, and has said so in the stream since, has read something else. It does
    /// not if that is too long ago.
    fn differs(&self, theirs: Progress) -> bool {
        let Some(ago) = self.pieces.checked_sub(theirs.pieces) else {
            // More has counted there than here.
            return true;
        };
        let ago = usize::try_from(ago).unwrap_or(usize::MAX);
        let mine = self.checksums.iter().rev().nth(ago);
        mine.is_some_and(|mine| *mine != theirs.checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Position;
    use crate::mark::RoomId;
    use crate::roster::NodeId;
    use crate::unix_time::UnixSeconds;

    /// A message that appends a text, and whose piece counts if it is of a node.
    fn applied(lines: &str, counted: Option<(NodeId, u64)>) -> Applied {
        Applied {
            lines: lines.into(),
            counted,
            ..Applied::default()
        }
    }

    fn new(room: u64) -> Past {
        let founding = Founding {
            room: RoomId(room),
            origin: Position(0),
            has_notices: true,
        };
        Past::new(founding, 7)
    }

    /// What was appended by each piece, and whose it is.
    fn past(pieces: &[(&str, u64)]) -> Past {
        let mut past = new(5);
        for (number, &(lines, node)) in (1..).zip(pieces) {
            past.add(&applied(lines, Some((NodeId(node), number))));
        }
        past
    }

    #[test]
    fn whoever_has_read_the_same_in_another_order_differs_from_there_on() {
        let all = [("a", 1), ("b", 2), ("c", 1), ("d", 2)];
        let one = past(&all);
        let other = past(&[("a", 1), ("c", 1), ("b", 2), ("d", 2)]);
        let at = |pieces| past(&all[..pieces]).progress();
        let differs = |past: &Past| [0, 1, 2, 3, 4].map(|pieces| past.differs(at(pieces)));
        assert_eq!(differs(&one), [false; 5]);
        assert_eq!(differs(&other), [false, false, true, true, true]);
        assert!(past(&all[..3]).differs(at(4)), "it has come further");
        assert!(new(6).differs(at(0)), "it is another room");
    }

    #[test]
    fn whoever_has_read_another_text_or_at_another_time_or_of_another_node_differs() {
        let one = past(&[("a", 1), ("", 1)]).progress();
        let mut later = past(&[]);
        later.add(&Applied {
            second: UnixSeconds(1),
            ..applied("a", Some((NodeId(1), 1)))
        });
        later.add(&applied("", Some((NodeId(1), 2))));
        assert!(later.differs(one));
        assert!(past(&[("b", 1), ("", 1)]).differs(one));
        assert!(past(&[("a", 1), ("", 2)]).differs(one));
    }

    #[test]
    fn the_text_counts_with_the_next_piece_whichever_message_brought_it() {
        let (mut one, mut other) = (past(&[("a", 1)]), past(&[("a", 1)]));
        one.add(&applied("* 2 more joined", None));
        assert_eq!(one.progress(), other.progress());
        one.add(&applied("", Some((NodeId(2), 1))));
        other.add(&applied("* 2 more joined", Some((NodeId(2), 1))));
        assert_eq!(one.progress(), other.progress());
    }

    #[test]
    fn what_was_too_long_ago_is_not_compared() {
        let all = past(&vec![("a", 1); CHECKSUMS_KEPT + 10]);
        let at = |pieces: usize| Progress {
            pieces: u64::try_from(pieces).unwrap(),
            checksum: 0,
            ..all.progress()
        };
        let differs =
            |past: &Past| [0, 10, 11, CHECKSUMS_KEPT].map(|pieces| past.differs(at(pieces)));
        assert_eq!(differs(&all), [false, false, true, true]);
        let given = all.given();
        assert_eq!(given.progress(), all.progress());
        assert_eq!(differs(&given), [false, false, false, true]);
    }
}
