//! What is to be sent: a bounded queue, for the server may hold a sender back for long.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The most lines that wait: at 4,096 bytes each, 4 MB.
const MAX_LINES: usize = 1000;
/// Kept free for the last line: a farewell always finds room.
const LAST_LINE: usize = 1;

/// The lines that wait to be sent, while there is a connection.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    open: bool,
}

/// There is no room for one more line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LINES} lines wait to be sent already")]
pub(crate) struct Full;

impl Outbox {
    /// Begins to take lines, for a connection that stands.
    pub(crate) fn open(&self) {
        self.queue().open = true;
    }

    /// Ends whoever sends.
    pub(crate) fn close(&self) {
        self.queue().open = false;
        self.changed.notify_all();
    }

    /// Returns what was not sent, once nobody sends any more; without line ends.
    pub(crate) fn take_unsent(&self) -> Vec<String> {
        let mut queue = self.queue();
        let lines = queue.lines.drain(..);
        lines
            .map(|line| line.trim_end_matches('\n').to_owned())
            .collect()
    }

    /// Adds a line; never waits.
    ///
    /// # Errors
    /// Where too many wait already.
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

    /// Waits until there is room for a line: for input that can be held back.
    pub(crate) fn wait_for_room(&self) {
        let waited = self
            .changed
            .wait_while(self.queue(), |queue| queue.lines.len() >= MAX_LINES);
        drop(waited);
    }

    /// Writes the lines as they come, until the connection takes no more or is closed. That it is
    /// gone is told by the thread that reads, which has the server's last words.
    pub(crate) fn send_to(&self, mut connection: impl Write) {
        while let Some(lines) = self.next_lines() {
            let sent = write(&mut connection, lines.as_bytes());
            if sent < lines.len() {
                return self.put_back(&lines[line_begin(&lines, sent)..]);
            }
        }
    }

    /// Waits for a line, and takes all there are; `None` once it is closed.
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

    /// Puts lines back to the front that a connection did not take.
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

/// Writes until all is written or nothing more is taken; returns how many bytes were.
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

/// Returns where the line begins that the byte is in: half a line is no line to the server.
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

    /// A connection that takes so many bytes.
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
