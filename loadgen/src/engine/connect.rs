//! Logins: users connect and log in, for the first time or again.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::JoinError;
use super::resume::Resume;
use super::shared::{Event, Phase};
use super::user::{State, User};
use super::wake::SlotWaker;
use super::worker::Worker;
use crate::machine::needs::JOINS_AT_ONCE;
use crate::machine::sources::source;
use crate::plan::ids::Slot;

impl Worker {
    /// Begins with as many users as may log in at once.
    pub(super) fn connect_more(&mut self) {
        while self.phase == Phase::Joining && self.may_connect() {
            let slot = Slot(self.users.len() as u32);
            let ready = SlotWaker::new(slot, self.ready.clone());
            let resume = self.plan.workload.resume.then(|| Resume::new().into());
            self.users.push(User::new(ready, resume));
            if let Err(error) = self.connect(slot) {
                self.cannot_join(slot, error);
            }
        }
    }

    /// When the next user may connect, where there is a rate to keep.
    pub(super) fn next_connect(&self) -> Option<u64> {
        let rate = self.plan.workload.connect_rate? / f64::from(self.partition.workers);
        let begun = self.users.len() as u32;
        (begun < self.partition.of(self.plan.workload.users))
            .then(|| (f64::from(begun) * 1e9 / rate) as u64)
    }

    /// Not too many logins are under way.
    pub(super) fn has_room_to_join(&self) -> bool {
        (self.users.len() as u32) - self.joined < JOINS_AT_ONCE
    }

    fn may_connect(&self) -> bool {
        let begun = self.users.len() as u32;
        begun < self.partition.of(self.plan.workload.users)
            && self.has_room_to_join()
            && self
                .next_connect()
                .is_none_or(|at| at <= self.shared.clock.now())
    }

    /// Connects a user and sends its login.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn connect(&mut self, slot: Slot) -> io::Result<()> {
        let plan = &self.plan;
        let user = self.partition.user(slot);
        let server = plan.servers.of(user, self.users[slot.index()].moves);
        let source = source(server.at, plan.run, plan.workload.users, user);
        let at = self.shared.clock.now();
        self.users[slot.index()].connect(server, source, at, &self.inbox)?;
        self.log_in(slot);
        self.look_at(slot);
        Ok(())
    }

    /// Sends a user's login.
    pub(super) fn log_in(&mut self, slot: Slot) {
        let plan = &self.plan;
        let user = self.partition.user(slot);
        self.line.clear();
        let protocol = plan.workload.protocol;
        protocol.write_login(&plan.payload, user, plan.workload.senders, &mut self.line);
        self.users[slot.index()].outbox.push(&self.line);
    }

    /// The welcome has come.
    pub(super) fn welcomed(&mut self, slot: Slot, at: u64) {
        let user = &mut self.users[slot.index()];
        if user.state != State::Joining {
            return;
        }
        user.state = State::In;
        self.metrics.measured.join.record(user.connected_at, at);
        self.shared.joined.fetch_add(1, Relaxed);
        if user.came_back {
            self.came_back(slot, at);
            return;
        }
        self.ask_for_mark(slot, at);
        self.joined += 1;
        if self.joined == self.partition.of(self.plan.workload.users) {
            self.report(Event::Joined);
        }
    }

    /// A user can't be logged in for the first time: nothing can be measured.
    pub(super) fn cannot_join(&mut self, slot: Slot, source: io::Error) {
        let user = self.partition.user(slot);
        let server = self.plan.servers.of(user, self.users[slot.index()].moves);
        let addresses = server.addresses.clone();
        self.give_up(JoinError::Connect {
            user,
            addresses,
            source,
        });
    }

    /// Ends the run before it has begun.
    pub(super) fn give_up(&mut self, error: JoinError) {
        self.report(Event::Refused(error));
        self.phase = Phase::Over;
    }
}
