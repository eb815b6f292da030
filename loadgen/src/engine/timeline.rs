//! The seconds of a run, one after another.

use std::time::Duration;

use super::shared::Shared;
use crate::books::seconds::SecondBooks;
use crate::machine::process::Used;
use crate::nanos::nanos;
use crate::result::Second;

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
        for (second, books) in taken {
            self.add(second, &books);
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
        for (second, books) in shared.seconds().take_before(u32::MAX) {
            while self.seconds.len() <= second as usize {
                self.push(users);
            }
            self.add(second, &books);
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
    fn add(&mut self, second: u32, books: &SecondBooks) {
        let second = &mut self.seconds[second as usize];
        second.sent += books.sent;
        second.deliveries += books.deliveries;
        second.deliver_ns.add(&books.deliver);
    }
}
