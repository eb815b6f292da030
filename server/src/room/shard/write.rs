//! Write: if the log grew, each session from its cursor; else only those with something due. Judge:
//! whose socket has refused what has since left the window?

use std::time::Duration;

use wac_core::close::CloseReason;

use super::Shard;
use super::connection::{Life, Wrote};
use crate::room::phase::Phase;
use crate::room::transport::Transport;

impl<T: Transport> Shard<T> {
    /// Writes what is due, and says that every session has been tried up to here.
    pub(super) fn write(&mut self, now: Duration) {
        let head = self.view.head();
        if head != self.passed {
            self.pass();
            self.passed = head;
        }
        for slot in std::mem::take(&mut self.due) {
            self.write_to(slot);
            self.settle(slot, now);
        }
        if self.inbox.tried() != head {
            self.inbox.set_tried(head);
            self.wake_waiting();
        }
    }

    /// Tries every session whose socket is neither full nor broken.
    fn pass(&mut self) {
        let Self {
            table,
            view,
            due,
            full,
            ..
        } = self;
        for (slot, connection) in table
            .iter_mut()
            .filter(|(_, it)| it.session.is_some() && !it.full && !it.broken)
        {
            match connection.write(view) {
                // What ended, or waited for its answers to be read, is seen to afterwards.
                Wrote::All if connection.life == Life::Open && !connection.stalled => {}
                Wrote::Part => {
                    connection.full = true;
                    full.push(slot as u32);
                }
                Wrote::All | Wrote::Broken(_) => due.push(slot as u32),
            }
        }
    }

    fn write_to(&mut self, slot: u32) {
        let Self {
            table,
            view,
            full,
            items,
            ..
        } = self;
        let Some(connection) = table.get_mut(slot as usize) else {
            return;
        };
        let Some(session) = &connection.session else {
            return;
        };
        if connection.broken || session.cursor().has_lost(view) {
            return;
        }
        match connection.write(view) {
            Wrote::All => connection.full = false,
            Wrote::Part if connection.full => {}
            Wrote::Part => {
                connection.full = true;
                full.push(slot);
            }
            Wrote::Broken(reason) => {
                connection.broken = true;
                items.from = slot;
                let session = connection
                    .session
                    .as_mut()
                    .expect("it was there a moment ago");
                session.end(reason, items);
            }
        }
    }

    /// Lets a session go on whose answers were read, and one go that has everything.
    fn settle(&mut self, slot: u32, now: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        let Some(session) = &connection.session else {
            return;
        };
        match connection.life {
            Life::Ending(reason) if connection.broken => self.remove(slot, reason, now),
            Life::Ending(reason) if session.cursor().is_done(&self.view) => {
                self.begin_linger(slot, reason, now)
            }
            // Only while anything is read: else it would be looked at again and again.
            _ if self.phase != Phase::Serving => {}
            _ if connection.stalled && !session.is_waiting() => self.mark_ready(slot),
            _ => {}
        }
    }

    /// Ends the sessions whose own sockets have refused bytes that have since left the window. One
    /// that had ended anyway is closed: there is nothing left that it could be given.
    pub(super) fn close_slow_readers(&mut self, now: Duration) {
        let mut full = std::mem::take(&mut self.full);
        full.retain(|&slot| self.may_stay_full(slot, now));
        self.full = full;
    }

    /// Tells whether a socket still is full and has lost nothing; else sees to it.
    fn may_stay_full(&mut self, slot: u32, now: Duration) -> bool {
        let Self {
            table, view, items, ..
        } = self;
        let Some(connection) = table.get_mut(slot as usize).filter(|it| it.full) else {
            return false;
        };
        let Some(session) = &mut connection.session else {
            return false;
        };
        if !session.cursor().has_lost(view) {
            return true;
        }
        items.from = slot;
        session.end(CloseReason::TooSlow, items);
        if let Life::Ending(reason) = connection.life {
            self.close(slot, reason, now);
        }
        false
    }
}
