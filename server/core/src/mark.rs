//! Marks: names of places in the room, which clients keep.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::log::{Place, Position};
use crate::unix_time::UnixSeconds;

/// The longest mark that a client accepts, in bytes. Marks consist of `A-Z a-z 0-9 . -`.
pub const MARK_BYTES: usize = 64;
const ROOM_DIGITS: usize = 16;

/// The id of a room, made once from random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomId(pub u64);

impl RoomId {
    /// Parses an id as it displays.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(u64::from_str_radix(text, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0ROOM_DIGITS$x}", self.0)
    }
}

/// A place in a room. It displays as the token that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The room.
    pub room: RoomId,
    /// The place in it.
    pub place: Place,
}

impl Mark {
    /// Parses a token as it displays.
    pub fn parse(token: &str) -> Option<Self> {
        let (room, place) = token.split_once('-')?;
        let (at, second) = place.split_once('-')?;
        let mark = Self {
            room: RoomId::parse(room)?,
            place: Place {
                at: Position(at.parse().ok()?),
                second: UnixSeconds(second.parse().ok()?),
            },
        };
        (mark.to_string() == token).then_some(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { at, second } = self.place;
        write!(f, "{}-{}-{}", self.room, at.0, second.0)
    }
}

/// Tells whether a text may be the mark of some server.
pub fn may_be_mark(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    (1..=MARK_BYTES).contains(&text.len()) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_is_written_and_nothing_else_is_one() {
        for (room, at, second) in [(0, 0, 0), (0xa5, 7, 9), (u64::MAX, u64::MAX, u64::MAX)] {
            let (at, second) = (Position(at), UnixSeconds(second));
            let mark = Mark {
                room: RoomId(room),
                place: Place { at, second },
            };
            let token = mark.to_string();
            assert!(may_be_mark(&token), "{token}");
            assert_eq!(Mark::parse(&token), Some(mark));
        }
        for token in [
            "",
            "-",
            "a5-7-9",
            "00000000000000A5-7-9",
            "00000000000000a5",
            "00000000000000a5-7",
            "00000000000000a5-7-",
            "00000000000000a5-07-9",
            "00000000000000a5-7-09",
            "00000000000000a5--7-9",
            "00000000000000a5-7-9-9",
            "00000000000000a5-18446744073709551616-9",
            "00000000000000a5-7-18446744073709551616",
            "+0000000000000a5-7-9",
        ] {
            assert_eq!(Mark::parse(token), None, "{token}");
        }
        assert!(!may_be_mark("") && !may_be_mark("a b") && !may_be_mark(&"a".repeat(65)));
    }
}
