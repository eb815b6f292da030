//! Write: pending writes get their positions; each session is written from its cursor if the log grew,
//! else only those with something due; slow readers are closed.

use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::cursor::Private;
use wac_core::replay::Recall;
use wac_core::roster::Slot;

use super::Shard;
use super::connection::{Life, WriteOutcome};
use super::link::Link;
use crate::room::figures::Sent;
use crate::room::inbox::DirectMessage;
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;

/// Bytes of the past that a shard shows in one turn, so that nobody who talks waits for those who come back.
const REPLAY_BYTES: usize = 256 * 1024;

/// A write that gets its position once the lines before it have theirs.
#[derive(Debug)]
pub(super) enum PendingWrite {
    /// Private bytes.
    Private(Private),
    /// The past of the room.
    Replay(Recall),
    /// The mark of the place.
    Mark,
    /// A whisper from a session of the same shard.
    DirectMessage(DirectMessage),
    /// The end of the session's reading.
    End(CloseReason),
}

impl<T: Transport> Shard<T> {
    /// Gives pending writes their position: after every line performed before them.
    pub(super) fn place(&mut self, now: Duration) {
        let head = self.view.head();
        for (slot, pending) in std::mem::take(&mut self.pending_writes) {
            let Some(connection) = self.table.get_mut(slot.index()) else {
                continue;
            };
            match pending {
                PendingWrite::Private(private) => {
                    if let Some(session) = connection.session_mut() {
                        session.insert(head, private, &self.view);
                        self.queues.due.push(slot);
                    }
                }
                PendingWrite::Replay(recall) => {
                    if let Some(session) = connection.session_mut() {
                        session.replay(head, recall, &self.view);
                        self.queues.due.push(slot);
                    }
                }
                PendingWrite::Mark => self.place_mark(slot, now),
                PendingWrite::DirectMessage(message) => self.deliver(message),
                PendingWrite::End(reason) => {
                    if connection.end(reason, head) {
                        self.queues.due.push(slot);
                        self.begin_closing(slot, reason, now);
                    }
                }
            }
        }
    }

    /// Writes what is due, and publishes that every session has been tried up to here.
    pub(super) fn write(&mut self, now: Duration) {
        let head = self.view.head();
        self.replay_left = REPLAY_BYTES;
        if head != self.passed {
            let lines = self.view.lines_between(self.passed, head);
            self.inbox.figures.batches.add(lines);
            self.write_to_all();
            self.passed = head;
        }
        self.continue_replays(now);
        for slot in self.queues.due.take() {
            self.queues.due.remove(slot);
            self.write_to_one(slot);
            self.after_write(slot, now);
        }
        if self.inbox.tried() != head {
            self.inbox.set_tried(head);
            self.wake_waiting();
        }
    }

    /// Writes more of the replays that wait for their turn, as far as the turn's share goes: those that then go on wait behind the
    /// others.
    fn continue_replays(&mut self, now: Duration) {
        let mut slots = self.queues.replaying.take();
        let mut tried = 0;
        while self.replay_left > 0
            && let Some(&slot) = slots.get(tried)
        {
            tried += 1;
            self.queues.replaying.remove(slot);
            self.write_to_one(slot);
            self.after_write(slot, now);
        }
        slots.drain(..tried);
        self.queues.replaying.give_back(slots);
    }

    /// Tries every session whose socket is neither full nor broken, and which does not wait to be shown the past.
    fn write_to_all(&mut self) {
        let Self {
            table,
            view,
            queues,
            inbox,
            replay_left,
            ..
        } = self;
        let mut sent = Sent::default();
        for (slot, connection) in table.iter_mut() {
            let slot = Slot::of_index(slot);
            if queues.full.contains(slot)
                || queues.replaying.contains(slot)
                || !connection.is_reader()
            {
                continue;
            }
            match connection.write(view, &mut sent, replay_left) {
                // Sessions that ended, or waited for their answers to be read, are handled afterwards.
                WriteOutcome::All
                    if matches!(connection.life, Life::Open(_))
                        && !queues.waiting.contains(slot) => {}
                WriteOutcome::Part => queues.full.push(slot),
                WriteOutcome::Paced => queues.replaying.push(slot),
                WriteOutcome::All | WriteOutcome::Broken(_) => queues.due.push(slot),
            }
        }
        inbox.figures.sent(&sent);
    }

    fn write_to_one(&mut self, slot: Slot) {
        let Self {
            table,
            view,
            queues,
            items,
            inbox,
            replay_left,
            ..
        } = self;
        let Some(connection) = table.get_mut(slot.index()).filter(|it| it.is_reader()) else {
            return;
        };
        let session = connection.session().expect("a reader has one");
        if session.cursor().has_lost(view) {
            return queues.full.push(slot);
        }
        let mut sent = Sent::default();
        let outcome = connection.write(view, &mut sent, replay_left);
        inbox.figures.sent(&sent);
        match outcome {
            WriteOutcome::All => _ = queues.full.remove(slot),
            WriteOutcome::Part => queues.full.push(slot),
            WriteOutcome::Paced => queues.replaying.push(slot),
            WriteOutcome::Broken(reason) => {
                connection.link = Link::Broken;
                items.current = slot;
                let session = connection.session_mut().expect("a reader has one");
                session.end(reason, items);
            }
        }
    }

    /// Resumes a session whose answers were read; begins the linger of an ended one that has received everything.
    fn after_write(&mut self, slot: Slot, now: Duration) {
        let Some(connection) = self.table.get(slot.index()) else {
            return;
        };
        match &connection.life {
            &Life::Ending(_, reason) if connection.link.is_broken() => {
                self.remove(slot, reason, now)
            }
            Life::Ending(session, reason)
                if session.cursor().is_done(&self.view) && connection.link.is_flushed() =>
            {
                self.begin_linger(slot, *reason, now)
            }
            // Only while input is read at all; otherwise it would be checked again and again.
            Life::Open(session)
                if self.phase == Phase::Serving
                    && self.queues.waiting.contains(slot)
                    && !session.is_waiting() =>
            {
                self.mark_ready(slot)
            }
            _ => {}
        }
    }

    /// Ends the sessions whose own sockets have refused bytes that have since left the window. One
    /// that had already ended is closed: nothing is left to write.
    pub(super) fn close_slow_readers(&mut self, now: Duration) {
        let mut full = self.queues.full.take();
        let mut furthest = 0;
        full.retain(|&slot| match self.lag_if_full(slot, now) {
            Some(lag) => {
                furthest = lag.max(furthest);
                true
            }
            None => false,
        });
        self.queues.full.give_back(full);
        self.inbox.figures.furthest_lag_bytes.set(furthest);
    }

    /// Returns the bytes that a session lacks if it stays in `full`; ends one that has lost bytes.
    fn lag_if_full(&mut self, slot: Slot, now: Duration) -> Option<u64> {
        let Self {
            table,
            view,
            items,
            queues,
            ..
        } = self;
        if !queues.full.contains(slot) {
            return None;
        }
        let connection = table.get_mut(slot.index())?;
        let session = connection.session_mut()?;
        let lag = session.note_lag(view);
        if !session.cursor().has_lost(view) {
            return Some(lag);
        }
        items.current = slot;
        session.end(CloseReason::TooSlow, items);
        if let Life::Ending(_, reason) = connection.life {
            self.begin_closing(slot, reason, now);
        }
        None
    }
}
