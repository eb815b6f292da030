//! Drain: at the end, the wait for what is expected, and the check that nothing more comes.
//!
//! A user who has everything sends a ping; what a server sends twice comes before the pong.

use std::collections::HashMap;

use super::shared::Phase;
use super::user::{State, User};
use super::worker::Worker;
use crate::plan::ids::Slot;

impl Worker {
    pub(super) fn begin_to_drain(&mut self) {
        // What is not written by now is not expected.
        self.give_up_sending();
        self.end_churn();
        self.expected = self.shared.taken();
        self.expected_in_all = self.expected.iter().sum();
        let plan = &self.plan;
        let whispers = self.shared.whispers_taken(plan).into_iter();
        let own = whispers.filter(|&whisper| self.partition.holds(plan.payload.receiver(whisper)));
        let mut awaited: HashMap<Slot, u32> = HashMap::new();
        for whisper in own.filter(|&whisper| !self.metrics.whispers.has(whisper)) {
            let slot = self.partition.slot(plan.payload.receiver(whisper));
            *awaited.entry(slot).or_default() += 1;
        }
        self.awaited_whispers = awaited;
        for slot in (0..self.users.len() as u32).map(Slot) {
            self.fence_if_complete(slot);
        }
    }

    /// While draining: a user who has everything asks for its pong.
    pub(super) fn fence_if_complete(&mut self, slot: Slot) {
        if !matches!(self.phase, Phase::Draining { .. }) || !self.is_complete(slot) {
            return;
        }
        let user = &mut self.users[slot.index()];
        if user.state == State::In {
            user.state = State::Fencing;
            user.outbox.push(self.plan.workload.protocol.ping());
            self.flush(slot);
        }
    }

    fn is_complete(&self, slot: Slot) -> bool {
        let own = self.expected.get(self.partition.user(slot).index());
        let own = own.copied().unwrap_or(0);
        !self.awaited_whispers.contains_key(&slot)
            && self.metrics.ledger.has_all(slot, self.expected_in_all, own)
    }

    pub(super) fn end_when_drained(&mut self) {
        let Phase::Draining { until } = self.phase else {
            return;
        };
        let drained = self.users.iter().all(|user| user.state >= State::Done);
        if drained || self.shared.clock.now() >= until {
            let fencing = |user: &&User| user.state == State::Fencing;
            self.metrics.tally.unanswered = self.users.iter().filter(fencing).count() as u64;
            self.phase = Phase::Over;
        }
    }
}
