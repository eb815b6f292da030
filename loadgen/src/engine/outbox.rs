//! Outbox: bytes that the kernel has not taken yet, and which messages end where in them.

use std::collections::VecDeque;

use crate::plan::ids::Message;

/// What one user is to send. Empty, it holds no memory of the heap, but for users who talk.
///
/// Bound: the rest of the schedule, if the server takes nothing.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: VecDeque<u8>,
    /// Where each message ends, counted in bytes from the connection's first, and its number.
    ends: VecDeque<(u64, Message)>,
    /// Bytes the kernel has taken.
    taken: u64,
    /// It was emptied in the middle of something: nothing sensible can follow.
    broken: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, line: &[u8]) {
        if !self.broken {
            self.bytes.extend(line);
        }
    }

    pub(super) fn push_message(&mut self, line: &[u8], message: Message) {
        self.push(line);
        let end = self.taken + self.bytes.len() as u64;
        self.ends.push_back((end, message));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is to be written next.
    pub(super) fn front(&self) -> &[u8] {
        self.bytes.as_slices().0
    }

    /// Takes out what the kernel took.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.taken += bytes as u64;
        if self.bytes.is_empty() && self.ends.capacity() == 0 {
            self.bytes = VecDeque::new();
        }
    }

    /// The next message whose last byte the kernel has taken.
    pub(super) fn pop_written(&mut self) -> Option<Message> {
        let (end, message) = *self.ends.front()?;
        if end > self.taken {
            return None;
        }
        self.ends.pop_front();
        Some(message)
    }

    /// Gives up what is left; returns how many messages that was.
    pub(super) fn give_up(&mut self) -> u32 {
        self.broken |= !self.bytes.is_empty();
        self.bytes = VecDeque::new();
        let messages = std::mem::take(&mut self.ends).len();
        u32::try_from(messages).expect("a schedule has fewer messages")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_with_its_last_byte() {
        let mut outbox = Outbox::default();
        outbox.push(b"LIN a\r\n");
        outbox.push_message(b"MSG x\r\n", Message(5));
        outbox.taken(13);
        assert_eq!(outbox.pop_written(), None);
        outbox.taken(1);
        assert_eq!(outbox.pop_written(), Some(Message(5)));
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_given_up_in_the_middle_of_a_line_is_followed_by_nothing() {
        let mut outbox = Outbox::default();
        outbox.push_message(b"MSG x\r\n", Message(5));
        outbox.taken(3);
        assert_eq!(outbox.give_up(), 1);
        outbox.push(b"PING\r\n");
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_user_who_only_reads_holds_no_heap_once_logged_in() {
        let mut outbox = Outbox::default();
        outbox.push(b"LIN a\r\n");
        outbox.taken(7);
        assert_eq!(outbox.bytes.capacity(), 0);
    }
}
