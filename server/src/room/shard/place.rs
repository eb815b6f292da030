//! Place: private bytes, and ends, get their position once the lines before them have theirs.

use std::time::Duration;

use wac_core::close::CloseReason;
use wac_core::cursor::Private;
use wac_core::wire::line::ServerLine;

use super::connection::Life;
use super::{LAST_BYTES, LINGER, Shard};
use crate::room::inbox::DirectMessage;
use crate::room::transport::Transport;

/// What gets its position when the lines before it have theirs.
#[derive(Debug)]
pub(super) enum PendingWrite {
    /// Private bytes.
    Private(Private),
    /// A whisper from a session of the same shard.
    DirectMessage(DirectMessage),
    /// The end of the session's reading.
    End(CloseReason),
}

impl<T: Transport> Shard<T> {
    /// Gives private bytes, and ends, their position: behind every line performed before them.
    pub(super) fn place(&mut self, now: Duration) {
        let head = self.view.head();
        for (slot, pending_writes) in std::mem::take(&mut self.pending_writes) {
            let Some(connection) = self.table.get_mut(slot as usize) else {
                continue;
            };
            let Some(session) = &mut connection.session else {
                continue;
            };
            match pending_writes {
                PendingWrite::Private(private) => {
                    session.insert(head, private, &self.view);
                    self.due.push(slot);
                }
                PendingWrite::DirectMessage(message) => self.deliver(message),
                PendingWrite::End(reason) => {
                    session.end_at(head);
                    connection.life = Life::Ending(reason);
                    connection.timer = None;
                    self.due.push(slot);
                    self.close(slot, reason, now);
                }
            }
        }
    }

    /// Begins to close an ended session: at once where nothing is left that it could be given.
    pub(super) fn close(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot as usize];
        let Some(session) = connection.session.as_ref().filter(|_| !connection.broken) else {
            return self.remove(slot, reason, now);
        };
        if !session.cursor().has_lost(&self.view) {
            return self.set_timer(slot, now + LAST_BYTES);
        }
        // What it has not read is gone: it can be told why only between two lines.
        let whole = session.cursor().is_between_lines();
        if let (true, Some(notice)) = (whole, reason.announcement()) {
            connection.say(&ServerLine::Notice(notice).to_bytes());
        }
        self.begin_linger(slot, reason, now);
    }

    /// Closes the sending side of a connection and lingers until its peer is done.
    pub(super) fn begin_linger(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot as usize];
        connection.shut_down(reason, now + LINGER);
        self.mark_ready(slot);
        self.set_timer(slot, now + LINGER);
    }
}
