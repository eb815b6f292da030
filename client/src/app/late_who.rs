//! Requests for `WHO`: right after the login they wait a moment, because the client asks then too, and
//! both together are more than a server takes at once.

use std::mem;
use std::time::Duration;

use crate::protocol::who::WhoPurpose;

/// Time after which a server takes another `WHO`: 1 s. It counts five lines, of ten at once and five a
/// second; the login counts a little.
const PAUSE: Duration = Duration::from_secs(1);

/// The user's requests that wait.
#[derive(Debug, Default)]
pub(super) struct LateWho {
    waiting: Vec<WhoPurpose>,
    until: Duration,
}

impl LateWho {
    pub(super) fn client_asks(&mut self, now: Duration) {
        self.until = now + PAUSE;
    }

    pub(super) fn add(&mut self, purpose: WhoPurpose) {
        self.waiting.push(purpose);
    }

    /// Returns when a request is to be sent.
    pub(super) fn due(&self) -> Option<Duration> {
        (!self.waiting.is_empty()).then_some(self.until)
    }

    /// Takes the requests that can be sent now.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<WhoPurpose> {
        if now < self.until {
            return Vec::new();
        }
        mem::take(&mut self.waiting)
    }
}
