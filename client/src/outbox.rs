//! What is to be sent: a bounded queue, for the server may hold a sender back for long.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The most lines that wait: at 4,096 bytes each, 4 MB.
const MAX_LINES: usize = 1000;
/// Kept free for the last line: a farewell always finds room.
const LAST_LINE: usize = 1;

/// The lines that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lines: Mutex<VecDeque<String>>,
    changed: Condvar,
}

/// There is no room for one more line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LINES} lines wait to be sent already")]
pub(crate) struct Full;

impl Outbox {
    /// Adds a line; never waits.
    ///
    /// # Errors
    /// Where too many wait already.
    pub(crate) fn push(&self, mut line: String) -> Result<(), Full> {
        let mut lines = self.lines();
        let room = if line == "QUIT" {
            MAX_LINES + LAST_LINE
        } else {
            MAX_LINES
        };
        if lines.len() >= room {
            return Err(Full);
        }
        line.push('\n');
        lines.push_back(line);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits until there is room for a line: for input that can be held back.
    pub(crate) fn wait_for_room(&self) {
        let waited = self
            .changed
            .wait_while(self.lines(), |lines| lines.len() >= MAX_LINES);
        drop(waited);
    }

    /// Writes the lines as they come, until the connection takes no more. That it is gone is told by
    /// the thread that reads, which has the server's last words.
    pub(crate) fn send_to(&self, mut connection: impl Write) {
        while connection.write_all(self.next_lines().as_bytes()).is_ok() {}
    }

    /// Waits for a line, and takes all there are.
    fn next_lines(&self) -> String {
        let mut lines = self
            .changed
            .wait_while(self.lines(), |lines| lines.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let taken = lines.drain(..).collect();
        self.changed.notify_all();
        taken
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_in_order_and_ended() {
        let outbox = Outbox::default();
        outbox.push("one".into()).unwrap();
        outbox.push("two".into()).unwrap();
        assert_eq!(outbox.next_lines(), "one\ntwo\n");
    }

    #[test]
    fn a_full_outbox_refuses_all_but_the_farewell() {
        let outbox = Outbox::default();
        for n in 0..MAX_LINES {
            outbox.push(n.to_string()).unwrap();
        }
        assert_eq!(outbox.push("one more".into()), Err(Full));
        assert_eq!(outbox.push("QUIT".into()), Ok(()));
        assert_eq!(outbox.push("QUIT".into()), Err(Full));
    }
}
