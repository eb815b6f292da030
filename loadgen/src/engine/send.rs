//! Sending: what is due is sent, for the schedule waits for nobody; in a closed loop only through the gate.
//!
//! The gate: message m, counted from 0, may go when all but N - 1 messages' deliveries of those before it have come:
//! received + N · readers ≥ (m + 1) · readers. All messages before the first that has not gone are with the server, so its
//! deliveries come and the gate opens again; where they don't, or a sender is gone, the run ends when its time is over.

use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use super::shared::{Event, Phase};
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

    pub(super) fn is_sending_over(&self) -> bool {
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
        if let Some(resume) = &mut user.resume
            && user.state != State::Gone
        {
            resume.say(message);
            if !resume.is_live() {
                self.unwritten += 1;
                return;
            }
        }
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
            // Behind the write another thread may have the core, the server's with an answer.
            let at = self.shared.clock.now();
            match user.poll_write() {
                Poll::Ready(Ok(())) => self.note_written(slot, at),
                Poll::Ready(Err(error)) => return self.ended(slot, Some(error)),
                Poll::Pending => return,
            }
        }
    }

    /// Notes the time of the write for the messages whose last byte the kernel took with it.
    fn note_written(&mut self, slot: Slot, at: u64) {
        while let Some(message) = self.users[slot.index()].outbox.pop_written() {
            self.unwritten -= 1;
            // What is said again was sent before.
            if self.shared.set_written(&self.plan, message, at) {
                self.shared.sent.fetch_add(1, Relaxed);
                self.note_sendlag(slot, message, at);
                self.metrics.tally.sent += 1;
                self.second.tally.sent += 1;
            }
        }
    }

    /// In a closed loop what is due waits, by design, as it does for a sender who was cut off.
    fn note_sendlag(&mut self, slot: Slot, message: Message, at: u64) {
        let resume = &self.users[slot.index()].resume;
        if resume
            .as_ref()
            .is_some_and(|resume| resume.has_waited(message))
        {
            return;
        }
        let due = self.plan.schedule.due(message);
        if let Some(stage) = self.plan.stage(due).filter(|_| !self.is_closed_loop()) {
            let due = self.shared.start() + due;
            self.metrics.measured.stages[stage].sendlag.record(due, at);
        }
    }

    /// Reports to the coordinator, once, that the kernel has all it is to have.
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
            self.report(Event::Flushed);
        }
    }

    /// Gives up what the kernel has not taken.
    pub(super) fn give_up_sending(&mut self) {
        for user in &mut self.users {
            let under_way = user.outbox.give_up();
            let waiting = user.resume.as_mut().map(|resume| resume.give_up(under_way));
            self.unwritten -= under_way + waiting.unwrap_or(0);
        }
    }
}

/// How often a worker whose gate is shut looks again: what opens it may be read by another worker.
const LOOK_AGAIN_NS: u64 = 100_000;

impl Worker {
    pub(super) fn is_closed_loop(&self) -> bool {
        self.plan.workload.is_closed_loop()
    }

    /// Whether the next message may go; always, in an open loop.
    pub(super) fn is_gate_open(&self) -> bool {
        let work = &self.plan.workload;
        let received = || self.shared.received.load(Relaxed);
        work.in_flight
            .is_none_or(|limit| may_go(self.next_message, limit, work.readers(), received()))
    }

    /// When to look at the gate again, where it is shut and others may open it.
    pub(super) fn next_look_at_gate(&self, now: u64) -> u64 {
        match self.partition.workers {
            1 => u64::MAX,
            // Of a grid, so that the timer is not set anew each turn.
            _ => (now / LOOK_AGAIN_NS + 1) * LOOK_AGAIN_NS,
        }
    }

    /// What a closed loop has not sent when the sending ends is not sent.
    pub(super) fn end_closed_loop(&mut self, now: u64) {
        if self.is_closed_loop() && now >= self.sending_ends() {
            self.next_message = Message(self.plan.schedule.len());
        }
    }
}

fn may_go(message: Message, limit: u32, readers: u32, received: u64) -> bool {
    let deliveries = |messages: u64| messages * u64::from(readers);
    received + deliveries(limit.into()) >= deliveries(u64::from(message.0) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages go, one after another, when so many deliveries have come.
    fn gone(limit: u32, readers: u32, received: u64) -> u32 {
        let messages = (0..1_000).map(Message);
        let gone = messages.take_while(|&message| may_go(message, limit, readers, received));
        gone.count() as u32
    }

    #[test]
    fn as_many_go_as_may_be_under_way_and_one_more_for_each_that_everybody_has() {
        assert_eq!(gone(4, 9, 0), 4);
        assert_eq!(gone(4, 9, 8), 4);
        assert_eq!(gone(4, 9, 9), 5);
        assert_eq!(gone(4, 9, 9 * 100), 104);
        assert_eq!(gone(1, 1, 0), 1);
    }

    #[test]
    fn the_gate_opens_once_all_before_have_come_whatever_the_numbers() {
        let most = u64::from(u32::MAX);
        assert!(may_go(Message(u32::MAX), 1, u32::MAX, most * most));
        assert!(!may_go(Message(u32::MAX), 1, u32::MAX, most * most - 1));
    }
}
