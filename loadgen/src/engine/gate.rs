//! The gate of a closed loop: what is due is sent only while fewer deliveries are under way than so many messages make.
//!
//! Message m, counted from 0 in the order of the schedule, may go when all but N - 1 messages' deliveries of those
//! before it have come: received + N · readers ≥ (m + 1) · readers. All messages before the first that has not gone
//! are with the server, so its deliveries come and the gate opens again; where they don't, or a sender is gone, the run
//! is not worth more for going on, and ends when its time is over.

use std::sync::atomic::Ordering::Relaxed;

use super::worker::Worker;
use crate::plan::ids::Message;

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
