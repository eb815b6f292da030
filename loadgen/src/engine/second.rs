//! Once a second a worker hands over what it saw, and looks at itself.

use std::sync::atomic::Ordering::Relaxed;

use super::phase::Phase;
use super::timeline::SecondTally;
use super::user::State;
use super::worker::Worker;

const SECOND_NS: u64 = 1_000_000_000;
/// So many sockets are asked what they hold unread.
const SAMPLED: usize = 64;

/// The second that a worker is in.
#[derive(Debug, Default)]
pub(super) struct SecondState {
    /// Counted from the beginning of the sending.
    pub(super) number: u32,
    pub(super) tally: SecondTally,
}

impl Worker {
    /// When the second ends that this worker is in.
    pub(super) fn next_second(&self) -> u64 {
        self.shared.start() + (u64::from(self.second.number) + 1) * SECOND_NS
    }

    /// Hands over the seconds that are over.
    pub(super) fn turn_second(&mut self, now: u64) {
        let sends = matches!(
            self.phase,
            Phase::Sending | Phase::Stopping { .. } | Phase::Draining { .. }
        );
        if sends && now >= self.next_second() {
            self.look_at_unread();
            self.hand_over_second();
            self.second.number = ((now - self.shared.start()) / SECOND_NS) as u32;
        }
    }

    /// Hands over what has been seen since the last time.
    pub(super) fn hand_over_second(&mut self) {
        self.settle_services();
        let tally = &mut self.second.tally;
        self.shared.seconds().add(self.second.number, tally);
        tally.deliver.clear();
        tally.sent = 0;
        tally.deliveries = 0;
        let faults = self.books.ledger.faults() + self.books.whispers.faults();
        let new = faults - self.books.faults_shown;
        self.books.faults_shown = faults;
        self.shared.faults.fetch_add(new, Relaxed);
    }

    /// Looks at what lies unread in a sample of the sockets.
    fn look_at_unread(&mut self) {
        let step = (self.users.len() / SAMPLED).max(1);
        let sample = self.users.iter().step_by(step);
        let unread: Vec<u64> = sample
            .filter(|user| user.state == State::In)
            .filter_map(|user| user.unread())
            .collect();
        let each = unread.iter().sum::<u64>().checked_div(unread.len() as u64);
        self.books.measured.unread = self.books.measured.unread.max(each.unwrap_or(0));
    }
}
