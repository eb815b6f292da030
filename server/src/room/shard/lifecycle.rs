//! Lifecycle: connections from their arrival to their removal, and the timers that drive it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use slab::Slab;
use wac_core::admission::Seat;
use wac_core::close_reason::CloseReason;
use wac_core::flood::Flood;
use wac_core::roster::{SessionId, Slot};
use wac_core::session::{Audience, Session};
use wac_core::wire::line::ServerLine;

use super::Shard;
use super::connection::{Connection, Life};
use crate::process::logging::millis;
use crate::room::figures::Sent;
use crate::room::locks::lock;
use crate::room::peer::Peer;
use crate::room::stop_phase::Phase;
use crate::room::transport::{Input, Transport};

/// The time for which a closed connection is read, so that no reset swallows its last line.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// The time the last bytes of an ended session may take: as much as TCP_USER_TIMEOUT gives a socket.
const LAST_BYTES: Duration = Duration::from_secs(30);
/// The lateness of a timer that a busy shard does not explain: the process was stopped.
const LATE: Duration = Duration::from_secs(1);
/// The time between two checks, in a stop, of whether everything is delivered.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// The time a visitor has to log in when more than half of all places are visitors'.
const LOGIN_TIME: Duration = Duration::from_secs(10);

impl<T: Transport> Shard<T> {
    /// Puts a connection into the table; it is checked when its socket is ready. One that was on its
    /// way when the others were cut short is cut short as well: nothing else would end it.
    pub(super) fn add_connection(
        &mut self,
        id: SessionId,
        peer: Peer,
        transport: T,
        now: Duration,
    ) {
        let slot = self.table.insert(Connection::new(id, peer, transport, now));
        if self.phase == Phase::Cut {
            self.remove(Slot::of_index(slot), CloseReason::CutShort, now);
        }
    }

