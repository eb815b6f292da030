//! Collect: every ready socket is read once, and what it said becomes items.

use std::time::Duration;

use wac_core::close::CloseReason;
use wac_core::flood::Flood;
use wac_core::session::{Appetite, Progress, Session};

use super::connection::{Life, broken_by};
use super::poller::Ready;
use super::{PENDING_BYTES, Shard};
use crate::peer::Peer;
use crate::phase::Phase;
use crate::sync::lock;
use crate::transport::Transport;

/// In a stop, how long after one look it is seen again whether all is delivered.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl<T: Transport> Shard<T> {
    /// Notes what a socket has become ready for; its session is looked at in the next turn.
    pub(super) fn note(&mut self, slot: u32, ready: Ready) {
        if let Some(connection) = self.table.get_mut(slot as usize) {
            connection.note(ready);
            self.look_again(slot);
        }
    }

    /// Puts a session on the ready list, once.
    pub(super) fn look_again(&mut self, slot: u32) {
        if let Some(connection) = self.table.get_mut(slot as usize)
            && !std::mem::replace(&mut connection.listed, true)
        {
            self.ready.push(slot);
        }
    }

    /// Looks at every session on the ready list.
    pub(super) fn collect(&mut self, now: Duration) {
        let mut slots = std::mem::take(&mut self.looked_at);
        slots.append(&mut self.ready);
        for slot in slots.drain(..) {
            self.look_at(slot, now);
        }
        self.looked_at = slots;
    }

    fn look_at(&mut self, slot: u32, now: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        connection.listed = false;
        if connection.full {
            self.due.push(slot);
        }
        match connection.life {
            Life::Arriving => {
                if self.begin(slot) {
                    self.hear(slot, now);
                }
            }
            Life::Open => self.hear(slot, now),
            Life::Ending(_) => {}
            Life::Lingering(reason, until) => match connection.read(&mut self.scratch[..]) {
                Some(Ok(0) | Err(_)) => self.remove(slot, reason, now),
                // What a closed connection still sends is dropped; in a stop, no longer than it has to be.
                Some(Ok(_)) if now < until && self.phase < Phase::Sealed => self.look_again(slot),
                Some(Ok(_)) | None => self.linger(slot, reason, until, now),
            },
        }
    }

    /// Goes on lingering. In a stop no longer than until all is delivered: no client can hold it up.
    fn linger(&mut self, slot: u32, reason: CloseReason, until: Duration, now: Duration) {
        let stops = self.phase >= Phase::Sealed;
        if now >= until || (stops && self.table[slot as usize].is_delivered()) {
            self.remove(slot, reason, now);
        } else if stops {
            self.set_timer(slot, now + BETWEEN_LOOKS);
        }
    }

    /// Opens an arriving connection's session at its first event; tells whether it is open.
    ///
    /// A new stream is neither full nor ready until the system has said so.
    pub(super) fn begin(&mut self, slot: u32) -> bool {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return false;
        };
        if connection.life != Life::Arriving || !connection.is_writable() {
            return false;
        }
        let (seat, budget) = {
            let admission = lock(&self.shared.admission);
            (
                admission.visitors_seat(),
                admission.budget(connection.peer.ip()),
            )
        };
        let flood = (connection.peer != Peer::Unix).then(|| Flood::new(budget));
        let greeting = self.shared.texts.greeting.clone();
        connection.session = Some(Session::begin(&self.view, greeting, flood));
        connection.life = Life::Open;
        connection.seat = seat;
        self.due.push(slot);
        true
    }

    fn hear(&mut self, slot: u32, now: Duration) {
        self.read(slot, now);
        self.judge_trial(slot, now);
    }

    /// Reads once, as much as may have to be kept, and turns it into items.
    fn read(&mut self, slot: u32, now: Duration) {
        if self.phase != Phase::Serving {
            return;
        }
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        if self.items.pending_bytes() >= PENDING_BYTES {
            if !std::mem::replace(&mut connection.unread, true) {
                self.unread.push(slot);
            }
            return;
        }
        let Some(session) = &mut connection.session else {
            return;
        };
        self.items.from = slot;
        let more = match session.appetite(&self.shared.rules, now, &mut self.items) {
            Appetite::Bytes(bytes) => self.read_bytes(slot, bytes, now),
            Appetite::Held(until) => {
                self.set_timer(slot, until);
                More::Later
            }
            // What took all the room may go now: then there is some to read into.
            Appetite::None => More::Now,
        };
        let drained = self.advance(slot, now) == Some(Progress::Drained);
        let connection = &mut self.table[slot as usize];
        match (&mut connection.session, more) {
            (Some(session), More::No) if drained => session.caught_up(),
            (_, More::Now) if drained => self.look_again(slot),
            _ => {}
        }
    }

    /// Reads once; tells whether there may be more. If not, the shard is told when there is.
    fn read_bytes(&mut self, slot: u32, bytes: usize, now: Duration) -> More {
        let connection = &mut self.table[slot as usize];
        let read = connection.read(&mut self.scratch[..bytes]);
        let Some(session) = &mut connection.session else {
            return More::No;
        };
        match read {
            Some(Ok(0)) => session.input_ended(),
            Some(Ok(read)) => {
                session.feed(&self.scratch[..read], &self.shared.rules, now);
                if read == bytes || connection.is_readable() {
                    return More::Now;
                }
            }
            Some(Err(error)) => {
                session.end(broken_by(&error), &mut self.items);
                connection.broken = true;
            }
            None => {}
        }
        More::No
    }

    /// Has those read that had to wait while too much was pending.
    pub(super) fn read_later(&mut self) {
        if self.items.pending_bytes() >= PENDING_BYTES {
            return;
        }
        for slot in std::mem::take(&mut self.unread) {
            if let Some(connection) = self.table.get_mut(slot as usize) {
                connection.unread = false;
                self.look_again(slot);
            }
        }
    }

    /// Turns a session's input into items, as far as it may go; says why it stopped.
    pub(super) fn advance(&mut self, slot: u32, now: Duration) -> Option<Progress> {
        if self.phase != Phase::Serving {
            return None;
        }
        let connection = self.table.get_mut(slot as usize)?;
        let session = connection.session.as_mut()?;
        self.items.from = slot;
        let room = |bytes| self.shared.room_allows(bytes, now);
        let progress = session.advance(&self.shared.rules, now, &room, &mut self.items);
        connection.stalled = progress == Progress::Waiting;
        if let Progress::Held(until) = progress {
            self.set_timer(slot, until);
        }
        Some(progress)
    }
}

/// Whether there may be more to read.
enum More {
    Now,
    /// Flood control lets none be read before a timer.
    Later,
    No,
}
