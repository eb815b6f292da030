//! The end: what is owed is awaited, and that nothing more comes is seen.
//!
//! A user who has everything sends a `PING`; what a server sends twice comes before the `PONG`.

use super::phase::Phase;
use super::user::Stage;
use super::worker::Worker;

impl Worker {
    pub(super) fn begin_to_drain(&mut self) {
        self.owed = self.shared.sent_by(&self.plan.schedule, self.plan.senders);
        self.owed_in_all = self.owed.iter().sum();
        for slot in 0..self.users.len() as u32 {
            self.fence_if_complete(slot);
        }
    }

    /// While draining: a user who has everything asks for its `PONG`.
    pub(super) fn fence_if_complete(&mut self, slot: u32) {
        if !matches!(self.phase, Phase::Draining { .. }) || !self.is_complete(slot) {
            return;
        }
        let user = &mut self.users[slot as usize];
        if user.stage == Stage::In {
            user.stage = Stage::Fencing;
            user.outbox.push(b"PING\r\n");
            self.flush(slot);
        }
    }

    fn is_complete(&self, slot: u32) -> bool {
        let own = self.owed.get(self.share.user(slot) as usize);
        self.books.ledger.accounted(slot) >= self.owed_in_all - own.copied().unwrap_or(0)
    }

    /// The `PONG` has come.
    pub(super) fn fenced(&mut self, slot: u32) {
        let user = &mut self.users[slot as usize];
        if user.stage == Stage::Fencing {
            user.stage = Stage::Done;
        }
    }

    pub(super) fn end_when_drained(&mut self) {
        let Phase::Draining { until } = self.phase else {
            return;
        };
        let drained = self.users.iter().all(|user| user.stage >= Stage::Done);
        if drained || self.shared.clock.now() >= until {
            self.phase = Phase::Over;
        }
    }
}
