//! View: what a shard reads of the room log, without holding its lock.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use memchr::memchr_iter;

use super::chunk::Chunk;
use super::{CHUNK_BYTES, Place, Position, RoomLog, head, line_feeds, start};
use crate::unix_time::UnixSeconds;

/// The largest run of new bytes that is copied into one piece.
const SEAM_BYTES: usize = 2 * CHUNK_BYTES;

/// A shard's view of the room log.
#[derive(Debug, Default)]
pub struct View {
    first: u64,
    pub(super) full: VecDeque<Arc<Chunk>>,
    tail: Chunk,
    origin: Position,
    /// The number of lines before the head, since the origin.
    lines: u64,
    /// A contiguous copy of the bytes that the last catch-up brought, if they lie in two chunks: nearly every session
    /// is sent exactly these, and one `send` costs less than a `writev` of two pieces (one write in five, at full load).
    seam: Vec<u8>,
    /// The head before the last catch-up, and the number of lines before it: nearly every session is sent exactly what follows.
    seen: Position,
    lines_seen: u64,
}

impl View {
    /// Copies the bytes that have been appended and releases the chunks that have left the window.
    ///
    /// # Cost
    /// Copies the new bytes of the chunk being filled; a full chunk costs a reference.
    pub fn catch_up(&mut self, log: &RoomLog) {
        (self.seen, self.lines_seen) = (self.head(), self.lines);
        (self.origin, self.lines) = (log.origin, log.lines);
        self.follow(log);
        self.bridge();
    }

    fn follow(&mut self, log: &RoomLog) {
        let mut next = self.first + self.full.len() as u64;
        if next < log.first {
            self.full.clear();
            (self.first, next) = (log.first, log.first);
            self.tail.clear();
        }
        for chunk in log.full.iter().skip((next - log.first) as usize) {
            self.full.push_back(chunk.clone());
            self.tail.clear();
        }
        while self.first < log.first {
            self.full.pop_front();
            self.first += 1;
        }
        self.tail.catch_up(&log.tail);
    }

    /// Copies the bytes that the catch-up brought into one piece if they lie in two.
    fn bridge(&mut self) {
        self.seam.clear();
        let (seen, head) = (self.seen, self.head());
        let new = (head.0 - seen.0) as usize;
        if seen < self.start() || seen.in_chunk() + new <= CHUNK_BYTES || new > SEAM_BYTES {
            return;
        }
        let mut seam = std::mem::take(&mut self.seam);
        self.copy(seen..head, &mut seam);
        self.seam = seam;
    }

    /// Appends the bytes between two positions to others.
    ///
    /// # Panics
    /// If the first has left the window.
    pub(crate) fn copy(&self, span: Range<Position>, to: &mut Vec<u8>) {
        let mut at = span.start;
        while at < span.end {
            let piece = self.bytes(at, span.end);
            to.extend_from_slice(piece);
            at = at.plus(piece.len());
        }
    }

    /// Returns the position after the last line seen.
    pub fn head(&self) -> Position {
        head(self.first, self.full.len(), &self.tail)
    }

    /// Returns the first position still in the window.
    pub fn start(&self) -> Position {
        start(self.first, self.origin)
    }

    /// Returns the bytes from a position on, up to `end`, the head or the end of the piece that holds them (a chunk,
    /// or the copy of the bytes that the last catch-up brought), whichever comes first.
    ///
    /// # Panics
    /// If the position has left the window.
    pub fn bytes(&self, from: Position, end: Position) -> &[u8] {
        let piece = if from == self.seen && !self.seam.is_empty() {
            &self.seam[..]
        } else {
            let bytes = &self.chunk(from).bytes;
            &bytes[from.in_chunk().min(bytes.len())..]
        };
        let wanted = usize::try_from(end.0.saturating_sub(from.0)).unwrap_or(usize::MAX);
        &piece[..piece.len().min(wanted)]
    }

    /// Returns the number of lines that end between two positions.
    ///
    /// # Cost
    /// Nothing for the bytes that the last catch-up brought; of others, at most two chunks are searched.
    ///
    /// # Panics
    /// If `from` has left the window.
    pub fn lines_between(&self, from: Position, to: Position) -> u64 {
        if from == self.seen && to == self.head() {
            return self.lines - self.lines_seen;
        }
        if from.chunk() == to.chunk() {
            return line_feeds(self.bytes(from, to));
        }
        self.lines_before(to) - self.lines_before(from)
    }

