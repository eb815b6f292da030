//! Collect: every ready socket is read once, and its lines become items.

use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::roster::Slot;
use wac_core::session::{Appetite, Context, InputState};

use super::connection::Life;
use super::link::{Link, broken_by};
use super::poller::Ready;
use super::{PENDING_BYTES, Shard};
use crate::room::stop_phase::Phase;
use crate::room::transport::{Input, Transport};

/// The time that half a record may wait for its other half: longer than flood control holds a sender back, who may have sent it.
const PART_TIME: Duration = Duration::from_secs(150);

impl<T: Transport> Shard<T> {
    /// Notes a socket's readiness; its session is checked in the next turn.
    pub(super) fn note_readiness(&mut self, slot: Slot, ready: Ready) {
        if let Some(connection) = self.table.get_mut(slot.index()) {
            connection.link.note(ready);
            self.mark_ready(slot);
        }
    }

    /// Puts a session on the ready list.
    pub(super) fn mark_ready(&mut self, slot: Slot) {
        if self.table.contains(slot.index()) {
            self.queues.ready.push(slot);
        }
    }

    /// Checks every session on the ready list.
    pub(super) fn collect(&mut self, now: Duration) {
        let mut slots = self.queues.ready.take();
        for slot in slots.drain(..) {
            self.queues.ready.remove(slot);
            self.look_at(slot, now);
        }
        self.queues.ready.give_back(slots);
    }

    fn look_at(&mut self, slot: Slot, now: Duration) {
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        if self.queues.full.contains(slot) {
            self.queues.due.push(slot);
        }
        match &connection.life {
            Life::Arriving => {
                if self.open_session(slot) {
                    self.read_and_judge(slot, now);
                }
            }
            Life::Open(_) => self.read_and_judge(slot, now),
            Life::Ending(..) => {}
            Life::Lingering(record, until) => {
                let (reason, until) = (record.reason, *until);
                self.linger(slot, reason, until, now);
            }
        }
    }

    fn read_and_judge(&mut self, slot: Slot, now: Duration) {
        self.read(slot, now);
        self.judge_part(slot, now);
        self.judge_trial(slot, now);
        self.judge_listener(slot, now);
    }

    /// Reads once, no more than may have to be kept, and turns the input into items.
    fn read(&mut self, slot: Slot, now: Duration) {
        if self.phase != Phase::Serving {
            return;
        }
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        let Life::Open(session) = &mut connection.life else {
            return;
        };
        if self.items.pending_bytes() >= PENDING_BYTES {
            return self.queues.unread.push(slot);
        }
        self.items.current = slot;
        let more = match session.appetite(&self.policy.rules, now, &mut self.items) {
            Appetite::Bytes(bytes) => self.read_bytes(slot, bytes, now),
            Appetite::Held(until) => {
                self.set_timer(slot, until);
                MoreInput::Later
            }
            // The lines that filled the buffer may pass now, which makes room to read into.
            Appetite::None => MoreInput::Now,
        };
        let drained = self.advance(slot, now) == Some(InputState::Drained);
        match more {
            MoreInput::No if drained => {
                let session = self.table[slot.index()].session_mut();
                session.expect("it was read").note_caught_up();
            }
            MoreInput::Now if drained => self.mark_ready(slot),
            _ => {}
        }
    }

    /// Reads once; returns whether there may be more. If not, the poller reports when there is.
    fn read_bytes(&mut self, slot: Slot, bytes: usize, now: Duration) -> MoreInput {
        let connection = &mut self.table[slot.index()];
        let read = connection.link.read(&mut self.scratch[..bytes]);
        let Some(session) = connection.session_mut() else {
            return MoreInput::No;
        };
        match read {
            Some(Ok(Input::End)) => session.end_input(),
            Some(Ok(Input::Bytes { text, raw, .. })) => {
                self.inbox.figures.received_bytes.add(text as u64);
                session.feed(&self.scratch[..text], raw, &self.policy.rules, now);
                // The transport may have an answer of its own.
                if !connection.link.is_flushed() {
                    self.queues.due.push(slot);
                }
                if connection.link.is_readable() {
                    return MoreInput::Now;
                }
            }
            Some(Err(error)) => {
                session.end(broken_by(&error), &mut self.items);
                connection.link = Link::Broken;
            }
            None => {}
        }
        MoreInput::No
    }

    /// Ends a session that has kept half a record waiting for too long.
    fn judge_part(&mut self, slot: Slot, now: Duration) {
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        let Some(since) = connection.link.waits_since(now) else {
            return;
        };
        if now < since + PART_TIME {
            return self.set_timer(slot, since + PART_TIME);
        }
        if let Life::Open(session) = &mut connection.life {
            self.items.current = slot;
            session.end(CloseReason::TimedOut, &mut self.items);
        }
    }

    /// Marks the sessions ready that were not read while too much was pending.
    pub(super) fn read_later(&mut self) {
        if self.items.pending_bytes() >= PENDING_BYTES {
            return;
        }
        for slot in self.queues.unread.take() {
            self.queues.unread.remove(slot);
            self.mark_ready(slot);
        }
    }

    /// Turns a session's input into items as far as it may go; returns why it stopped.
    pub(super) fn advance(&mut self, slot: Slot, now: Duration) -> Option<InputState> {
        if self.phase != Phase::Serving {
            return None;
        }
        let session = self.table.get_mut(slot.index())?.session_mut()?;
        self.items.current = slot;
        let rate = self.policy.room_rate;
        let room = |bytes, said| self.shared.room_turn(rate, bytes, said, now);
        let before = session.traffic().received.lines;
        let progress = session.advance(&mut Context {
            rules: &self.policy.rules,
            now,
            room: &room,
            items: &mut self.items,
        });
        let lines = session.traffic().received.lines - before;
        self.inbox.figures.received_lines.add(lines);
        self.queues
            .waiting
            .set(slot, progress == InputState::Waiting);
        if let InputState::Held(until) = progress {
            self.set_timer(slot, until);
        }
        Some(progress)
    }
}

/// Whether more input may be waiting.
enum MoreInput {
    Now,
    /// Not before a timer: flood control holds the session.
    Later,
    No,
}
