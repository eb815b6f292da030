//! Noise: events that strangers may cause at will. Each is counted, and logged once a minute at most, or so
//! rarely that they cannot fill a disk.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wac_core::bucket::{Bucket, Rate};

use crate::room::locks::lock;

/// The shortest time between two log lines.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Lines about visitors: a thousand at once, then 86,400 a day.
const OF_VISITORS: Rate = Rate {
    per_second: 1,
    burst: 1_000,
};
/// Lines about users: all of a full room that comes back after a restart, then ten a second.
const OF_USERS: Rate = Rate {
    per_second: 10,
    burst: 40_000,
};

/// The counters of all noise.
#[derive(Debug)]
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
    /// TLS handshakes that failed.
    pub(crate) handshakes: ThrottledCounter,
    /// Ends of sessions that never logged in.
    pub(crate) visitors: Sample,
    /// Logins, and ends of users' sessions.
    pub(crate) users: Sample,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            refused: ThrottledCounter::default(),
            foreign: ThrottledCounter::default(),
            held_back: ThrottledCounter::default(),
            unaccepted: ThrottledCounter::default(),
            handshakes: ThrottledCounter::default(),
            failed_logins: ThrottledCounter::default(),
            visitors: Sample::at(OF_VISITORS),
            users: Sample::at(OF_USERS),
        }
    }
}

/// Events that are logged one by one, unless they are too many.
#[derive(Debug)]
pub(crate) struct Sample {
    rate: Rate,
    taken: Mutex<Bucket>,
    /// Those not logged since the last that was.
    left_out: AtomicU64,
}

impl Sample {
    fn at(rate: Rate) -> Self {
        Self {
            rate,
            taken: Mutex::default(),
            left_out: AtomicU64::default(),
        }
    }

    /// Returns the number of events left out before this one, if this one is to be logged.
    pub(crate) fn take(&self, now: Duration) -> Option<u64> {
        if lock(&self.taken).take(self.rate, 1, now) {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
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

    #[test]
    fn each_visitor_is_logged_but_of_a_crowd_only_a_sample_which_says_how_many_it_leaves_out() {
        let visitors = Noise::default().visitors;
        let logged = (0..1_000).filter_map(|_| visitors.take(Duration::ZERO));
        assert_eq!(logged.collect::<Vec<_>>(), [0; 1_000]);
        let crowd = (0..5_000).filter_map(|_| visitors.take(Duration::ZERO));
        assert_eq!(crowd.count(), 0);
        assert_eq!(visitors.take(Duration::from_secs(1)), Some(5_000));
        assert_eq!(visitors.take(Duration::from_secs(2)), Some(0));
    }
}
