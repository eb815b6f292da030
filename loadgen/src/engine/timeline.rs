//! Timeline: the seconds of a run, one after another.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::outcome::Second;
use super::shared::{Phase, Shared};
use super::user::State;
use super::worker::Worker;
use crate::machine::process::Used;
use crate::metrics::histogram::Histogram;
use crate::units::nanos;

/// The seconds that are over.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    seconds: Vec<Second>,
    /// What the server had used at the end of the last.
    server: Option<Used>,
}

impl Timeline {
    /// What the server has used when the first second begins.
    pub(super) fn begin(&mut self, server: Option<Used>) {
        self.server = server;
    }

    /// Takes in the seconds before this one, of which the last has just ended.
    pub(super) fn advance(
        &mut self,
        shared: &Shared,
        before: u32,
        users: u64,
        server: Option<Used>,
    ) {
        let taken = shared.seconds().take_before(before);
        while self.seconds.len() < before as usize {
            self.push(users);
        }
        for (second, tally) in taken {
            self.add(second, &tally);
        }
        let used = |server: Option<Used>| server.map(|used| used.cpu);
        if let (Some(last), Some(now)) = (self.seconds.last_mut(), server) {
            let before = used(self.server).unwrap_or(Duration::ZERO);
            last.server_cpu_ns = Some(nanos(now.cpu.saturating_sub(before)));
            last.server_memory_bytes = Some(now.memory);
        }
        self.server = server;
    }

    pub(super) fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// All of it, with what came behind the last second that was taken in.
    pub(super) fn end(mut self, shared: &Shared, users: u64) -> Vec<Second> {
        for (second, tally) in shared.seconds().take_before(u32::MAX) {
            while self.seconds.len() <= second as usize {
                self.push(users);
            }
            self.add(second, &tally);
        }
        self.seconds
    }

    fn push(&mut self, users: u64) {
        self.seconds.push(Second {
            second: self.seconds.len() as u32,
            users: u32::try_from(users).unwrap_or(u32::MAX),
            ..Second::default()
        });
    }

    /// A worker that was late may add to a second that was taken in before.
    fn add(&mut self, second: u32, tally: &SecondTally) {
        let second = &mut self.seconds[second as usize];
        second.sent += tally.sent;
        second.deliveries += tally.deliveries;
        second.deliver_ns.add(&tally.deliver);
    }
}

/// The seconds of a run that have not been taken yet, by their number.
#[derive(Debug, Default)]
pub(super) struct Seconds(BTreeMap<u32, SecondTally>);

/// One second, of some workers or of all.
#[derive(Debug, Clone, Default)]
pub(super) struct SecondTally {
    /// Of what was read in it.
    pub(super) deliver: Histogram,
    /// Deliveries that were read in it, whispers among them.
    pub(super) deliveries: u64,
    /// Messages that the kernel took in it.
    pub(super) sent: u32,
}

impl Seconds {
    /// Adds what one worker saw.
    pub(super) fn add(&mut self, second: u32, tally: &SecondTally) {
        let sum = self.0.entry(second).or_default();
        sum.deliver.add(&tally.deliver);
        sum.sent += tally.sent;
        sum.deliveries += tally.deliveries;
    }

    /// Takes out all before this one.
    pub(super) fn take_before(&mut self, second: u32) -> BTreeMap<u32, SecondTally> {
        let later = self.0.split_off(&second);
        std::mem::replace(&mut self.0, later)
    }
}

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
        let faults = self.metrics.ledger.faults() + self.metrics.whispers.faults();
        let new = faults - self.metrics.faults_shown;
        self.metrics.faults_shown = faults;
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
        self.metrics.measured.unread = self.metrics.measured.unread.max(each.unwrap_or(0));
    }
}
