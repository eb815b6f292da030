//! Users connect and log in.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::JoinError;
use super::phase::{Event, Phase};
use super::ready::SlotWaker;
use super::user::{Stage, User};
use super::worker::Worker;

/// Logins of one worker under way at once: the server works all the time, and no queue of the kernel
/// (`somaxconn`) overflows, which would cost a second's wait for a lost SYN.
const JOINS_AT_ONCE: u32 = 64;

impl Worker {
    /// Begins with as many users as may log in at once.
    pub(super) fn connect_more(&mut self) {
        while self.phase == Phase::Joining && self.may_connect() {
            self.connect();
        }
    }

    fn may_connect(&self) -> bool {
        let begun = self.users.len() as u32;
        begun < self.share.of(self.plan.users) && begun - self.joined < JOINS_AT_ONCE
    }

    fn connect(&mut self) {
        let slot = self.users.len() as u32;
        let ready = SlotWaker::new(slot, self.ready.clone());
        match User::connect(self.plan.server, ready, self.shared.clock.now()) {
            Ok(user) => {
                self.users.push(user);
                self.log_in(slot);
            }
            Err(error) => self.cannot_join(slot, error),
        }
    }

    fn log_in(&mut self, slot: u32) {
        let user = self.share.user(slot);
        self.line.clear();
        self.plan.payload.write_login(user, &mut self.line);
        self.users[slot as usize].outbox.push(&self.line);
        self.look_at(slot);
    }

    /// The welcome has come.
    pub(super) fn joined(&mut self, slot: u32, at: u64) {
        let user = &mut self.users[slot as usize];
        user.stage = Stage::In;
        let began = user.connected_at;
        self.books.figures.join.record(began, at);
        self.joined += 1;
        self.shared.joined.fetch_add(1, Relaxed);
        if self.joined == self.share.of(self.plan.users) {
            self.tell(Event::Joined);
        }
    }

    pub(super) fn cannot_join(&mut self, slot: u32, source: io::Error) {
        let user = self.share.user(slot);
        self.tell(Event::Refused(JoinError::Connect { user, source }));
        self.phase = Phase::Over;
    }
}
