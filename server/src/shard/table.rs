//! The connections of a shard, and when they are looked at again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use slab::Slab;
use wac_core::admission::Seat;
use wac_core::close::CloseReason;
use wac_core::roster::SessionId;

use super::connection::{Connection, Life};
use super::{LAST_BYTES, Shard};
use crate::peer::Peer;
use crate::phase::Phase;
use crate::sync::lock;
use crate::transport::Transport;

/// A timer that fires so much later than it was due did not do so because the shard was busy.
const LATE: Duration = Duration::from_secs(1);

impl<T: Transport> Shard<T> {
    /// Puts a connection into the table; it is looked at when its socket is ready. One that was on its
    /// way when the others were cut short is cut short as well: nothing would end it.
    pub(super) fn insert(&mut self, id: SessionId, peer: Peer, transport: T, now: Duration) {
        let slot = self.table.insert(Connection::new(id, peer, transport, now));
        if self.phase == Phase::Cut {
            self.remove(slot as u32, CloseReason::CutShort, now);
        }
    }

    /// Takes a connection out of the table, which closes its socket.
    pub(super) fn remove(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = self.table.remove(slot as usize);
        if self.table.is_empty() {
            // The memory of a full room goes back with its last session.
            self.table = Slab::new();
        }
        self.release(connection.peer, connection.seat);
        match reason {
            CloseReason::NotOurProtocol if self.shared.foreign.note(now).is_none() => return,
            CloseReason::Stopping => _ = self.shared.stopped.fetch_add(1, Ordering::Relaxed),
            CloseReason::CutShort => _ = self.shared.cut_short.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        let elapsed_ms = now.saturating_sub(connection.since).as_millis();
        tracing::info!(
            session.id = connection.id.0, peer.addr = %connection.peer, %reason, elapsed_ms, "session ended"
        );
    }

    pub(super) fn release(&self, peer: Peer, seat: Seat) {
        lock(&self.shared.admission).release(peer.ip(), seat);
        self.gate.session_ended();
    }

    /// Looks at who has waited long enough.
    pub(super) fn fire_timers(&mut self, now: Duration) {
        while let Some((at, slot, id)) = self.timers.take_due(now) {
            let Some(connection) = self.table.get_mut(slot as usize) else {
                continue;
            };
            if connection.id != id || connection.timer != Some(at) {
                continue;
            }
            connection.timer = None;
            match connection.life {
                // Nobody was served for a while, as when the process was stopped: its peer may read on.
                Life::Ending(_) if now > at + LATE => self.set_timer(slot, now + LAST_BYTES),
                Life::Ending(reason) => self.remove(slot, reason, now),
                Life::Arriving | Life::Open | Life::Lingering(..) => self.look_again(slot),
            }
        }
    }

    /// Looks at a session again at a time, unless it is looked at before.
    pub(super) fn set_timer(&mut self, slot: u32, at: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        if connection.timer.is_none_or(|set| at < set) {
            connection.timer = Some(at);
            self.timers.set(at, slot, connection.id);
        }
    }

    pub(super) fn slots(&self) -> Vec<u32> {
        self.table.iter().map(|(slot, _)| slot as u32).collect()
    }
}
