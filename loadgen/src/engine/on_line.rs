//! Lines: what each is to the user who reads it.

use std::collections::hash_map::Entry;

use super::JoinError;
use super::shared::Event;
use super::user::State;
use super::worker::Worker;
use crate::metrics::Receipt;
use crate::metrics::tally::Seen;
use crate::plan::ids::{Message, Slot, User};
use crate::plan::protocol::Limit;
use crate::plan::protocol::Line;
use crate::units::quoted;

impl Worker {
    /// Takes one line, its ending taken off.
    pub(super) fn on_line(&mut self, slot: Slot, at: u64, line: &[u8]) {
        let user = self.partition.user(slot);
        let protocol = self.plan.workload.protocol;
        match protocol.parse(&self.plan.payload, user, line) {
            Line::Message(message) => self.delivered(slot, at, message),
            Line::Whisper(whisper) => self.whispered(slot, at, whisper),
            Line::Corrupt(sender) => self.corrupted(slot, at, sender),
            Line::Welcome => self.welcomed(slot, at),
            Line::Pong => self.ponged(slot, at),
            Line::Answer(line) => self.answer(slot, &line),
            Line::Limit(limit) => self.limit_met(slot, limit),
            Line::NameTaken if self.users[slot.index()].came_back => self.name_taken(slot, at),
            Line::NameTaken => self.refused(slot, "the name is taken"),
            Line::Past(past) => self.on_past(slot, at, past),
            Line::Refused(said) => self.refused(slot, said),
            Line::Other => {}
        }
    }

    fn delivered(&mut self, slot: Slot, at: u64, message: Message) {
        match self.enter(slot, at, message) {
            Receipt::First if self.is_closed_loop() => {}
            Receipt::First => self.measure(at, message),
            // It is late by design.
            Receipt::Replayed => {}
            Receipt::Again | Receipt::Indeterminate => return,
        }
        self.follow_order(slot, at, message);
        self.metrics.received += 1;
        self.fence_if_complete(slot);
        self.ask_for_mark(slot, at);
    }

    fn follow_order(&mut self, slot: Slot, at: u64, message: Message) {
        let schedule = &self.plan.schedule;
        let seen = || Seen {
            at,
            reader: self.partition.user(slot),
            sender: Some(schedule.sender(message).into()),
            number: Some(schedule.number(message)),
        };
        let order = &self.shared.order;
        self.metrics.followers.read(order, slot, message, seen);
    }

    /// Enters how long a delivery took.
    fn measure(&mut self, at: u64, message: Message) {
        let offset = self.plan.schedule.due(message);
        let due = self.shared.start() + offset;
        self.second.tally.deliver.record(due, at);
        if let Some(stage) = self.plan.stage(offset) {
            let figures = &mut self.metrics.measured.stages[stage];
            figures.deliver.record(due, at);
            match self.shared.written(message) {
                Some(written) => figures.service.record(written, at),
                None => self.metrics.unsettled.push((message, at)),
            }
            self.metrics.measured.arrivals.note(message, at);
        }
    }

    fn whispered(&mut self, slot: Slot, at: u64, whisper: Message) {
        let user = self.partition.user(slot);
        let payload = &self.plan.payload;
        if self.metrics.whispers.arrived(payload, at, user, whisper) != Receipt::First {
            return;
        }
        let due = self.plan.schedule.due(whisper);
        if let Some(stage) = self.plan.stage(due) {
            let due = self.shared.start() + due;
            self.metrics.measured.stages[stage].whisper.record(due, at);
        }
        self.metrics.received += 1;
        if let Entry::Occupied(mut awaited) = self.awaited_whispers.entry(slot) {
            *awaited.get_mut() -= 1;
            if *awaited.get() == 0 {
                awaited.remove();
            }
        }
        self.fence_if_complete(slot);
    }

    /// What is corrupt before or in a replay takes the place of no message: that may come yet.
    pub(super) fn corrupted(&mut self, slot: Slot, at: u64, sender: Option<User>) {
        let resume = &self.users[slot.index()].resume;
        let is_live = resume.as_ref().is_none_or(|resume| resume.is_live());
        let sender = sender.filter(|_| is_live);
        self.metrics.ledger.corrupted(at, slot, sender);
        self.fence_if_complete(slot);
    }

    fn ponged(&mut self, slot: Slot, at: u64) {
        match self.users[slot.index()].state {
            // Where there is no other welcome.
            State::Joining => self.welcomed(slot, at),
            State::Fencing => self.users[slot.index()].state = State::Done,
            _ => {}
        }
    }

    fn answer(&mut self, slot: Slot, line: &[u8]) {
        self.users[slot.index()].outbox.push(line);
        self.flush(slot);
    }

    fn limit_met(&mut self, slot: Slot, limit: Limit) {
        // Another server may take its place, or serves the room, too, and the users are to come back to it.
        if matches!(limit, Limit::Stopping | Limit::CutOff) && self.plan.workload.resume {
            return;
        }
        self.metrics.measured.held.insert(self.partition.user(slot));
        if limit != Limit::Flood {
            // A closing: the server has said why this reader gets no more.
            self.metrics.ledger.excuse(slot);
        }
        if self.metrics.tally.limits.insert(limit) {
            self.report(Event::Limit);
        }
    }

    fn refused(&mut self, slot: Slot, said: &str) {
        let user = &self.users[slot.index()];
        if user.state == State::Joining && !user.came_back {
            let user = self.partition.user(slot);
            let said = quoted(said);
            self.give_up(JoinError::Refused { user, said });
        } else {
            self.metrics.tally.refused += 1;
            self.metrics
                .tally
                .first_refusal
                .get_or_insert_with(|| quoted(said));
        }
    }

    /// Counts the service of what was read before its sending time was noted.
    pub(super) fn settle_services(&mut self) {
        let unsettled = std::mem::take(&mut self.metrics.unsettled);
        for (message, at) in unsettled {
            let stage = self.plan.stage(self.plan.schedule.due(message));
            match (self.shared.written(message), stage) {
                (Some(written), Some(stage)) => self.metrics.measured.stages[stage]
                    .service
                    .record(written, at),
                (None, _) => self.metrics.unsettled.push((message, at)),
                _ => {}
            }
        }
    }
}
