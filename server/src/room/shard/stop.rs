//! Stop: a shard's part in draining the room.

use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::roster::Slot;
use wac_core::session::Items;

use super::Shard;
use super::connection::Life;
use super::flight::Flight;
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;

impl<T: Transport> Shard<T> {
    /// Carries out a new phase.
    pub(super) fn follow_phase(&mut self, now: Duration) {
        let phase = self.shared.phases.now();
        if phase == self.phase {
            return;
        }
        self.phase = phase;
        match phase {
            Phase::Serving | Phase::Draining => {}
            Phase::Sealed => self.end_all(now),
            Phase::Cut => self.cut_all(now),
        }
    }

    /// Ends every session at the end of the sealed log.
    fn end_all(&mut self, now: Duration) {
        for slot in self.slots() {
            self.open_session(slot);
            self.items.current = slot;
            match &mut self.table[slot.index()].life {
                Life::Open(session) => session.end(CloseReason::Stopping, &mut self.items),
                Life::Arriving => self.remove(slot, CloseReason::Stopping, now),
                Life::Ending(..) => {}
                Life::Lingering(..) => self.mark_ready(slot),
            }
        }
    }

    /// Cuts short the sessions that have not received everything. Pending items are dropped: they may
    /// wait for a shard that has ended.
    fn cut_all(&mut self, now: Duration) {
        self.items = Items::default();
        self.pending_writes.clear();
        self.flight = Flight::default();
        self.marks.clear();
        for slot in self.slots() {
            let reason = match &self.table[slot.index()].life {
                Life::Lingering(record, _) => record.reason,
                Life::Ending(_, reason) if *reason != CloseReason::Stopping => *reason,
                _ => CloseReason::CutShort,
            };
            self.remove(slot, reason, now);
        }
    }

    fn slots(&self) -> Vec<Slot> {
        self.table
            .iter()
            .map(|(slot, _)| Slot::of_index(slot))
            .collect()
    }

    /// Reports this shard's progress to the drain.
    pub(super) fn report(&mut self) {
        if self.phase == Phase::Draining
            && !self.settled
            && self.items.is_empty()
            && self.flight.is_empty()
            && !self.inbox.has_messages()
        {
            self.settled = true;
            self.shared.report_settled();
        }
        if self.is_over() {
            self.shared.report_empty();
        }
    }

    /// Returns whether the stop is complete in this shard.
    pub(super) fn is_over(&self) -> bool {
        self.phase >= Phase::Sealed
            && self.table.is_empty()
            && self.items.is_empty()
            && self.inbox.new_connections.is_empty()
    }
}
