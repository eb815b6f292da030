//! Room log: the bytes of one line after another, each at a position that is never used again.
//!
//! There is one [`RoomLog`]; each shard reads it through a [`View`] of its own, so that no lock is
//! held while a socket is written. Full chunks are shared by reference; each view keeps its own copy
//! of the chunk being filled.
//!
//! ```text
//!  RoomLog   [chunk][chunk][chunk][tail    ]     start ◀── window ──▶ head
//!               ║      ║      ║                  (kept by whole chunks)
//!  View      [chunk][chunk][chunk][copy  ]
//! ```

mod chunk;
#[cfg(test)]
mod tests;
mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::unix_time::UnixSeconds;
use chunk::Chunk;
pub use view::View;

/// The size of a chunk: 64 KiB. The window is kept by whole chunks. Small chunks let a fuzzer cross many of them.
pub const CHUNK_BYTES: usize = if cfg!(fuzzing) { 256 } else { 64 * 1024 };

/// A position in the room log, in bytes since the room began.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Position(pub u64);

impl Position {
    /// A position after all others.
    pub const END: Self = Self(u64::MAX);

    /// Returns the position `bytes` further on.
    #[must_use]
    pub fn plus(self, bytes: usize) -> Self {
        Self(self.0 + bytes as u64)
    }

    fn chunk(self) -> u64 {
        self.0 / CHUNK_BYTES as u64
    }

    fn in_chunk(self) -> usize {
        (self.0 % CHUNK_BYTES as u64) as usize
    }
}

/// A place between two lines, as it is known again: where the end of a history was lost, positions are used again, but not with a line
/// of the same second before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The position.
    pub at: Position,
    /// The second in which the line before it was said; 0 where none is kept.
    pub second: UnixSeconds,
}

/// The room's one log.
#[derive(Debug)]
pub struct RoomLog {
    /// The number of the first chunk kept.
    first: u64,
    full: VecDeque<Arc<Chunk>>,
    tail: Chunk,
    /// The position at which the first line began.
    origin: Position,
    /// The number of lines since the origin.
    lines: u64,
    /// The number of lines that were there when the server started.
    lines_restored: u64,
    window_bytes: usize,
    sealed: bool,
}

/// The error of appending to a sealed log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed;

impl RoomLog {
    /// Creates an empty log that keeps at least the last `window_bytes`.
    pub fn new(window_bytes: usize) -> Self {
        Self::beginning_at(Position::default(), window_bytes, UnixSeconds::default())
    }

    /// Creates an empty log whose first line begins at a position, and that keeps at least the last `window_bytes`.
    pub fn beginning_at(origin: Position, window_bytes: usize, now: UnixSeconds) -> Self {
        let mut tail = Chunk::begin(0, now);
        // Nobody reads what stands before the origin.
        tail.bytes.resize(origin.in_chunk(), 0);
        Self {
            first: origin.chunk(),
            full: VecDeque::new(),
            tail,
            origin,
            lines: 0,
            lines_restored: 0,
            window_bytes,
            sealed: false,
        }
    }

    /// Notes that what has been appended so far was there before the server's start.
    pub fn restored(&mut self) {
        self.lines_restored = self.lines;
    }

    /// Returns the position after the last line.
    pub fn head(&self) -> Position {
        head(self.first, self.full.len(), &self.tail)
    }

    /// Returns the first position still in the window.
    pub fn start(&self) -> Position {
        start(self.first, self.origin)
    }

    /// Returns the number of lines since the server's start.
    pub fn lines(&self) -> u64 {
        self.lines - self.lines_restored
    }

    /// Appends whole lines, said at a time; returns the position at which they begin. With each chunk that is full, those that have left the
    /// window are released.
    ///
    /// # Errors
    /// [`Sealed`] if the log is; nothing is appended then.
    pub fn append(&mut self, lines: &[u8], now: UnixSeconds) -> Result<Position, Sealed> {
        debug_assert!(lines.ends_with(b"\n"), "only whole lines are appended");
        if self.sealed {
            return Err(Sealed);
        }
        let at = self.head();
        self.tail.note_time(now);
        let mut rest = lines;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(CHUNK_BYTES - self.tail.bytes.len()));
            self.tail.bytes.extend_from_slice(now);
            self.lines += line_feeds(now);
            rest = later;
            if self.tail.is_full() {
                let next = self.tail.next(self.lines);
                let full = std::mem::replace(&mut self.tail, next);
                self.full.push_back(Arc::new(full));
                self.release();
            }
        }
        Ok(at)
    }

    /// Seals the log: its head is everybody's last position from now on.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// Returns the position up to which bytes may have left the window once the head is at `head`.
    pub fn window_start(&self, head: Position) -> Position {
        Position(head.0.saturating_sub(self.window_bytes as u64))
    }

    fn release(&mut self) {
        let keep = self.window_start(self.head()).chunk();
        while self.first < keep {
            self.full.pop_front();
            self.first += 1;
        }
    }
}

/// Counts line feeds.
pub(crate) fn line_feeds(bytes: &[u8]) -> u64 {
    // Sums of bytes, which the compiler turns into vector instructions; no part has more than a byte can count.
    let within = |part: &[u8]| part.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    let parts = bytes.chunks(usize::from(u8::MAX));
    parts.map(|part| u64::from(within(part))).sum()
}

fn head(first: u64, full: usize, tail: &Chunk) -> Position {
    Position((first + full as u64) * CHUNK_BYTES as u64).plus(tail.bytes.len())
}

fn start(first: u64, origin: Position) -> Position {
    Position(first * CHUNK_BYTES as u64).max(origin)
}
