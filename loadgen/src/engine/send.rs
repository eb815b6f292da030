//! What is due is sent: the schedule waits for nobody.

use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use super::phase::{Event, Phase};
use super::user::Stage;
use super::worker::Worker;

impl Worker {
    /// When this worker's next message is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        let schedule = &self.plan.schedule;
        (self.next_message < schedule.len())
            .then(|| self.shared.start() + schedule.due(self.next_message))
    }

    /// Sends all that is due by `now`.
    pub(super) fn send_due(&mut self, now: u64) {
        if self.phase != Phase::Sending {
            return;
        }
        while self.next_due().is_some_and(|due| due <= now) {
            self.send(self.next_message);
            self.next_message += 1;
            self.skip_others();
        }
    }

    /// Passes over the messages of other workers' senders.
    pub(super) fn skip_others(&mut self) {
        let schedule = &self.plan.schedule;
        while self.next_message < schedule.len()
            && !self.share.holds(schedule.sender(self.next_message))
        {
            self.next_message += 1;
        }
    }

    fn send(&mut self, message: u32) {
        let slot = self.share.slot(self.plan.schedule.sender(message));
        let user = &mut self.users[slot as usize];
        if user.stage != Stage::In {
            return;
        }
        self.line.clear();
        self.plan.payload.write_message(message, &mut self.line);
        user.outbox.push_message(&self.line, message);
        self.unwritten += 1;
        self.flush(slot);
    }

    /// Writes as much as the kernel takes.
    pub(super) fn flush(&mut self, slot: u32) {
        loop {
            let user = &mut self.users[slot as usize];
            if user.outbox.is_empty() || user.stage == Stage::Gone {
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
    fn note_written(&mut self, slot: u32) {
        let at = self.shared.clock.now();
        while let Some(message) = self.users[slot as usize].outbox.pop_written() {
            self.shared.set_written(message, at);
            self.shared.sent.fetch_add(1, Relaxed);
            let due = self.shared.start() + self.plan.schedule.due(message);
            self.books.figures.sendlag.record(due, at);
            self.books.sent += 1;
            self.unwritten -= 1;
        }
    }

    /// Tells the conductor, once, that the kernel has all it is to have.
    pub(super) fn tell_flushed(&mut self) {
        let stopped = match self.phase {
            Phase::Sending => self.next_due().is_none(),
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

    fn give_up_sending(&mut self) {
        for user in &mut self.users {
            self.unwritten -= user.outbox.give_up();
        }
    }
}
