//! Cursor: a session's position in the room log, with its detours: the places where it reads something different.
//!
//! A detour stands at a position: private bytes to write there, lines of the past to show again, or lines to skip (the
//! session's own, so that there is no echo). Most cursors have none and own no heap.
//!
//! ```text
//!  log      │ Ann: hi │ Bob: hello │ Ann: lunch? │          at = position of the cursor
//!  Bob's    ▲         ╳ skip       ▲ insert `* online (2): Ann, Bob`
//! ```
//!
//! # Ordering
//! Detours stand at the beginning of lines, sorted, never overlapping. One that would fall behind
//! the cursor, into the line it stands in, or into a skip moves to that line's or skip's end. Detours
//! at one position are read in the order in which they came.

#[cfg(any(test, fuzzing))]
pub(crate) mod model;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use crate::log::{Position, View, line_feeds};

/// Bytes for one session alone.
#[derive(Clone)]
pub enum Private {
    /// An answer to the session's own command.
    Own(Box<[u8]>),
    /// A whisper from another user.
    Whisper(Box<[u8]>),
    /// A reply that the shard makes: it may be shared by many sessions and stored once, and at most one waits for a session.
    Reply(Arc<[u8]>),
}

impl Private {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) | Self::Whisper(bytes) => bytes,
            Self::Reply(bytes) => bytes,
        }
    }

    /// Returns its weight while it waits: its bytes and the overhead of keeping them. A reply
    /// weighs nothing.
    pub fn weight(&self) -> usize {
        match self {
            Self::Own(bytes) | Self::Whisper(bytes) => bytes.len() + DETOUR_BYTES,
            Self::Reply(_) => 0,
        }
    }
}

/// Shows no private text.
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Own(_) => "own",
            Self::Whisper(_) => "whisper",
            Self::Reply(_) => "reply",
        };
        write!(f, "{kind}({} bytes)", self.bytes().len())
    }
}

#[derive(Debug)]
struct Detour {
    at: Position,
    what: What,
}

#[derive(Debug)]
enum What {
    Insert(Private),
    /// Lines of the log to show again; the beginning moves on as they are written.
    Span(Range<Position>),
    /// Nothing is written from here on until it is [opened](Cursor::open).
    Gate,
    /// The position at which the skip ends.
    SkipTo(Position),
}

/// The overhead of keeping a detour, in bytes.
pub const DETOUR_BYTES: usize = size_of::<Detour>();

/// What has been written: the weights of the detours, and the lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Own answers and skips.
    pub own: usize,
    /// Whispers.
    pub whispers: usize,
    /// The number of replies, and of spans shown again.
    pub replies: usize,
    /// The number of bytes shown again.
    pub replayed: usize,
    /// The number of line feeds in bytes of the log.
    pub room_lines: u64,
    /// The number of line feeds in private bytes.
    pub private_lines: u64,
}

/// A position in the room log, with detours.
#[derive(Debug)]
pub struct Cursor {
    at: Position,
    /// The position at which reading ends for good.
    end: Position,
    #[expect(
        clippy::box_collection,
        reason = "most have none: 8 bytes in each session, not 32"
    )]
    detours: Option<Box<VecDeque<Detour>>>,
    /// Bytes already written of the first detour's insert.
    begun: u32,
    /// The last byte written is inside a line of the log.
    mid_line: bool,
}

impl Cursor {
    /// Creates a cursor at the beginning of a line.
    pub fn new(at: Position) -> Self {
        Self {
            at,
            end: Position::END,
            detours: None,
            begun: 0,
            mid_line: false,
        }
    }

    /// Returns the position up to which the log has been written.
    pub fn at(&self) -> Position {
        self.at
    }

    /// Ends reading at a position, or where it [pauses](Self::pause): nothing of the log after it is written.
    pub fn end_at(&mut self, end: Position) {
        self.end = end.min(self.end).max(self.at);
    }

    /// Pauses reading at the end of the line that the cursor stands in: from there on only private bytes are written.
    pub fn pause(&mut self, view: &View) {
        self.end = self.end.min(self.next_line(view));
        for detour in self.detours.iter_mut().flat_map(|all| all.iter_mut()) {
            debug_assert!(!matches!(detour.what, What::SkipTo(_)), "no own line waits");
            detour.at = detour.at.min(self.end);
        }
    }

    /// Reads on from a position, if reading was paused. What was said meanwhile is passed over.
    ///
    /// Returns the weight of the new detour, if there is one, as [`skip`](Self::skip) does.
    pub fn resume(&mut self, from: Position) -> usize {
        if !self.is_paused() {
            return 0;
        }
        let paused_at = std::mem::replace(&mut self.end, Position::END);
        if self.at >= paused_at {
            self.at = from.max(self.at);
            return 0;
        }
        // The line that it stands in is still to be written.
        let unheard = from.0.saturating_sub(paused_at.0);
        self.skip(paused_at, usize::try_from(unheard).unwrap_or(usize::MAX))
    }

