//! Logins: names are claimed, by anybody or, once a password was checked, by their owners, who get them back from their
//! other connections.

use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::log::Position;
use wac_core::name::Name;
use wac_core::password::Proof;
use wac_core::roster::{Claimant, SessionAddress, SessionId, Slot};
use wac_core::session::Event;

use super::Shard;
use super::connection::{Connection, Life};
use crate::room::locks::lock;
use crate::room::logins::{LoginMessage, Owner};
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;

impl<T: Transport> Shard<T> {
    /// Returns the address of a session, unless it has ended: nobody would release its name.
    pub(super) fn address_of_open(&self, slot: Slot) -> Option<SessionAddress> {
        let connection = self.table.get(slot.index())?;
        is_open(connection).then_some(SessionAddress {
            shard: self.id,
            slot,
            id: connection.id,
        })
    }

    /// Claims a name for a session.
    pub(super) fn claim(&mut self, slot: Slot, name: &Name, claimant: Claimant, now: Duration) {
        let Some(address) = self.address_of_open(slot) else {
            return;
        };
        let claimed = lock(&self.shared.roster).claim(name, claimant, address);
        let event = match claimed {
            Ok(account) => {
                self.let_in_as(slot, name, self.shared.head(), now);
                Event::Claimed(account)
            }
            Err(why) => Event::Unavailable(why),
        };
        self.deliver_event(slot, event, now);
    }

    /// Counts a session as a user's, which reads the room from a position on.
    pub(super) fn let_in_as(&mut self, slot: Slot, name: &Name, from: Position, now: Duration) {
        self.shared.user_logged_in();
        self.seat_user(slot);
        self.log_login(slot, name, now);
        if let Some(session) = self.session_mut(slot) {
            session.show_room(from);
        }
    }

    /// Has the password of a session checked.
    pub(super) fn prove(&mut self, slot: Slot, proof: Proof, now: Duration) {
        if let Some(address) = self.address_of_open(slot) {
            let ip = self.table[slot.index()].peer.ip();
            let patience = lock(&self.shared.admission).patience(ip);
            let from = (ip, patience);
            self.shared.logins.add(address, from, proof, now);
        }
    }

    /// Drops the password of a session that has ended.
    pub(super) fn withdraw_proof(&self, slot: Slot) {
        let is_proving = |it: &&Connection<T>| it.session().is_some_and(|it| it.is_proving());
        if let Some(connection) = self.table.get(slot.index()).filter(is_proving) {
            let ip = connection.peer.ip();
            self.shared.logins.withdraw(ip, connection.id);
        }
    }

    /// Takes what it is told about logins. In a stop nobody logs in any more.
    pub(super) fn take_logins(&mut self, now: Duration) {
        if self.inbox.logins.is_empty() {
            return;
        }
        for message in self.inbox.logins.take() {
            if self.phase != Phase::Serving {
                continue;
            }
            match message {
                LoginMessage::Right(owner) => self.let_in(owner, now),
                LoginMessage::Wrong(owner) => self.turn_away(&owner, now),
                LoginMessage::GiveUp(session, owner) => self.give_up(session, owner),
            }
        }
    }

    /// Claims a name for its owner, once whoever has it has left.
    fn let_in(&mut self, owner: Owner, now: Duration) {
        let Owner { session, ref name } = owner;
        if !self.has_open(session) {
            return;
        }
        let holder = lock(&self.shared.roster)
            .find_here(name.as_str())
            .map(|(holder, _)| holder);
        match holder {
            Some(holder) => self.shared.tell(LoginMessage::GiveUp(holder, owner)),
            None => self.claim(session.slot, name, Claimant::Owner, now),
        }
    }

    fn turn_away(&mut self, owner: &Owner, now: Duration) {
        if self.has_open(owner.session) {
            self.log_failed_login(owner, now);
            self.deliver_event(owner.session.slot, Event::WrongPassword, now);
        }
    }

    /// Ends a session whose name the owner wants; the owner is told when its last line and its leave notice are in the room.
    fn give_up(&mut self, holder: SessionAddress, owner: Owner) {
        let connection = self.table.get_mut(holder.slot.index());
        match connection
            .filter(|it| it.id == holder.id)
            .map(|it| &mut it.life)
        {
            Some(Life::Open(session)) => {
                self.items.current = holder.slot;
                session.end(CloseReason::LoggedInElsewhere, &mut self.items);
                self.heirs.push((holder.id, owner));
            }
            // It has left.
            _ => self.shared.tell(LoginMessage::Right(owner)),
        }
    }

    /// Tells those who wait for a session's name that it is free.
    pub(super) fn tell_heirs(&mut self, id: SessionId) {
        for (_, owner) in self.heirs.extract_if(.., |(holder, _)| *holder == id) {
            self.shared.tell(LoginMessage::Right(owner));
        }
    }

    fn has_open(&self, session: SessionAddress) -> bool {
        let connection = self.table.get(session.slot.index());
        connection.is_some_and(|it| it.id == session.id && is_open(it))
    }

    /// Logs who a connection's user is, so that an operator finds the address of a name.
    fn log_login(&self, slot: Slot, name: &Name, now: Duration) {
        if let Some(connection) = self.table.get(slot.index())
            && let Some(left_out) = self.shared.noise.users.take(now)
        {
            tracing::info!(
                session.id = connection.id.0,
                peer.addr = %connection.peer,
                user.name = %name,
                left_out = (left_out > 0).then_some(left_out),
                "logged in"
            );
        }
    }

    /// Logs that a password was wrong, or its name not registered: noise. What is no registered name may be a password in the wrong
    /// place.
    fn log_failed_login(&self, owner: &Owner, now: Duration) {
        let connection = &self.table[owner.session.slot.index()];
        let name = Some(&owner.name).filter(|name| self.shared.logins.know(name));
        if let Some(count) = self.shared.noise.failed_logins.count(now) {
            tracing::info!(
                session.id = connection.id.0,
                peer.addr = %connection.peer,
                user.name = name.map(tracing::field::display),
                failed_logins = count,
                "a login failed"
            );
        }
    }
}

fn is_open<T>(connection: &Connection<T>) -> bool {
    matches!(&connection.life, Life::Open(session) if session.ended().is_none())
}
