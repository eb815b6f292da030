//! Past: checksums of what has happened in a room, by which its nodes find out whether they have read the same.
//!
//! They are of pieces that count, and of the lines of the room and their times, so a broker may still have a message twice, or give it another number.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::piece::Progress;
use super::replica::Applied;

/// The number of pieces after which a node forgets what had been read: more than others write while one is under way.
const REMEMBERED: usize = 4096;

/// What has happened in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Past {
    /// The number of the message with which the room began.
    room: u64,
    /// The number of pieces that have counted.
    pieces: u64,
    /// The checksums after the last of them, and after the one before those.
    checksums: VecDeque<u32>,
    /// The checksum now: text may stand after the last piece.
    now: u32,
}

impl Past {
    /// Begins a room with a message of this number.
    pub(super) fn new(room: u64) -> Self {
        Self {
            room,
            pieces: 0,
            checksums: VecDeque::from([0]),
            now: 0,
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
            if self.checksums.len() > REMEMBERED {
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

    /// Tells whether the room had come to this: `None` if that is too long ago.
    pub(super) fn has_come_to(&self, there: Progress) -> Option<bool> {
        let Some(ago) = self.pieces.checked_sub(there.pieces) else {
            return Some(false);
        };
        let after = self
            .checksums
            .len()
            .checked_sub(usize::try_from(ago).ok()? + 1)?;
        Some(self.checksums[after] == there.checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// What was appended by each piece, and whose it is.
    fn past(pieces: &[(&str, u64)]) -> Past {
        let mut past = Past::new(7);
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
        let come = |past: &Past| [0, 1, 2, 3, 4].map(|pieces| past.has_come_to(at(pieces)));
        assert_eq!(come(&one), [Some(true); 5]);
        assert_eq!(come(&other), [true, true, false, false, false].map(Some));
        let less = past(&all[..3]);
        assert_eq!(less.has_come_to(at(4)), Some(false), "it has come further");
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
        assert_eq!(later.has_come_to(one), Some(false));
        assert_eq!(past(&[("b", 1), ("", 1)]).has_come_to(one), Some(false));
        assert_eq!(past(&[("a", 1), ("", 2)]).has_come_to(one), Some(false));
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
        let long = vec![("a", 1); REMEMBERED + 10];
        let all = past(&long);
        let come =
            [0, 10, 11, REMEMBERED].map(|pieces| all.has_come_to(past(&long[..pieces]).progress()));
        assert_eq!(come, [None, None, Some(true), Some(true)]);
    }
}
