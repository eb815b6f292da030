//! What is to be shown, or logged: a bounded ring that never lets its writers wait.
//!
//! Where the terminal (or the disk) is slower than the room, the oldest lines are dropped from the
//! screen, and counted: the reader is told how many.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::line::{Chime, Line, Shown};

/// The most lines that wait: a hundred screens, more than anyone scrolls through.
const MAX_LINES: usize = 10_000;
/// The most bytes that wait: 4 MiB, about 60,000 lines of chat.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What comes within a frame is printed at once: 16 ms, a sixtieth of a second.
const FRAME: Duration = Duration::from_millis(16);
/// A batch of this size waits for no frame: 64 KiB.
const BATCH_BYTES: usize = 64 * 1024;

/// The lines that wait to be shown, or to be logged.
#[derive(Debug)]
pub(crate) struct Transcript {
    ring: Mutex<Ring>,
    changed: Condvar,
    /// What came too fast to be.
    to_be: &'static str,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Shown>,
    bytes: usize,
    /// Lines dropped from the front since the last batch.
    dropped: usize,
    closed: bool,
}

impl Transcript {
    /// Begins one, of lines that are to be `shown`, or `logged`.
    pub(crate) fn new(to_be: &'static str) -> Self {
        Self {
            ring: Mutex::default(),
            changed: Condvar::new(),
            to_be,
        }
    }

    /// Adds a line; never waits. Drops the oldest where there is no room.
    pub(crate) fn push(&self, line: Shown) {
        self.ring().push(line);
        self.changed.notify_all();
    }

    /// Lets the reader end, once it has everything.
    pub(crate) fn close(&self) {
        self.ring().closed = true;
        self.changed.notify_all();
    }

    /// Waits for lines and for the end of the frame that began at `last`; `None` once it is closed
    /// and empty.
    pub(crate) fn next_batch(&self, last: Instant) -> Option<Vec<Shown>> {
        let mut ring = self
            .changed
            .wait_while(self.ring(), |ring| ring.lines.is_empty() && !ring.closed)
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
    fn push(&mut self, line: Shown) {
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

    fn take(&mut self, to_be: &str) -> Option<Vec<Shown>> {
        let lines = self.take_lines();
        if lines.is_empty() {
            return None;
        }
        let hole = mem::take(&mut self.dropped);
        let told = (hole > 0).then(|| Shown {
            at: lines[0].at,
            time: lines[0].time,
            chime: Chime::Silent,
            line: Line::Told(format!("{hole} lines came too fast to be {to_be}")),
        });
        Some(told.into_iter().chain(lines).collect())
    }

    /// Takes lines off the front until they fill a batch.
    fn take_lines(&mut self) -> Vec<Shown> {
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
    use crate::settings::TimeShown;

    fn shown(line: Line) -> Shown {
        Shown {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 0, 0),
            time: TimeShown::Once,
            chime: Chime::Silent,
            line,
        }
    }

    fn said(n: usize) -> Shown {
        shown(Line::Wire(format!("line {n}")))
    }

    /// A frame that is over.
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
        let told = shown(Line::Told("5 lines came too fast to be shown".into()));
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
    fn closed_it_gives_what_it_has_and_ends() {
        let transcript = Transcript::new("shown");
        transcript.push(said(0));
        transcript.close();
        assert_eq!(transcript.next_batch(Instant::now()), Some(vec![said(0)]));
        assert_eq!(transcript.next_batch(Instant::now()), None);
    }
}
