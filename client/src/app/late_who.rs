//! Requests for `WHO`: each waits a moment after the one before, because two together are more than a
//! server takes at once. The first of a connection is the client's own.

use std::collections::VecDeque;
use std::time::Duration;

use wac_core::wire::command::Cost;

use super::pacer::lines;
use crate::protocol::who::WhoPurpose;

/// Time after which a server takes another `WHO`: 1 s. It counts five lines, of ten at once and five a
/// second; the login counts a little.
const PAUSE: Duration = Duration::from_secs(1);

/// The user's requests that wait.
#[derive(Debug, Default)]
pub(super) struct LateWho {
    waiting: VecDeque<WhoPurpose>,
    until: Duration,
}

impl LateWho {
    pub(super) fn asked(&mut self, now: Duration) {
        self.until = now + PAUSE;
    }

    /// Notes another line of the client's own: a server makes up for five a second.
    pub(super) fn spent(&mut self, cost: Cost, now: Duration) {
        self.until = self.until.max(now) + PAUSE * lines(cost) / 5;
    }

    pub(super) fn add(&mut self, purpose: WhoPurpose) {
        self.waiting.push_back(purpose);
    }

    /// Returns when a request is to be sent.
    pub(super) fn due(&self) -> Option<Duration> {
        (!self.waiting.is_empty()).then_some(self.until)
    }

    /// Takes a request that can be sent now.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<WhoPurpose> {
        if now < self.until {
            return None;
        }
        self.waiting.pop_front()
    }
}
