//! Noise: events that strangers may cause at will. Each is counted, and logged once a minute at most.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::room::locks::lock;

/// The shortest time between two log lines.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The counters of all noise.
#[derive(Debug, Default)]
pub(crate) struct Noise {
    /// Connections refused for a limit.
    pub(crate) refused: ThrottledCounter,
    /// Connections that spoke another protocol.
    pub(crate) foreign: ThrottledCounter,
    /// Senders that flood control began to hold back.
    pub(crate) held_back: ThrottledCounter,
    /// Logins with a wrong password, or with a name that is not registered.
    pub(crate) failed_logins: ThrottledCounter,
    /// Connections that could not be accepted for lack of resources.
    pub(crate) unaccepted: ThrottledCounter,
}

/// A counter that requests a log line at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct ThrottledCounter {
    events: AtomicU64,
    /// The time from which an event is logged again.
    next: Mutex<Duration>,
}

impl ThrottledCounter {
    /// Counts an event; returns the number of events so far if it is time to log it.
    pub(crate) fn count(&self, now: Duration) -> Option<u64> {
        let events = self.events.fetch_add(1, Ordering::Relaxed) + 1;
        let mut next = lock(&self.next);
        if now < *next {
            return None;
        }
        *next = now + LOG_EVERY;
        Some(events)
    }

    /// Returns the number of events so far.
    pub(crate) fn total(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_and_then_one_a_minute_is_logged() {
        let counter = ThrottledCounter::default();
        let noted: Vec<_> = [0, 1, 59, 60, 61]
            .map(|second| counter.count(Duration::from_secs(second)))
            .into();
        assert_eq!(noted, [Some(1), None, None, Some(4), None]);
        assert_eq!(counter.total(), 5);
    }
}