    /// Tells whether reading has a last position.
    pub fn is_paused(&self) -> bool {
        self.end < Position::END
    }

    /// Tells whether the bytes written end with a whole line.
    pub fn is_between_lines(&self) -> bool {
        !self.mid_line && self.begun == 0
    }

    /// Tells whether bytes not yet written have left the window.
    pub fn has_lost(&self, view: &View) -> bool {
        let start = view.start();
        let is_past =
            |detour: &Detour| matches!(&detour.what, What::Span(span) if span.start < start);
        self.at < start && self.at < self.end || self.first().is_some_and(is_past)
    }

    /// Returns the number of bytes of the log between the cursor and the view's head, or the end of reading.
    pub fn lag_bytes(&self, view: &View) -> u64 {
        view.head().min(self.end).0.saturating_sub(self.at.0)
    }

    /// Tells whether everything up to the view's head, or the end of reading, has been written.
    pub fn is_done(&self, view: &View) -> bool {
        self.at >= view.head().min(self.end) && !self.has_due(view)
    }

    /// Tells whether private bytes are due at the cursor or before the view's head.
    pub fn has_due(&self, view: &View) -> bool {
        let limit = view.head().min(self.end);
        self.first().is_some_and(|detour| detour.at <= limit)
    }

    /// Writes private bytes at a position, or as soon after it as a line begins.
    ///
    /// A cursor that [`has_lost`](Self::has_lost) bytes drops them: nothing more is written to its socket,
    /// and the line it stands in is gone.
    pub fn insert(&mut self, at: Position, private: Private, view: &View) {
        self.place(at, What::Insert(private), view);
    }

    /// Shows lines of the log again at a position, or as soon after it as a line begins. They are whole, and in the window.
    ///
    /// If they leave the window before they are written, the cursor [`has_lost`](Self::has_lost) them.
    pub fn show_again(&mut self, at: Position, span: Range<Position>, view: &View) {
        debug_assert!(span.start < span.end, "a span is not empty");
        self.place(at, What::Span(span), view);
    }

    /// Writes nothing more from a position on, or from as soon after it as a line begins, until the gate is [opened](Self::open).
    pub fn close(&mut self, at: Position, view: &View) {
        self.place(at, What::Gate, view);
    }

    /// Opens the first gate, and writes a reply in its place.
    pub fn open(&mut self, reply: Private) {
        let mut detours = self.detours.iter_mut().flat_map(|all| all.iter_mut());
        if let Some(gate) = detours.find(|detour| matches!(detour.what, What::Gate)) {
            gate.what = What::Insert(reply);
        }
    }

    fn place(&mut self, at: Position, what: What, view: &View) {
        if self.has_lost(view) {
            return;
        }
        let mut at = at.max(self.next_line(view)).min(self.end);
        let detours = self.detours.get_or_insert_default();
        let index = detours.partition_point(|detour| detour.at <= at);
        if let Some(What::SkipTo(end)) = index.checked_sub(1).map(|before| &detours[before].what) {
            at = at.max(*end);
        }
        let index = detours.partition_point(|detour| detour.at <= at);
        detours.insert(index, Detour { at, what });
    }

    /// Skips a session's own lines, which stand at `at` and have not been shown to it. Private bytes may already stand behind them,
    /// not within.
    ///
    /// Returns the weight of the new detour, counted as [`Written::own`] when it is passed.
    pub fn skip(&mut self, at: Position, bytes: usize) -> usize {
        let end = at.plus(bytes);
        let detours = self.detours.get_or_insert_default();
        let index = match detours.back() {
            Some(last) if last.at > at => detours.partition_point(|detour| detour.at <= at),
            _ => detours.len(),
        };
        if let Some(before) = index.checked_sub(1)
            && let What::SkipTo(last) = &mut detours[before].what
            && *last == at
        {
            *last = end;
            return 0;
        }
        let what = What::SkipTo(end);
        detours.insert(index, Detour { at, what });
        DETOUR_BYTES
    }

