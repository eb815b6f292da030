//! Users leave, and come back.

use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;

use super::phase::Phase;
use super::user::Stage;
use super::worker::Worker;
use crate::plan::absences::{Absence, Why};

/// How long to wait before a name is asked for again that the server has not freed.
const ASK_AGAIN_NS: u64 = 50_000_000;

impl Worker {
    /// When somebody leaves or comes back next.
    pub(super) fn next_move(&self) -> Option<u64> {
        let leave = self
            .next_absence()
            .map(|absence| self.shared.start() + absence.from);
        let back = self.moves.returns.peek().map(|Reverse((at, _))| *at);
        leave.into_iter().chain(back).min()
    }

    /// Who is to leave leaves, who is to come back does.
    pub(super) fn move_users(&mut self, now: u64) {
        if self.phase != Phase::Sending {
            return;
        }
        while let Some(absence) = self.next_absence() {
            if self.shared.start() + absence.from > now {
                break;
            }
            self.moves.next += 1;
            self.leave(absence, now);
            // Many may leave at once: what falls due meanwhile is not kept waiting by them.
            self.send_due(self.shared.clock.now());
        }
        while let Some(&Reverse((at, slot))) = self.moves.returns.peek() {
            if at > now {
                break;
            }
            self.moves.returns.pop();
            self.come_back(slot, now);
            self.send_due(self.shared.clock.now());
        }
    }

    /// The next absence of one of this worker's users.
    fn next_absence(&self) -> Option<Absence> {
        self.plan.absences.get(self.moves.next).copied()
    }

    /// Passes over the absences of other workers' users.
    fn leave(&mut self, absence: Absence, now: u64) {
        if !self.share.holds(absence.user) {
            return;
        }
        let slot = self.share.slot(absence.user);
        if self.users[slot as usize].stage != Stage::In {
            return;
        }
        self.shared.joined.fetch_sub(1, Relaxed);
        self.books.left += 1;
        self.books.ledger.leaves(slot);
        let until = self.shared.start() + absence.until;
        self.moves.returns.push(Reverse((until.max(now), slot)));
        match absence.why {
            Why::Churn => self.say_goodbye(slot),
            Why::Storm => {
                self.moves.missing += 1;
                self.users[slot as usize].from_storm = true;
                self.users[slot as usize].drop_connection();
                self.users[slot as usize].stage = Stage::Away;
            }
        }
    }

    fn say_goodbye(&mut self, slot: u32) {
        let goodbye = self.plan.workload.protocol.quit();
        let user = &mut self.users[slot as usize];
        user.stage = Stage::Leaving;
        user.outbox.push(goodbye);
        self.flush(slot);
    }

    fn come_back(&mut self, slot: u32, now: u64) {
        let user = &mut self.users[slot as usize];
        match user.stage {
            Stage::Away => {
                user.came_back = true;
                user.asked_again = false;
                if self.connect(slot).is_err() {
                    self.moves.returns.push(Reverse((now + ASK_AGAIN_NS, slot)));
                    self.users[slot as usize].stage = Stage::Away;
                }
            }
            // Its name was taken.
            Stage::Joining => {
                self.log_in(slot);
                self.flush(slot);
            }
            // The server has not closed yet.
            Stage::Leaving => self.moves.returns.push(Reverse((now + ASK_AGAIN_NS, slot))),
            _ => {}
        }
    }

    /// Somebody is logged in again.
    pub(super) fn came_back(&mut self, slot: u32, at: u64) {
        let user = &mut self.users[slot as usize];
        self.books.rejoin.record(user.connected_at, at);
        if std::mem::take(&mut user.from_storm) {
            self.moves.missing -= 1;
            self.books.storm_over = (self.moves.missing == 0).then_some(at);
        }
        self.books.ledger.came_back(slot, &self.shared.begun());
    }

    /// The server has not freed the name yet.
    pub(super) fn name_taken(&mut self, slot: u32, at: u64) {
        let asked = std::mem::replace(&mut self.users[slot as usize].asked_again, true);
        self.books.names_taken += u64::from(!asked);
        self.moves.returns.push(Reverse((at + ASK_AGAIN_NS, slot)));
    }

    /// Nobody moves any more: who is not there is not waited for.
    pub(super) fn end_moves(&mut self) {
        self.books.storm_missing = self.moves.missing;
        for user in &mut self.users {
            let moves = matches!(user.stage, Stage::Leaving | Stage::Away)
                || (user.stage == Stage::Joining && user.came_back);
            if moves {
                user.stage = Stage::Done;
            }
        }
    }
}