    /// Opens an arriving connection's session at its first event; returns whether it is open.
    ///
    /// A new stream is neither full nor ready until epoll has reported it.
    pub(super) fn open_session(&mut self, slot: Slot) -> bool {
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return false;
        };
        if !matches!(connection.life, Life::Arriving) || !connection.link.is_writable() {
            return false;
        }
        let (seat, budget) = {
            let admission = lock(&self.shared.admission);
            let budget = admission.budget(connection.peer.ip());
            (admission.visitors_seat(), budget)
        };
        let flood = (connection.peer != Peer::Unix).then(|| Flood::new(budget));
        let greeting = self.policy.greeting.clone();
        let mut session = Session::begin(&self.view, greeting, flood);
        if self.policy.rules.audience == Audience::LoggedIn {
            session.hide_room(&self.view);
        }
        if !self.shared.has_room() {
            self.items.current = slot;
            session.end(CloseReason::CutOff, &mut self.items);
        }
        connection.life = Life::Open(session);
        connection.seat = seat;
        self.queues.due.push(slot);
        true
    }

    /// Gives a visitor who has claimed a name a user's place.
    pub(super) fn seat_user(&mut self, slot: Slot) {
        if let Some(connection) = self.table.get_mut(slot.index()) {
            connection.seat = Seat::User;
            lock(&self.shared.admission).logged_in();
        }
    }

    /// Ends a visitor on trial that has not logged in in time, unless there is room for visitors
    /// again, so that silent visitors keep no user out.
    ///
    /// Its socket is read first, so a login that was sent in time counts, however late this is
    /// called.
    pub(super) fn judge_trial(&mut self, slot: Slot, now: Duration) {
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        if connection.seat != Seat::OnTrial || self.phase != Phase::Serving {
            return;
        }
        let until = connection.since + LOGIN_TIME;
        if now < until {
            return self.set_timer(slot, until);
        }
        let Life::Open(session) = &mut connection.life else {
            return;
        };
        if !session.is_visitor() {
            return;
        }
        connection.seat = lock(&self.shared.admission).visitors_seat();
        if connection.seat == Seat::OnTrial {
            self.items.current = slot;
            session.end(CloseReason::ServerFull, &mut self.items);
        }
    }

    /// Hides the room from a visitor if it is for users alone, and ends the session of one that has not logged in in time.
    pub(super) fn judge_listener(&mut self, slot: Slot, now: Duration) {
        if self.policy.rules.audience == Audience::Anyone || self.phase != Phase::Serving {
            return;
        }
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        let until = connection.since + self.policy.login_timeout;
        let Life::Open(session) = &mut connection.life else {
            return;
        };
        if !session.is_visitor() {
            return;
        }
        session.hide_room(&self.view);
        if now < until {
            return self.set_timer(slot, until);
        }
        self.items.current = slot;
        session.end(CloseReason::LoginTimeout, &mut self.items);
    }

    /// Applies a new policy to those who have not logged in.
    pub(super) fn judge_all_visitors(&mut self) {
        let (is_open, head) = (
            self.policy.rules.audience == Audience::Anyone,
            self.view.head(),
        );
        for (slot, connection) in &mut self.table {
            let Life::Open(session) = &mut connection.life else {
                continue;
            };
            if is_open {
                session.show_room(head);
            } else if session.is_visitor() {
                self.queues.ready.push(Slot::of_index(slot));
            }
        }
    }

    /// Begins to close an ended session: at once if nothing is left to write.
    pub(super) fn begin_closing(&mut self, slot: Slot, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot.index()];
        if !connection.is_reader() {
            return self.remove(slot, reason, now);
        }
        let cursor = connection.session().expect("a reader has one").cursor();
        if !cursor.has_lost(&self.view) {
            return self.set_timer(slot, now + LAST_BYTES);
        }
        // Its unread bytes are gone; the closing notice is written only if the last line is whole.
        if cursor.is_between_lines()
            && let Some(notice) = reason.announcement()
        {
            let mut sent = Sent::default();
            connection.say(&ServerLine::Notice(notice).to_bytes(), &mut sent);
            self.inbox.figures.sent(&sent);
        }
        self.begin_linger(slot, reason, now);
    }

    /// Closes the sending side of a connection and lingers until its peer is done.
    pub(super) fn begin_linger(&mut self, slot: Slot, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot.index()];
        connection.shut_down(reason, now + LINGER);
        self.mark_ready(slot);
        self.set_timer(slot, now + LINGER);
    }

    /// Continues to linger; in a stop only until everything is delivered, so that no client holds
    /// it up.
    pub(super) fn linger(
        &mut self,
        slot: Slot,
        reason: CloseReason,
        until: Duration,
        now: Duration,
    ) {
        let connection = &mut self.table[slot.index()];
        let stops = self.phase >= Phase::Sealed;
        match connection.link.read(&mut self.scratch[..]) {
            Some(Ok(Input::End) | Err(_)) => self.remove(slot, reason, now),
            // Input of a closed connection is dropped.
            Some(Ok(_)) if now < until && !stops => self.mark_ready(slot),
            _ if now >= until || (stops && connection.link.is_delivered()) => {
                self.remove(slot, reason, now)
            }
            _ if stops => self.set_timer(slot, now + BETWEEN_LOOKS),
            _ => {}
        }
    }

    /// Takes a connection out of the table, which closes its socket.
    pub(super) fn remove(&mut self, slot: Slot, reason: CloseReason, now: Duration) {
        let connection = self.table.remove(slot.index());
        self.queues.forget(slot);
        if self.table.is_empty() {
            // The memory of a full room is freed with its last session.
            self.table = Slab::new();
        }
        self.free_seat(connection.peer, connection.seat);
        self.inbox.figures.closed.count(reason);
        match reason {
            CloseReason::Stopping => _ = self.shared.stopped.fetch_add(1, Ordering::Relaxed),
            CloseReason::CutShort => _ = self.shared.cut_short.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        self.log_end(&connection, reason, now);
    }

    /// Logs a session's end, unless it is one of too many.
    fn log_end(&self, connection: &Connection<T>, reason: CloseReason, now: Duration) {
        let (name, traffic) = connection.account();
        let noise = &self.shared.noise;
        let (foreign, left_out) = match (reason, name) {
            (CloseReason::NotOurProtocol, _) => (noise.foreign.count(now), Some(0)),
            (_, None) => (Some(0), noise.visitors.take(now)),
            (_, Some(_)) => (Some(0), noise.users.take(now)),
        };
        let (Some(foreign), Some(left_out)) = (foreign, left_out) else {
            return;
        };
        let if_any = |count: u64| (count > 0).then_some(count);
        tracing::info!(
            session.id = connection.id.0,
            peer.addr = %connection.peer,
            user.name = name.map(tracing::field::display),
            %reason,
            foreign = if_any(foreign),
            left_out = if_any(left_out),
            lines.received = traffic.received.lines,
            bytes.received = traffic.received.bytes,
            lines.sent = traffic.sent.lines,
            bytes.sent = traffic.sent.bytes,
            lag_bytes = traffic.furthest_lag_bytes,
            elapsed_ms = millis(now.saturating_sub(connection.since)),
            "session ended"
        );
    }

    /// Gives a connection's place back.
    pub(super) fn free_seat(&self, peer: Peer, seat: Seat) {
        lock(&self.shared.admission).release(peer.ip(), seat);
        self.inbox.session_ended();
    }

    /// Fires the timers that are due.
    pub(super) fn fire_timers(&mut self, now: Duration) {
        while let Some((at, slot, id)) = self.queues.timers.take_due(now) {
            let Some(connection) = self.table.get_mut(slot.index()) else {
                continue;
            };
            if connection.id != id || connection.timer != Some(at) {
                continue;
            }
            connection.timer = None;
            match connection.life {
                // Nobody was served for a while, as when the process was stopped: its peer may read on.
                Life::Ending(..) if now > at + LATE => self.set_timer(slot, now + LAST_BYTES),
                Life::Ending(_, reason) => self.remove(slot, reason, now),
                Life::Arriving | Life::Open(_) | Life::Lingering(..) => self.mark_ready(slot),
            }
        }
    }

    /// Sets a connection's timer, unless an earlier one is set.
    pub(super) fn set_timer(&mut self, slot: Slot, at: Duration) {
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        if connection.timer.is_none_or(|set| at < set) {
            connection.timer = Some(at);
            self.queues.timers.set(at, slot, connection.id);
        }
    }
}
