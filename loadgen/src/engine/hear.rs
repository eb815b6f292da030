//! What a line is to the user who reads it.

use wac_core::line::ServerLine;

use super::JoinError;
use super::phase::{Event, Phase};
use super::user::Stage;
use super::worker::Worker;
use crate::ledger::Arrival;
use crate::limit::Limit;
use crate::payload::Heard;

impl Worker {
    /// Takes one line, its ending taken off.
    pub(super) fn hear(&mut self, slot: u32, at: u64, line: &[u8]) {
        match self.plan.payload.hear(line) {
            Heard::Message(message) => self.delivered(slot, at, message),
            Heard::Corrupt(sender) => self.corrupted(slot, at, sender),
            Heard::Other => self.hear_other(slot, at, line),
        }
    }

    fn delivered(&mut self, slot: u32, at: u64, message: u32) {
        let schedule = &self.plan.schedule;
        let (sender, number) = (schedule.sender(message), schedule.number(message));
        if self.books.ledger.arrived(at, slot, sender, number) == Arrival::Again {
            return;
        }
        let due = self.shared.start() + schedule.due(message);
        self.books.received += 1;
        self.books.figures.deliver.record(due, at);
        self.books.arrivals.note(message, at);
        match self.shared.written(message) {
            Some(written) => self.books.figures.service.record(written, at),
            None => self.books.unsettled.push((message, at)),
        }
        self.fence_if_complete(slot);
    }

    fn corrupted(&mut self, slot: u32, at: u64, sender: Option<u32>) {
        self.books.ledger.corrupted(at, slot, sender);
        self.fence_if_complete(slot);
    }

    fn hear_other(&mut self, slot: u32, at: u64, line: &[u8]) {
        let Ok(line) = str::from_utf8(line) else {
            return self.corrupted(slot, at, None);
        };
        match ServerLine::parse(line) {
            ServerLine::Notice(notice) => self.noticed(slot, at, notice),
            ServerLine::Refusal(_) => self.refused(slot, line),
            ServerLine::Pong(_) => self.fenced(slot),
            // Somebody who is not of this run talks.
            ServerLine::Message { .. } | ServerLine::Whisper { .. } => {}
            // Nobody of this run asks for it.
            ServerLine::Secret(_) => self.corrupted(slot, at, None),
        }
    }

    fn noticed(&mut self, slot: u32, at: u64, notice: &str) {
        let user = self.share.user(slot);
        let joining = self.users[slot as usize].stage == Stage::Joining;
        if joining && self.plan.payload.welcomes(notice, user) {
            self.joined(slot, at);
        } else if let Some(limit) = Limit::told_by(notice) {
            self.limit_met(slot, limit);
        }
    }

    fn limit_met(&mut self, slot: u32, limit: Limit) {
        self.books.held.push(self.share.user(slot));
        if limit != Limit::Flood {
            // A closing: the server has said why this reader gets no more.
            self.books.ledger.excuse(slot);
        }
        if !self.books.limits.contains(&limit) {
            self.books.limits.push(limit);
            self.tell(Event::Limit);
        }
    }

    fn refused(&mut self, slot: u32, said: &str) {
        if self.users[slot as usize].stage == Stage::Joining {
            let user = self.share.user(slot);
            let said = said.to_owned();
            self.tell(Event::Refused(JoinError::Refused { user, said }));
            self.phase = Phase::Over;
        }
    }

    /// Counts the service of what was read before its sending time was noted.
    pub(super) fn settle_services(&mut self) {
        for (message, at) in self.books.unsettled.drain(..) {
            if let Some(written) = self.shared.written(message) {
                self.books.figures.service.record(written, at);
            }
        }
    }
}
