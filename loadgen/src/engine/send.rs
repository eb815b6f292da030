//! What is due is sent: the schedule waits for nobody.

use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use super::phase::{Event, Phase};
use super::user::State;
use super::worker::Worker;
use crate::plan::ids::{Message, Slot};
use crate::units::nanos;

impl Worker {
    /// When this worker's next message is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        let schedule = &self.plan.schedule;
        (self.next_message.0 < schedule.len())
            .then(|| self.shared.start() + schedule.due(self.next_message))
    }

    /// When to look next whether something is to be sent.
    pub(super) fn next_send(&self) -> Option<u64> {
        let due = self.next_due()?;
        if self.is_gate_open() {
            Some(due)
        } else {
            Some(due.max(self.next_look_at_gate(self.shared.clock.now())))
        }
    }

    /// When the sending ends, by the plan: later than the last message, for users come and go to the end.
    pub(super) fn sending_ends(&self) -> u64 {
        self.shared.start() + nanos(self.plan.workload.sending())
    }

    fn is_sending_over(&self) -> bool {
        self.shared.clock.now() >= self.sending_ends()
    }

    /// Sends all that is due by `now`.
    pub(super) fn send_due(&mut self, now: u64) {
        if self.phase != Phase::Sending {
            return;
        }
        self.end_closed_loop(now);
        while self.next_due().is_some_and(|due| due <= now) && self.is_gate_open() {
            self.send(self.next_message);
            self.next_message.0 += 1;
            self.skip_others();
        }
    }

    /// Passes over the messages of other workers' senders.
    pub(super) fn skip_others(&mut self) {
        let schedule = &self.plan.schedule;
        while self.next_message.0 < schedule.len()
            && !self
                .partition
                .holds(schedule.sender(self.next_message).into())
        {
            self.next_message.0 += 1;
        }
    }

    fn send(&mut self, message: Message) {
        let slot = self
            .partition
            .slot(self.plan.schedule.sender(message).into());
        let user = &mut self.users[slot.index()];
        if user.state != State::In {
            return;
        }
        self.line.clear();
        let plan = &self.plan;
        plan.workload
            .protocol
            .write_message(&plan.payload, message, &mut self.line);
        user.outbox.push_message(&self.line, message);
        self.unwritten += 1;
        self.shared.begin(&self.plan, message);
        self.flush(slot);
    }

    /// Writes as much as the kernel takes.
    pub(super) fn flush(&mut self, slot: Slot) {
        loop {
            let user = &mut self.users[slot.index()];
            if user.outbox.is_empty() || user.state == State::Gone {
                return;
            }
            match user.poll_write() {
                Poll::Ready(Ok(())) => self.note_written(slot),
                Poll::Ready(Err(error)) => return self.ended(slot, Some(error)),
                Poll::Pending => return,
            }
        }
    }

    /// Notes the time for the messages whose last byte the kernel has taken.
    fn note_written(&mut self, slot: Slot) {
        let at = self.shared.clock.now();
        while let Some(message) = self.users[slot.index()].outbox.pop_written() {
            self.shared.set_written(&self.plan, message, at);
            self.shared.sent.fetch_add(1, Relaxed);
            self.note_sendlag(message, at);
            self.books.tally.sent += 1;
            self.second.tally.sent += 1;
            self.unwritten -= 1;
        }
    }

    /// In a closed loop what is due waits, by design.
    fn note_sendlag(&mut self, message: Message, at: u64) {
        let due = self.plan.schedule.due(message);
        if let Some(stage) = self.plan.stage(due).filter(|_| !self.is_closed_loop()) {
            let due = self.shared.start() + due;
            self.books.measured.stages[stage].sendlag.record(due, at);
        }
    }

    /// Tells the coordinator, once, that the kernel has all it is to have.
    pub(super) fn tell_flushed(&mut self) {
        let stopped = match self.phase {
            Phase::Sending => self.next_due().is_none() && self.is_sending_over(),
            Phase::Stopping { until } => {
                if self.shared.clock.now() >= until {
                    self.give_up_sending();
                }
                true
            }
            _ => false,
        };
        if stopped && self.unwritten == 0 && !self.flushed {
            self.flushed = true;
            self.tell(Event::Flushed);
        }
    }

    /// Gives up what the kernel has not taken.
    pub(super) fn give_up_sending(&mut self) {
        for user in &mut self.users {
            self.unwritten -= user.outbox.give_up();
        }
    }
}