    /// Fills `slices` with the bytes to write next, at most `replay_bytes` of them shown again; returns how many it filled, 0
    /// when everything is written, up to a closed gate.
    ///
    /// # Panics
    /// If the cursor [`has_lost`](Self::has_lost) bytes.
    pub fn gather<'a>(
        &'a self,
        view: &'a View,
        slices: &mut [IoSlice<'a>],
        replay_bytes: usize,
    ) -> usize {
        let limit = view.head().min(self.end);
        let (mut at, mut begun, mut filled) = (self.at, self.begun as usize, 0);
        let mut replay_left = replay_bytes;
        let mut detours = self
            .detours
            .iter()
            .flat_map(|detours| detours.iter())
            .peekable();
        while filled < slices.len() {
            if let Some(detour) = detours.next_if(|detour| detour.at <= at) {
                match &detour.what {
                    What::SkipTo(end) => at = at.max(*end),
                    What::Insert(private) => {
                        slices[filled] = IoSlice::new(&private.bytes()[begun..]);
                        filled += 1;
                        begun = 0;
                    }
                    // One piece at a time.
                    What::Span(span) => {
                        if span.start < view.start() || replay_left == 0 {
                            break;
                        }
                        let most =
                            Position(span.start.0.saturating_add(replay_left as u64)).min(span.end);
                        let bytes = view.bytes(span.start, most);
                        replay_left -= bytes.len();
                        slices[filled] = IoSlice::new(bytes);
                        filled += 1;
                        if span.start.plus(bytes.len()) < span.end {
                            break;
                        }
                    }
                    What::Gate => break,
                }
                continue;
            }
            if at >= limit {
                break;
            }
            let next = detours.peek().map_or(limit, |detour| detour.at.min(limit));
            let bytes = view.bytes(at, next);
            at = at.plus(bytes.len());
            slices[filled] = IoSlice::new(bytes);
            filled += 1;
        }
        filled
    }

    /// Advances by `bytes` of what [`gather`](Self::gather) returned, and over skips that begin
    /// there; returns the weights of the detours that this writes.
    pub fn advance(&mut self, mut bytes: usize, view: &View) -> Written {
        let mut written = Written::default();
        let limit = view.head().min(self.end);
        loop {
            if self.detours.is_some() && self.pass_detours(&mut bytes, &mut written, view) {
                continue;
            }
            if bytes == 0 {
                return written;
            }
            let next = self.first().map_or(limit, |detour| detour.at.min(limit));
            let step = usize::try_from(next.0 - self.at.0)
                .unwrap_or(usize::MAX)
                .min(bytes);
            debug_assert!(step > 0, "no more is written than was shown");
            let from = self.at;
            self.at = self.at.plus(step);
            written.room_lines += view.lines_between(from, self.at);
            bytes -= step;
            // Both the head and the end of reading are between two lines, so most cases need no search.
            self.mid_line =
                self.at != limit && view.bytes(Position(self.at.0 - 1), self.at) != b"\n";
        }
    }

    /// Passes the first detour if the cursor stands at it, as far as `bytes` reach; tells whether it
    /// is finished.
    fn pass_detours(&mut self, bytes: &mut usize, written: &mut Written, view: &View) -> bool {
        let Some(detours) = &mut self.detours else {
            return false;
        };
        let Some(detour) = detours.front_mut().filter(|it| it.at <= self.at) else {
            return false;
        };
        match &mut detour.what {
            What::SkipTo(end) => {
                self.at = self.at.max(*end);
                written.own += DETOUR_BYTES;
            }
            What::Insert(private) => {
                let left = private.bytes().len() - self.begun as usize;
                if *bytes < left {
                    self.begun += u32::try_from(*bytes).expect("a private text is short");
                    *bytes = 0;
                    return false;
                }
                *bytes -= left;
                self.begun = 0;
                written.private_lines += line_feeds(private.bytes());
                match private {
                    Private::Own(_) => written.own += private.weight(),
                    Private::Whisper(_) => written.whispers += private.weight(),
                    Private::Reply(_) => written.replies += 1,
                }
            }
            What::Span(span) => {
                let whole = usize::try_from(span.end.0 - span.start.0).unwrap_or(usize::MAX);
                let step = whole.min(*bytes);
                if step == 0 {
                    return false;
                }
                let to = span.start.plus(step);
                *bytes -= step;
                written.replayed += step;
                written.room_lines += view.lines_between(span.start, to);
                span.start = to;
                self.mid_line = view.bytes(Position(to.0 - 1), to) != b"\n";
                if to < span.end {
                    return false;
                }
                written.replies += 1;
            }
            What::Gate => return false,
        }
        detours.pop_front();
        if detours.is_empty() {
            self.detours = None;
        }
        true
    }

    fn first(&self) -> Option<&Detour> {
        self.detours.as_ref()?.front()
    }

    /// Returns the first start of a line at or after the cursor. A detour stands at one, whatever is written of it.
    fn next_line(&self, view: &View) -> Position {
        let is_at_detour = self.first().is_some_and(|detour| detour.at <= self.at);
        if self.mid_line && !is_at_detour {
            view.line_end(self.at)
        } else {
            self.at
        }
    }
}
