//! Transcript queue: a bounded ring of lines to show or to log, whose writers never block.
//!
//! If the terminal (or the disk) is slower than the room, the oldest lines are dropped and counted,
//! and the next batch begins with their number.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::app::line::{Chime, Line, TranscriptLine};

/// Capacity in lines: a hundred screens, more than anyone scrolls through.
const MAX_LINES: usize = 10_000;
/// Capacity in bytes: 4 MiB, about 60,000 lines of chat.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Lines that arrive within a frame form one batch: 16 ms, a sixtieth of a second.
const FRAME: Duration = Duration::from_millis(16);
/// A batch of this size does not wait for the end of the frame: 64 KiB.
const BATCH_BYTES: usize = 64 * 1024;

/// The lines waiting to be shown, or to be logged.
#[derive(Debug)]
pub(crate) struct Transcript {
    ring: Mutex<Ring>,
    changed: Condvar,
    /// The purpose of the queue, for the note about dropped lines: `shown` or `logged`.
    to_be: &'static str,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<TranscriptLine>,
    bytes: usize,
    /// Lines dropped from the front since the last batch.
    dropped: usize,
    closed: bool,
    /// The screen is to be drawn anew, also if there are no lines.
    redraw: bool,
}

impl Transcript {
    /// Creates a queue of lines to be `shown`, or `logged`.
    pub(crate) fn new(to_be: &'static str) -> Self {
        Self {
            ring: Mutex::default(),
            changed: Condvar::new(),
            to_be,
        }
    }

    /// Adds a line; never blocks. Drops the oldest lines if there is no room.
    pub(crate) fn push(&self, line: TranscriptLine) {
        self.ring().push(line);
        self.changed.notify_all();
    }

    /// Wakes the reader, with an empty batch if there are no lines; never blocks.
    pub(crate) fn redraw(&self) {
        self.ring().redraw = true;
        self.changed.notify_all();
    }

    /// Lets the reader end once it has taken everything.
    pub(crate) fn close(&self) {
        self.ring().closed = true;
        self.changed.notify_all();
    }

    /// Blocks until there are lines and the frame that began at `last` is over; `None` once the
    /// queue is closed and empty.
    pub(crate) fn next_batch(&self, last: Instant) -> Option<Vec<TranscriptLine>> {
        let mut ring = self
            .changed
            .wait_while(self.ring(), |ring| {
                ring.lines.is_empty() && !ring.closed && !ring.redraw
            })
            .unwrap_or_else(PoisonError::into_inner);
        while let Some(left) = FRAME
            .checked_sub(last.elapsed())
            .filter(|_| ring.may_grow())
        {
            ring = self
                .changed
                .wait_timeout(ring, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        ring.take(self.to_be)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn push(&mut self, line: TranscriptLine) {
        self.bytes += line.line.bytes();
        self.lines.push_back(line);
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self
                .lines
                .pop_front()
                .expect("what is too much is not empty");
            self.bytes -= oldest.line.bytes();
            self.dropped += 1;
        }
    }

    fn may_grow(&self) -> bool {
        !self.closed && self.bytes < BATCH_BYTES
    }

    fn take(&mut self, to_be: &str) -> Option<Vec<TranscriptLine>> {
        let redraw = mem::take(&mut self.redraw);
        let lines = self.take_lines();
        if lines.is_empty() {
            return redraw.then(Vec::new);
        }
        let hole = mem::take(&mut self.dropped);
        let told = (hole > 0).then(|| TranscriptLine {
            at: lines[0].at,
            time: lines[0].time,
            chime: Chime::Silent,
            line: Line::Note(format!("{hole} lines came too fast to be {to_be}")),
        });
        Some(told.into_iter().chain(lines).collect())
    }

    fn take_lines(&mut self) -> Vec<TranscriptLine> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(line) = self.lines.pop_front()
        {
            bytes += line.line.bytes();
            lines.push(line);
        }
        self.bytes -= bytes;
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::TimeDisplay;

    fn shown(line: Line) -> TranscriptLine {
        TranscriptLine {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 0, 0),
            time: TimeDisplay::Once,
            chime: Chime::Silent,
            line,
        }
    }

    fn said(n: usize) -> TranscriptLine {
        shown(Line::Wire(format!("line {n}")))
    }

    /// The start of a frame that is over.
    fn long_ago() -> Instant {
        Instant::now() - FRAME
    }

    #[test]
    fn what_has_come_is_one_batch() {
        let transcript = Transcript::new("shown");
        (0..3).for_each(|n| transcript.push(said(n)));
        assert_eq!(
            transcript.next_batch(long_ago()),
            Some(vec![said(0), said(1), said(2)])
        );
    }

    #[test]
    fn what_comes_within_a_frame_is_gathered() {
        let transcript = Transcript::new("shown");
        transcript.push(said(0));
        let begun = Instant::now();
        transcript.next_batch(begun);
        assert!(begun.elapsed() >= FRAME);
    }

    #[test]
    fn the_oldest_lines_go_and_are_counted() {
        let transcript = Transcript::new("shown");
        (0..MAX_LINES + 5).for_each(|n| transcript.push(said(n)));
        let batch = transcript.next_batch(long_ago()).unwrap();
        let told = shown(Line::Note("5 lines came too fast to be shown".into()));
        assert_eq!(batch[..2], [told, said(5)]);
    }

    #[test]
    fn it_holds_no_more_bytes_than_it_may() {
        let transcript = Transcript::new("shown");
        for _ in 0..MAX_LINES {
            transcript.push(shown(Line::Wire("x".repeat(1024))));
        }
        assert!(transcript.ring().bytes <= MAX_BYTES);
        assert_eq!(transcript.ring().dropped, MAX_LINES - MAX_BYTES / 1024);
    }

    #[test]
    fn a_redraw_is_an_empty_batch() {
        let transcript = Transcript::new("shown");
        transcript.redraw();
        assert_eq!(transcript.next_batch(long_ago()), Some(Vec::new()));
        transcript.redraw();
        transcript.push(said(0));
        assert_eq!(transcript.next_batch(long_ago()), Some(vec![said(0)]));
        transcript.close();
        assert_eq!(transcript.next_batch(long_ago()), None);
    }

    #[test]
    fn closed_it_gives_what_it_has_and_ends() {
        let transcript = Transcript::new("shown");
        transcript.push(said(0));
        transcript.close();
        assert_eq!(transcript.next_batch(Instant::now()), Some(vec![said(0)]));
        assert_eq!(transcript.next_batch(Instant::now()), None);
    }
}
