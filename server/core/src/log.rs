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

use std::collections::VecDeque;
use std::sync::Arc;

/// The size of a chunk: 64 KiB. The window is kept by whole chunks. Small chunks let a fuzzer cross many of them.
pub const CHUNK_BYTES: usize = if cfg!(fuzzing) { 256 } else { 64 * 1024 };

/// A position in the room log, in bytes since the server's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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

/// A full chunk.
type Chunk = Arc<Vec<u8>>;

/// The room's one log.
#[derive(Debug)]
pub struct RoomLog {
    /// The number of the first chunk kept.
    first: u64,
    full: VecDeque<Chunk>,
    tail: Vec<u8>,
    /// The number of lines since the server's start.
    lines: u64,
    window_bytes: usize,
    sealed: bool,
}

/// The error of appending to a sealed log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed;

impl RoomLog {
    /// Creates an empty log that keeps at least the last `window_bytes`.
    pub fn new(window_bytes: usize) -> Self {
        Self {
            first: 0,
            full: VecDeque::new(),
            tail: Vec::new(),
            lines: 0,
            window_bytes,
            sealed: false,
        }
    }

    /// Returns the position after the last line.
    pub fn head(&self) -> Position {
        head(self.first, &self.full, &self.tail)
    }

    /// Returns the first position still in the window.
    pub fn start(&self) -> Position {
        Position(self.first * CHUNK_BYTES as u64)
    }

    /// Returns the number of lines since the server's start.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Appends whole lines; returns the position at which they begin. Chunks that leave the window are released.
    ///
    /// # Errors
    /// [`Sealed`] if the log is; nothing is appended then.
    pub fn append(&mut self, lines: &[u8]) -> Result<Position, Sealed> {
        debug_assert!(lines.ends_with(b"\n"), "only whole lines are appended");
        if self.sealed {
            return Err(Sealed);
        }
        let at = self.head();
        self.lines += line_feeds(lines);
        let mut rest = lines;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(CHUNK_BYTES - self.tail.len()));
            self.tail.extend_from_slice(now);
            rest = later;
            if self.tail.len() == CHUNK_BYTES {
                let full = std::mem::replace(&mut self.tail, Vec::with_capacity(CHUNK_BYTES));
                self.full.push_back(Arc::new(full));
            }
        }
        self.release();
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

/// The largest run of new bytes that is copied into one piece.
const SEAM_BYTES: usize = 2 * CHUNK_BYTES;

/// A shard's view of the room log.
#[derive(Debug, Default)]
pub struct View {
    first: u64,
    full: VecDeque<Chunk>,
    tail: Vec<u8>,
    /// The number of lines before the head, since the server's start.
    lines: u64,
    /// A contiguous copy of the bytes that the last catch-up brought, if they lie in two chunks: nearly every session
    /// is sent exactly these, and one `send` costs less than a `writev` of two pieces (one write in five, at full load).
    seam: Vec<u8>,
    seam_at: Position,
    news: News,
}

/// The bytes that the last catch-up brought; their lines are counted once, when they are appended, for all the sessions that are
/// sent exactly these.
#[derive(Debug, Default)]
struct News {
    from: Position,
    to: Position,
    lines: u64,
}

impl View {
    /// Copies the bytes that have been appended and releases the chunks that have left the window.
    ///
    /// # Cost
    /// Copies the new bytes of the chunk being filled; a full chunk costs a reference.
    pub fn catch_up(&mut self, log: &RoomLog) {
        let seen = self.head();
        self.follow(log);
        self.bridge(seen);
        self.news = News {
            from: seen,
            to: self.head(),
            lines: log.lines - self.lines,
        };
        self.lines = log.lines;
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
        let copied = self.tail.len();
        self.tail.extend_from_slice(&log.tail[copied..]);
    }

    /// Copies the bytes since `seen` into one piece if they lie in two.
    fn bridge(&mut self, seen: Position) {
        self.seam.clear();
        let head = self.head();
        let new = (head.0 - seen.0) as usize;
        if seen < self.start() || seen.in_chunk() + new <= CHUNK_BYTES || new > SEAM_BYTES {
            return;
        }
        let mut seam = std::mem::take(&mut self.seam);
        let mut at = seen;
        while at < head {
            let piece = self.bytes(at, head);
            seam.extend_from_slice(piece);
            at = at.plus(piece.len());
        }
        (self.seam, self.seam_at) = (seam, seen);
    }

    /// Returns the position after the last line seen.
    pub fn head(&self) -> Position {
        head(self.first, &self.full, &self.tail)
    }

    /// Returns the first position still in the window.
    pub fn start(&self) -> Position {
        Position(self.first * CHUNK_BYTES as u64)
    }

    /// Returns the bytes from a position on, up to `end`, the head or the end of the piece that holds them (a chunk,
    /// or the copy of the bytes that the last catch-up brought), whichever comes first.
    ///
    /// # Panics
    /// If the position has left the window.
    pub fn bytes(&self, from: Position, end: Position) -> &[u8] {
        let piece = if from == self.seam_at && !self.seam.is_empty() {
            &self.seam[..]
        } else {
            let chunk = from.chunk().checked_sub(self.first);
            let chunk = chunk.expect("bytes being read have not left the window");
            let chunk = match self.full.get(chunk as usize) {
                Some(chunk) => chunk,
                None => &self.tail,
            };
            &chunk[from.in_chunk().min(chunk.len())..]
        };
        let wanted = usize::try_from(end.0.saturating_sub(from.0)).unwrap_or(usize::MAX);
        &piece[..piece.len().min(wanted)]
    }