    /// Returns the number of lines that end before a position, since the origin.
    fn lines_before(&self, at: Position) -> u64 {
        if at == self.head() {
            return self.lines;
        }
        let chunk = self.chunk(at);
        chunk.lines_before + line_feeds(&chunk.bytes[..at.in_chunk()])
    }

    /// Returns the beginning of the last `lines` lines, as far as they are in the window.
    pub fn last_lines(&self, lines: u64) -> Position {
        let first = self.first_line();
        let before = self.lines.saturating_sub(lines);
        if before <= self.lines_before(first) {
            return first;
        }
        let chunks = self
            .full
            .partition_point(|chunk| chunk.lines_before < before);
        // The line before ends in the last chunk before which fewer lines end.
        let number = if self.tail.lines_before < before {
            self.full.len()
        } else {
            chunks - 1
        };
        let begin = Position((self.first + number as u64) * CHUNK_BYTES as u64);
        let chunk = self.chunk(begin);
        let nth = (before - chunk.lines_before - 1) as usize;
        let end = memchr_iter(b'\n', &chunk.bytes).nth(nth);
        begin.plus(end.expect("the chunk has the line's end") + 1)
    }

    /// Returns the beginning of the first line that is whole in the window.
    pub fn first_line(&self) -> Position {
        if self.start() == self.origin {
            self.origin
        } else {
            self.line_end(self.start())
        }
    }

    /// Returns the place after the last line seen.
    pub fn place(&self) -> Place {
        let at = self.head();
        Place {
            at,
            second: self.second_before(at).unwrap_or_default(),
        }
    }

    /// Tells whether a place is in the window, or at its head. Where the window begins nobody can tell, unless the log itself begins
    /// there.
    pub fn has(&self, place: Place) -> bool {
        let Place { at, second } = place;
        let is_between_lines = || self.bytes(Position(at.0 - 1), at) == b"\n";
        match self.second_before(at) {
            None => at == self.origin && at == self.start(),
            Some(before) => before == second && is_between_lines(),
        }
    }

    /// Returns the time at which the byte before a position was said, if it is in the window.
    fn second_before(&self, at: Position) -> Option<UnixSeconds> {
        let is_known = self.start() < at && at <= self.head();
        is_known.then(|| self.second_at(Position(at.0 - 1)))
    }

    /// Returns the time at which the line that begins at a position in the window was said; at the head, that of the line before.
    pub fn second_at(&self, at: Position) -> UnixSeconds {
        self.chunk(at).second_at(at.in_chunk())
    }

    /// Returns the first position within a span at which the value of the time differs from that at its beginning.
    ///
    /// # Cost
    /// Looks at the first and the last second of each chunk, and searches those that have two values.
    pub(crate) fn next_change<V: PartialEq>(
        &self,
        span: Range<Position>,
        value: impl Fn(UnixSeconds) -> V,
    ) -> Option<Position> {
        let from = value(self.second_at(span.start));
        let chunks = span.start.chunk()..=self.head().chunk().min(span.end.chunk());
        let mut changes = chunks.filter_map(|number| {
            let begin = Position(number * CHUNK_BYTES as u64);
            let after = (number == span.start.chunk()).then(|| span.start.in_chunk());
            let place = self.chunk(begin).next_change(after, &from, &value)?;
            Some(begin.plus(place))
        });
        changes.next().filter(|&at| at < span.end)
    }

    fn chunk(&self, at: Position) -> &Chunk {
        let number = at.chunk().checked_sub(self.first);
        let number = number.expect("bytes being read have not left the window");
        match self.full.get(number as usize) {
            Some(chunk) => chunk,
            None => &self.tail,
        }
    }

    /// Returns the position after the end of the line that contains `from`.
    pub fn line_end(&self, from: Position) -> Position {
        let mut at = from;
        while at < self.head() {
            let bytes = self.bytes(at, Position::END);
            if let Some(found) = bytes.iter().position(|&byte| byte == b'\n') {
                return at.plus(found + 1);
            }
            at = at.plus(bytes.len());
        }
        at
    }
}
