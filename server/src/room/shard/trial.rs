//! Trial: visitors beyond the places kept for them have to log in or go, so that who never says
//! anything keeps no user out.

use std::time::Duration;

use wac_core::admission::Seat;
use wac_core::close::CloseReason;

use super::Shard;
use crate::room::phase::Phase;
use crate::room::sync::lock;
use crate::room::transport::Transport;

/// How long a visitor may take to log in when more than half of all places are visitors'.
const LOGIN_TIME: Duration = Duration::from_secs(10);

impl<T: Transport> Shard<T> {
    /// Gives a visitor who has claimed a name a user's place.
    pub(super) fn seat_user(&mut self, slot: u32) {
        if let Some(connection) = self.table.get_mut(slot as usize) {
            connection.seat = Seat::User;
            lock(&self.shared.admission).logged_in();
        }
    }

    /// Ends a visitor on trial who has not logged in in time, unless there is room for visitors by now.
    ///
    /// It is read before: what it has said counts, however late it is looked at.
    pub(super) fn judge_trial(&mut self, slot: u32, now: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        if connection.seat != Seat::OnTrial || self.phase != Phase::Serving {
            return;
        }
        let until = connection.since + LOGIN_TIME;
        if now < until {
            return self.set_timer(slot, until);
        }
        let Some(session) = connection.session.as_mut().filter(|it| it.is_visitor()) else {
            return;
        };
        connection.seat = lock(&self.shared.admission).visitors_seat();
        if connection.seat == Seat::OnTrial {
            self.items.from = slot;
            session.end(CloseReason::ServerFull, &mut self.items);
        }
    }
}