    /// Returns the number of lines that end between two positions.
    ///
    /// # Cost
    /// Nothing for the bytes that the last catch-up brought; others are searched.
    ///
    /// # Panics
    /// If `from` has left the window.
    pub fn lines_between(&self, from: Position, to: Position) -> u64 {
        if (from, to) == (self.news.from, self.news.to) {
            return self.news.lines;
        }
        self.count_lines(from, to)
    }

    fn count_lines(&self, from: Position, to: Position) -> u64 {
        let (mut at, mut lines) = (from, 0);
        while at < to {
            let bytes = self.bytes(at, to);
            lines += line_feeds(bytes);
            at = at.plus(bytes.len());
        }
        lines
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

/// Counts line feeds.
pub(crate) fn line_feeds(bytes: &[u8]) -> u64 {
    // Sums of bytes, which the compiler turns into vector instructions; no part has more than a byte can count.
    let within = |part: &[u8]| part.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    let parts = bytes.chunks(usize::from(u8::MAX));
    parts.map(|part| u64::from(within(part))).sum()
}

fn head(first: u64, full: &VecDeque<Chunk>, tail: &[u8]) -> Position {
    Position((first + full.len() as u64) * CHUNK_BYTES as u64).plus(tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(view: &View, from: Position) -> Vec<u8> {
        let (mut at, mut all) = (from, Vec::new());
        while at < view.head() {
            let bytes = view.bytes(at, Position::END);
            all.extend_from_slice(bytes);
            at = at.plus(bytes.len());
        }
        all
    }

    #[test]
    fn full_chunks_are_shared_and_released_when_they_leave_the_window() {
        let mut log = RoomLog::new(2 * CHUNK_BYTES);
        let (mut one, mut two) = (View::default(), View::default());
        let line = [vec![b'x'; 999], b"\n".to_vec()].concat();
        for _ in 0..1000 {
            log.append(&line).unwrap();
            one.catch_up(&log);
        }
        two.catch_up(&log);
        assert!(Arc::ptr_eq(&one.full[0], &two.full[0]));
        assert_eq!(
            Arc::strong_count(&one.full[0]),
            3,
            "one log and two views, no copy"
        );
        assert_eq!(one.start(), two.start());
        assert!(log.head().0 - one.start().0 < 3 * CHUNK_BYTES as u64);
        assert!(log.head().0 - one.start().0 >= 2 * CHUNK_BYTES as u64);
    }

    #[test]
    fn new_bytes_come_in_one_piece_even_across_chunks() {
        let mut log = RoomLog::new(4 * CHUNK_BYTES);
        let mut view = View::default();
        log.append(&[vec![b'x'; CHUNK_BYTES - 11], b"\n".to_vec()].concat())
            .unwrap();
        view.catch_up(&log);
        let seen = log.append(b"before the end, and behind it\n").unwrap();
        view.catch_up(&log);
        assert_eq!(
            view.bytes(seen, Position::END),
            b"before the end, and behind it\n"
        );
        assert_eq!(view.bytes(seen.plus(1), Position::END), b"efore the");
    }

    #[test]
    fn a_sealed_log_refuses_appends() {
        let mut log = RoomLog::new(CHUNK_BYTES);
        log.append(b"last\n").unwrap();
        log.seal();
        assert_eq!(
            (log.append(b"more\n"), log.head()),
            (Err(Sealed), Position(5))
        );
    }

    #[test]
    fn a_line_end_is_found_across_chunks() {
        let mut log = RoomLog::new(4 * CHUNK_BYTES);
        let line = [vec![b'x'; CHUNK_BYTES + 10], b"\n".to_vec()].concat();
        log.append(&line).unwrap();
        log.append(b"next\n").unwrap();
        let mut view = View::default();
        view.catch_up(&log);
        assert_eq!(
            view.line_end(Position(3)),
            Position(CHUNK_BYTES as u64 + 11)
        );
    }

    #[test]
    fn lines_are_counted_between_any_two_positions() {
        let mut log = RoomLog::new(4 * CHUNK_BYTES);
        let mut view = View::default();
        log.append(b"one\n").unwrap();
        view.catch_up(&log);
        log.append(&b"0123456\n".repeat(CHUNK_BYTES / 8)).unwrap();
        view.catch_up(&log);
        let count = |from, to: Position| view.lines_between(Position(from), to);
        assert_eq!(count(4, view.head()), CHUNK_BYTES as u64 / 8);
        assert_eq!(count(0, view.head()), CHUNK_BYTES as u64 / 8 + 1);
        assert_eq!((count(3, Position(11)), count(4, Position(12))), (1, 1));
        assert_eq!(count(4, Position(4)), 0);
    }

    proptest! {
        #[test]
        fn a_view_shows_what_was_appended(
            appends in proptest::collection::vec((1usize..40_000, any::<bool>()), 1..60)) {
            let mut log = RoomLog::new(CHUNK_BYTES);
            let (mut view, mut model) = (View::default(), Vec::new());
            for (length, catches_up) in appends {
                let mut line = vec![b'a' + (length % 26) as u8; length];
                line.push(b'\n');
                prop_assert_eq!(log.append(&line).unwrap(), Position(model.len() as u64));
                model.extend_from_slice(&line);
                if catches_up {
                    view.catch_up(&log);
                    prop_assert_eq!(view.head(), log.head());
                    prop_assert_eq!(&read(&view, view.start()), &model[view.start().0 as usize..]);
                }
            }
        }
    }
}
