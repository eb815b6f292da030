//! Outbox: the bounded queue of lines to send. The server may hold a sender back for minutes.

use std::collections::VecDeque;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Capacity in lines: 4 MB at 4,096 bytes each.
const MAX_LINES: usize = 1000;
/// Reserved for `QUIT`, which always finds room.
const LAST_LINE: usize = 1;

/// The lines waiting to be sent over the current connection, or the next.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<String>,
    open: bool,
}

/// The lines are not shown: one may have a password.
impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// The outbox has no room for another line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LINES} lines wait to be sent already")]
pub(crate) struct Full;

impl Outbox {
    /// Starts sending, over a connection that has been established.
    pub(crate) fn open(&self) {
        self.queue().open = true;
    }

    /// Stops sending: `send_to` returns.
    pub(crate) fn close(&self) {
        self.queue().open = false;
        self.changed.notify_all();
    }

    /// Takes the lines that were not sent, without line endings. Called when nobody sends any more.
    pub(crate) fn take_unsent(&self) -> Vec<String> {
        let mut queue = self.queue();
        let lines = queue.lines.drain(..);
        self.changed.notify_all();
        lines
            .map(|line| line.trim_end_matches('\n').to_owned())
            .collect()
    }

    /// Adds a line; never blocks.
    ///
    /// # Errors
    /// [`Full`], if too many lines wait already.
    pub(crate) fn push(&self, mut line: String) -> Result<(), Full> {
        let mut queue = self.queue();
        let room = if line == "QUIT" {
            MAX_LINES + LAST_LINE
        } else {
            MAX_LINES
        };
        if queue.lines.len() >= room {
            return Err(Full);
        }
        line.push('\n');
        queue.lines.push_back(line);
        self.changed.notify_all();
        Ok(())
    }

    /// Blocks until there is room for a line: for input that can be held back.
    pub(crate) fn wait_for_room(&self) {
        let waited = self
            .changed
            .wait_while(self.queue(), |queue| queue.lines.len() >= MAX_LINES);
        drop(waited);
    }

    /// Writes lines as they arrive, until the connection accepts no more or the outbox is closed.
    /// The reading thread reports the loss, since it has the server's last words.
    pub(crate) fn send_to(&self, mut connection: impl Write) {
        while let Some(lines) = self.next_lines() {
            let sent = write(&mut connection, lines.as_bytes());
            if sent < lines.len() {
                return self.put_back(&lines[line_begin(&lines, sent)..]);
            }
        }
    }

    /// Blocks until there is a line, and takes all there are; `None` once the outbox is closed.
    fn next_lines(&self) -> Option<String> {
        let mut queue = self
            .changed
            .wait_while(self.queue(), |queue| queue.open && queue.lines.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        if !queue.open {
            return None;
        }
        let taken = queue.lines.drain(..).collect();
        self.changed.notify_all();
        Some(taken)
    }

    /// Puts the lines that a connection did not accept back to the front.
    fn put_back(&self, lines: &str) {
        let mut queue = self.queue();
        for line in lines.split_inclusive('\n').rev() {
            queue.lines.push_front(line.to_owned());
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes until everything is written or the connection fails; returns the number of bytes written.
fn write(connection: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match connection.write(&bytes[written..]) {
            Ok(count @ 1..) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    written
}

/// Returns the start of the line that contains the byte: the server ignores half a line.
fn line_begin(lines: &str, byte: usize) -> usize {
    let before = &lines.as_bytes()[..byte];
    before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn open() -> Outbox {
        let outbox = Outbox::default();
        outbox.open();
        outbox
    }

    /// A connection that accepts a number of bytes.
    struct Takes(usize);

    impl Write for Takes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_taken_in_order_and_ended() {
        let outbox = open();
        outbox.push("one".into()).unwrap();
        outbox.push("two".into()).unwrap();
        assert_eq!(outbox.next_lines().as_deref(), Some("one\ntwo\n"));
    }

    #[test]
    fn a_full_outbox_refuses_all_but_the_farewell() {
        let outbox = open();
        for n in 0..MAX_LINES {
            outbox.push(n.to_string()).unwrap();
        }
        assert_eq!(outbox.push("one more".into()), Err(Full));
        assert_eq!(outbox.push("QUIT".into()), Ok(()));
        assert_eq!(outbox.push("QUIT".into()), Err(Full));
    }

    #[test]
    fn what_a_connection_did_not_take_is_handed_back() {
        for (taken, unsent) in [(0, 3), (3, 3), (4, 2), (7, 2), (8, 1)] {
            let outbox = open();
            for line in ["Zoë", "two", "three"] {
                outbox.push(line.into()).unwrap();
            }
            // "Zoë\n" is 5 bytes: a cut may fall into a letter.
            outbox.send_to(Takes(taken + 1));
            let wanted = &["Zoë", "two", "three"][3 - unsent..];
            assert_eq!(outbox.take_unsent(), wanted, "{taken}");
        }
    }

    #[test]
    fn closed_it_sends_nothing_more() {
        let outbox = open();
        outbox.push("one".into()).unwrap();
        outbox.close();
        assert_eq!(outbox.next_lines(), None);
        assert_eq!(outbox.take_unsent(), ["one"]);
        outbox.open();
        outbox.push("two".into()).unwrap();
        assert_eq!(outbox.next_lines().as_deref(), Some("two\n"));
    }
}
