//! Segment: a file of the journal, read block by block, and what may be wrong with it.

use memchr::memchr;

use super::{BLOCK, Block, Head, LINE_END, NAME, VERSION, crc, facts};
use crate::log::Position;
use crate::unix_time::UnixSeconds;

/// More bytes than a first line, or a block's own line, ever has.
const MOST_OWN_LINE: usize = 128;

/// A segment that is being read.
#[derive(Debug)]
pub struct Segment<'a> {
    bytes: &'a [u8],
    head: Head,
    /// The bytes of what is whole: the first line and the blocks read so far.
    whole: usize,
    /// The position after the last block read.
    end: Position,
}

/// What is wrong with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault<'a> {
    /// It ends within its first line.
    NotBegun,
    /// It ends within a block: the whole lines of it, if there are any.
    Torn(Option<Block<'a>>),
    /// A newer version wrote it.
    Newer,
    /// What stands at a line, counted from 1, is not what was written.
    Damaged(usize),
}

/// What a block's own line says.
struct Own<'a> {
    at: Position,
    second: UnixSeconds,
    bytes: usize,
    crc: &'a str,
}

impl<'a> Segment<'a> {
    /// Begins to read a segment. Zeros at its end were not written: a file system leaves them when it loses its power.
    ///
    /// # Errors
    /// The fault of its first line.
    pub fn begin(bytes: &'a [u8]) -> Result<Self, Fault<'a>> {
        let zeros = bytes.iter().rev().take_while(|&&byte| byte == 0).count();
        let bytes = &bytes[..bytes.len() - zeros];
        let Some(line) = own_line(bytes) else {
            return Err(if bytes.len() < MOST_OWN_LINE {
                Fault::NotBegun
            } else {
                Fault::Damaged(1)
            });
        };
        let head = Head::parse(line).ok_or_else(|| fault_of_head(line))?;
        Ok(Self {
            bytes,
            head,
            whole: line.len(),
            end: head.from,
        })
    }

    /// Returns its first line.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Returns the position after the last block read.
    pub fn end(&self) -> Position {
        self.end
    }

    /// Returns the length, in bytes, of the first line and the blocks read so far.
    pub fn whole_bytes(&self) -> usize {
        self.whole
    }

    /// Returns the line, counted from 1, that comes next.
    pub fn line(&self) -> usize {
        let read = &self.bytes[..self.whole];
        1 + read.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Reads the next block; returns `None` at the end.
    ///
    /// # Errors
    /// The fault that stands in its place. It stays there.
    pub fn next_block(&mut self) -> Result<Option<Block<'a>>, Fault<'a>> {
        let rest = &self.bytes[self.whole..];
        if rest.is_empty() {
            return Ok(None);
        }
        let Some(line) = own_line(rest) else {
            let is_begun = rest.len() < MOST_OWN_LINE && rest.starts_with(b"@");
            return Err(if is_begun {
                Fault::Torn(None)
            } else {
                self.damaged()
            });
        };
        let own = Own::parse(line).ok_or_else(|| self.damaged())?;
        let rest = &rest[line.len()..];
        let last = own.at.0.checked_add(own.bytes as u64);
        if own.at < self.end || last.is_none() {
            return Err(self.damaged());
        }
        let Some(lines) = rest.get(..own.bytes) else {
            return Err(self.torn(&own, rest));
        };
        let block = own.block(lines);
        if !own.vouches_for(lines) {
            return Err(self.damaged());
        }
        self.whole += line.len() + lines.len();
        self.end = block.end();
        Ok(Some(block))
    }

    /// Judges a block that the segment's end cuts. Its lines are those of the room, unless its length is wrong.
    fn torn(&self, own: &Own<'_>, rest: &'a [u8]) -> Fault<'a> {
        let whole = rest.iter().rposition(|&byte| byte == b'\n');
        let lines = &rest[..whole.map_or(0, |at| at + 1)];
        let holds_blocks = lines
            .split(|&byte| byte == b'\n')
            .any(|line| line.starts_with(BLOCK.as_bytes()));
        if holds_blocks {
            return self.damaged();
        }
        Fault::Torn((!lines.is_empty()).then(|| own.block(lines)))
    }

    fn damaged(&self) -> Fault<'a> {
        Fault::Damaged(self.line())
    }
}

impl<'a> Own<'a> {
    /// Parses a line as it is written.
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.strip_suffix(LINE_END)?.strip_prefix(BLOCK)?.split(' ');
        let at = Position(words.next()?.parse().ok()?);
        let [date, time, zone] = [words.next()?, words.next()?, words.next()?];
        let own = Self {
            at,
            second: UnixSeconds::parse(&format!("{date} {time} {zone}"))?,
            bytes: words.next()?.parse().ok()?,
            crc: words.next()?,
        };
        (own.facts() + own.crc + LINE_END == line).then_some(own)
    }

    fn facts(&self) -> String {
        facts(self.at, self.second, self.bytes)
    }

    fn vouches_for(&self, lines: &[u8]) -> bool {
        lines.ends_with(b"\n") && crc([self.facts().as_bytes(), lines]) == self.crc
    }

    fn block<'b>(&self, lines: &'b [u8]) -> Block<'b> {
        Block {
            at: self.at,
            second: self.second,
            lines,
        }
    }
}

/// Returns the line of the journal's own at the beginning of some bytes, with its ending; `None` if there is no end of a line where
/// one must be.
fn own_line(bytes: &[u8]) -> Option<&str> {
    let end = memchr(b'\n', &bytes[..bytes.len().min(MOST_OWN_LINE)])?;
    // What is no text is no line of the journal's.
    Some(str::from_utf8(&bytes[..=end]).unwrap_or("?\n"))
}

fn fault_of_head(line: &str) -> Fault<'static> {
    let version = line.strip_prefix(NAME).and_then(|it| it.split(',').next());
    match version.map(str::parse::<u32>) {
        Some(Ok(version)) if version > VERSION => Fault::Newer,
        _ => Fault::Damaged(1),
    }
}
