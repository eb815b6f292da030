//! Churn: users leave, and come back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::ErrorKind;
use std::sync::atomic::Ordering::Relaxed;

use super::shared::Phase;
use super::user::State;
use super::worker::Worker;
use crate::plan::absences::{Absence, Why};
use crate::plan::ids::Slot;

/// How long to wait before a name is asked for again that the server has not freed.
const ASK_AGAIN_NS: u64 = 50_000_000;

/// How long a server of several may take to let somebody in who comes back.
const PATIENCE_NS: u64 = 5_000_000_000;

/// Who is to leave and to come back next.
#[derive(Debug, Default)]
pub(super) struct ChurnState {
    /// The next of the plan's absences.
    pub(super) next: usize,
    /// Who comes back when; or, logged out, asks for its name again.
    pub(super) returns: BinaryHeap<Reverse<(u64, Slot)>>,
    /// Who may go on to the next server, and when it began to connect.
    waiting: VecDeque<(u64, Slot)>,
    /// Those whom the storm dropped and who are not back.
    pub(super) missing: u32,
}

impl Worker {
    /// When somebody leaves or comes back next.
    pub(super) fn next_churn(&self) -> Option<u64> {
        let leave = self
            .next_absence()
            .map(|absence| self.shared.start() + absence.from);
        leave.into_iter().chain(self.next_return()).min()
    }

    /// Who is to leave leaves, who is to come back does.
    pub(super) fn churn_users(&mut self, now: u64) {
        match self.phase {
            Phase::Sending => self.leave_users(now),
            Phase::Draining { .. } => {}
            _ => return,
        }
        while let Some(&Reverse((at, slot))) = self.churn.returns.peek() {
            if at > now {
                break;
            }
            self.churn.returns.pop();
            self.come_back(slot, now);
            self.send_due(self.shared.clock.now());
        }
        self.give_up_waiting(now);
    }

    fn leave_users(&mut self, now: u64) {
        while let Some(absence) = self.next_absence() {
            if self.shared.start() + absence.from > now {
                break;
            }
            self.churn.next += 1;
            self.leave(absence, now);
            // Many may leave at once: what falls due meanwhile is not kept waiting by them.
            self.send_due(self.shared.clock.now());
        }
    }

    /// When somebody comes back next.
    pub(super) fn next_return(&self) -> Option<u64> {
        let back = self.churn.returns.peek().map(|Reverse((at, _))| *at);
        let waiting = self.churn.waiting.front();
        let patience = waiting.map(|(since, _)| since + PATIENCE_NS);
        back.into_iter().chain(patience).min()
    }

    /// The next absence of one of this worker's users.
    fn next_absence(&self) -> Option<Absence> {
        self.plan.absences.get(self.churn.next).copied()
    }

    /// Passes over the absences of other workers' users.
    fn leave(&mut self, absence: Absence, now: u64) {
        if !self.partition.holds(absence.user) {
            return;
        }
        let slot = self.partition.slot(absence.user);
        if self.users[slot.index()].state != State::In {
            return;
        }
        self.shared.joined.fetch_sub(1, Relaxed);
        self.metrics.tally.left += 1;
        if !self.plan.workload.resume {
            self.metrics.ledger.leaves(slot);
            self.metrics.followers.leave_out(slot);
        }
        let until = self.shared.start() + absence.until;
        self.churn.returns.push(Reverse((until.max(now), slot)));
        match absence.why {
            Why::Churn => self.say_goodbye(slot),
            Why::Storm => {
                self.churn.missing += 1;
                self.users[slot.index()].from_storm = true;
                self.users[slot.index()].drop_connection();
                self.users[slot.index()].state = State::Away;
            }
        }
    }

    fn say_goodbye(&mut self, slot: Slot) {
        let goodbye = self.plan.workload.protocol.quit();
        let user = &mut self.users[slot.index()];
        user.state = State::Leaving;
        user.outbox.push(goodbye);
        self.flush(slot);
    }

    fn come_back(&mut self, slot: Slot, now: u64) {
        let user = &mut self.users[slot.index()];
        match user.state {
            State::Away => {
                user.came_back = true;
                user.asked_again = false;
                user.moves = user.moves.wrapping_add(1);
                if let Some(resume) = &mut user.resume {
                    self.unwritten += resume.fall_behind();
                }
                match self.connect(slot) {
                    Ok(()) => self.wait_for(slot),
                    // Nobody listens any more: this is as final as if it were known a moment later.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        self.ended(slot, Some(error));
                    }
                    Err(_) => {
                        self.churn.returns.push(Reverse((now + ASK_AGAIN_NS, slot)));
                        self.users[slot.index()].state = State::Away;
                    }
                }
            }
            // Its name was taken.
            State::Joining if user.asked_again => {
                self.log_in(slot);
                self.flush(slot);
            }
            // The server has not closed yet.
            State::Leaving => self.churn.returns.push(Reverse((now + ASK_AGAIN_NS, slot))),
            _ => {}
        }
    }

    /// Notes that a server is to let somebody in, where there are others.
    fn wait_for(&mut self, slot: Slot) {
        if self.plan.workload.resume && self.plan.servers.all().len() > 1 {
            let since = self.users[slot.index()].connected_at;
            self.churn.waiting.push_back((since, slot));
        }
    }

    /// Sends on to the next server who has had no answer for too long.
    fn give_up_waiting(&mut self, now: u64) {
        while let Some(&(since, slot)) = self.churn.waiting.front() {
            if since + PATIENCE_NS > now {
                break;
            }
            self.churn.waiting.pop_front();
            let user = &self.users[slot.index()];
            let is_unanswered = user.state == State::Joining && !user.asked_again;
            if is_unanswered && user.connected_at == since {
                self.ended(slot, Some(ErrorKind::TimedOut.into()));
            }
        }
    }

    /// Somebody is logged in again.
    pub(super) fn came_back(&mut self, slot: Slot, at: u64) {
        let user = &mut self.users[slot.index()];
        self.metrics.measured.rejoin.record(user.connected_at, at);
        if std::mem::take(&mut user.from_storm) {
            self.churn.missing -= 1;
            self.metrics.tally.storm_over_ns = (self.churn.missing == 0).then_some(at);
        }
        if self.plan.workload.resume {
            self.ask_since(slot, at);
        } else {
            self.metrics.ledger.came_back(slot, &self.shared.begun());
        }
    }

    /// The server has not freed the name yet.
    pub(super) fn name_taken(&mut self, slot: Slot, at: u64) {
        let asked = std::mem::replace(&mut self.users[slot.index()].asked_again, true);
        self.metrics.tally.names_taken += u64::from(!asked);
        self.churn.returns.push(Reverse((at + ASK_AGAIN_NS, slot)));
    }

    /// Nobody leaves any more. Who is not there is not waited for; or comes back now, to be shown the rest.
    pub(super) fn end_churn(&mut self) {
        if self.plan.workload.resume {
            let now = self.shared.clock.now();
            let away = self.churn.returns.drain();
            let back = away.map(|Reverse((_, slot))| Reverse((now, slot)));
            self.churn.returns = back.collect();
            return;
        }
        for user in &mut self.users {
            let moves = matches!(user.state, State::Leaving | State::Away)
                || (user.state == State::Joining && user.came_back);
            if moves {
                user.state = State::Done;
            }
        }
    }
}
