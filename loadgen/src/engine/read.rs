//! Who is ready is read, and what was read is cut into lines.

use std::io;
use std::task::Poll;

use memchr::memchr;

use super::JoinError;
use super::phase::{Event, Phase};
use super::user::Stage;
use super::worker::Worker;

/// The longest line a server sends, by the protocol.
const MAX_LINE_BYTES: usize = 4352;

impl Worker {
    /// Reads all there is; returns the time of the last read, which is that of its lines.
    pub(super) fn read(&mut self, slot: u32) -> u64 {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut at = 0;
        while self.users[slot as usize].stage != Stage::Gone {
            match self.users[slot as usize].poll_read(&mut buffer) {
                Poll::Ready(Ok(0)) => self.ended(slot, None),
                Poll::Ready(Ok(filled)) => {
                    at = self.shared.clock.now();
                    self.hear_all(slot, at, &buffer[..filled]);
                }
                Poll::Ready(Err(error)) => self.ended(slot, Some(error)),
                Poll::Pending => break,
            }
        }
        self.buffer = buffer;
        at
    }

    fn hear_all(&mut self, slot: u32, at: u64, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            let line = &bytes[..end];
            self.hear(slot, at, line.strip_suffix(b"\r").unwrap_or(line));
            bytes = &bytes[end + 1..];
        }
        if bytes.len() > MAX_LINE_BYTES {
            self.books.ledger.corrupted(at, slot, None);
            bytes = &[];
        }
        self.users[slot as usize].carry(bytes);
    }

    /// The connection has ended, or failed.
    pub(super) fn ended(&mut self, slot: u32, error: Option<io::Error>) {
        let index = self.share.user(slot);
        let told = self.books.ledger.is_excused(slot);
        let user = &mut self.users[slot as usize];
        let stage = std::mem::replace(&mut user.stage, Stage::Gone);
        self.unwritten -= user.outbox.give_up();
        match (stage, error) {
            (Stage::Gone | Stage::Done, _) => {}
            // The limit is the reason, and has been told.
            (Stage::Joining, _) if told => self.phase = Phase::Over,
            (Stage::Joining, Some(error)) => self.cannot_join(slot, error),
            (Stage::Joining, None) => {
                self.tell(Event::Refused(JoinError::Closed { user: index }));
                self.phase = Phase::Over;
            }
            (Stage::In | Stage::Fencing, _) => {
                self.books.cut += u64::from(!told);
                self.books.held.push(index);
            }
        }
    }
}
