//! Journal: the form of the files that keep the room's log.
//!
//! A *segment* is text: a first line, and *blocks*. A block is a line of its own, and lines of the room, exactly as everybody read
//! them; no line of the room begins with `@`.
//!
//! ```text
//!  WAC history 1, room 00000000000000a5, from 1234, 054a442a
//!  @ 1234 2026-11-29 13:01:17 UTC 21 b466b27a
//!  Ann: hi
//!  Bob: hello
//! ```
//!
//! A block tells the position of its lines, the second in which they were said, their length in bytes, and a CRC-32 of that and of
//! them; every line ends with CR LF. Positions grow: between a block and one that begins later than the first ends, lines are missing.

mod segment;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crc32fast::Hasher;

use crate::log::{Position, View};
use crate::mark::RoomId;
use crate::unix_time::UnixSeconds;
pub use segment::{Fault, Segment};

const NAME: &str = "WAC history ";
/// The version of the form.
const VERSION: u32 = 1;
const ROOM: &str = ", room ";
const FROM: &str = ", from ";
const BLOCK: &str = "@ ";
const LINE_END: &str = "\r\n";

/// The first line of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The room.
    pub room: RoomId,
    /// The position before the first block.
    pub from: Position,
}

impl Head {
    /// Returns the line.
    pub fn to_line(self) -> String {
        let (room, from) = (self.room, self.from.0);
        let facts = format!("{NAME}{VERSION}{ROOM}{room}{FROM}{from}, ");
        format!("{facts}{}{LINE_END}", crc([facts.as_bytes()]))
    }

    /// Parses a line as it is written.
    fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix(NAME)?;
        let (_, rest) = rest.split_once(ROOM)?;
        let (room, rest) = rest.split_once(FROM)?;
        let (from, _) = rest.split_once(", ")?;
        let head = Self {
            room: RoomId::parse(room)?,
            from: Position(from.parse().ok()?),
        };
        (head.to_line() == line).then_some(head)
    }
}

/// Lines that were said in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The position of the first.
    pub at: Position,
    /// The time at which they were said.
    pub second: UnixSeconds,
    /// The lines, whole, at least one.
    pub lines: &'a [u8],
}

impl Block<'_> {
    /// Returns the position after the last line.
    pub fn end(&self) -> Position {
        self.at.plus(self.lines.len())
    }

    /// Appends the block to a text.
    pub fn write(&self, text: &mut Vec<u8>) {
        let facts = facts(self.at, self.second, self.lines.len());
        let crc = crc([facts.as_bytes(), self.lines]);
        text.extend_from_slice(format!("{facts}{crc}{LINE_END}").as_bytes());
        text.extend_from_slice(self.lines);
    }
}

/// Appends the lines between two positions of the log to a text, in a block for each second.
///
/// # Panics
/// If the first has left the window.
pub fn write_span(view: &View, span: Range<Position>, text: &mut Vec<u8>) {
    let (mut at, mut lines) = (span.start, Vec::new());
    while at < span.end {
        let change = view.next_change(at..span.end, |second| second);
        let end = change.unwrap_or(span.end);
        lines.clear();
        view.copy(at..end, &mut lines);
        let second = view.second_at(at);
        Block {
            at,
            second,
            lines: &lines,
        }
        .write(text);
        at = end;
    }
}

/// Returns a block's own line up to its CRC.
fn facts(at: Position, second: UnixSeconds, bytes: usize) -> String {
    format!("{BLOCK}{} {second} {bytes} ", at.0)
}

fn crc<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Hasher::new();
    parts.into_iter().for_each(|part| hasher.update(part));
    format!("{:08x}", hasher.finalize())
}
