//! Reading: the sockets that are ready are read, and the bytes cut into lines.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use memchr::memchr;

use super::JoinError;
use super::receive::Received;
use super::shared::{Event, Phase};
use super::user::State;
use super::worker::Worker;
use crate::plan::ids::Slot;

/// The longest line a server sends, by the protocol.
const MAX_LINE_BYTES: usize = 4352;

impl Worker {
    /// Reads all there is; its lines have the time at which it came.
    pub(super) fn read(&mut self, slot: Slot) {
        let mut inbox = std::mem::take(&mut self.inbox);
        while self.users[slot.index()].state != State::Gone {
            match self.users[slot.index()].poll_read(&mut inbox) {
                Poll::Ready(Ok(Received { bytes: 0, .. })) => self.ended(slot, None),
                Poll::Ready(Ok(received)) => {
                    let at = self.dates.arrival(received);
                    let before = self.metrics.received;
                    self.on_lines(slot, at, &inbox.bytes[..received.bytes]);
                    self.came(at, self.metrics.received - before);
                }
                Poll::Ready(Err(error)) => self.ended(slot, Some(error)),
                Poll::Pending => break,
            }
        }
        self.inbox = inbox;
    }

    /// Counts the deliveries of one read in the second and the stage that are under way.
    fn came(&mut self, at: u64, deliveries: u64) {
        self.second.tally.deliveries += deliveries;
        if self.phase == Phase::Sending {
            let stage = self
                .plan
                .stage_under_way(at.saturating_sub(self.shared.start()));
            if let Some(stage) = stage {
                self.metrics.measured.came[stage] += deliveries;
            }
        }
    }

    fn on_lines(&mut self, slot: Slot, at: u64, mut bytes: &[u8]) {
        while let Some(end) = memchr(b'\n', bytes) {
            let line = &bytes[..end];
            self.on_line(slot, at, line.strip_suffix(b"\r").unwrap_or(line));
            // An answer could not be written: what follows comes again with the replay.
            if self.users[slot.index()].state == State::Away {
                return;
            }
            bytes = &bytes[end + 1..];
        }
        if bytes.len() > MAX_LINE_BYTES {
            self.metrics.ledger.corrupted(at, slot, None);
            bytes = &[];
        }
        self.users[slot.index()].carry(bytes);
    }

    /// The connection has ended, or failed.
    pub(super) fn ended(&mut self, slot: Slot, error: Option<io::Error>) {
        let shown = self.metrics.ledger.is_excused(slot);
        let resumes = self.is_to_resume(slot);
        let user = &mut self.users[slot.index()];
        self.unwritten -= user.outbox.give_up();
        user.drop_connection();
        if resumes {
            return self.cut_off(slot);
        }
        let (stage, came_back) = (user.state, user.came_back);
        user.state = match stage {
            // It comes back when its time has come.
            State::Leaving => State::Away,
            State::Done => State::Done,
            _ => State::Gone,
        };
        match (stage, error) {
            (State::Gone | State::Done | State::Leaving | State::Away, _) => {}
            // The limit is the reason, and has been reported.
            (State::Joining, _) if shown && !came_back => self.phase = Phase::Over,
            (State::Joining, Some(error)) if !came_back => self.cannot_join(slot, error),
            (State::Joining, None) if !came_back => {
                let user = self.partition.user(slot);
                self.give_up(JoinError::Closed { user });
            }
            (State::Joining | State::In | State::Fencing, _) => {
                if stage == State::In {
                    self.shared.joined.fetch_sub(1, Relaxed);
                }
                self.metrics.tally.cut += u64::from(!shown);
                self.metrics.measured.held.insert(self.partition.user(slot));
                self.gone += 1;
                if self.gone == self.partition.of(self.plan.workload.users) {
                    self.report(Event::Deserted);
                }
            }
        }
    }
}
