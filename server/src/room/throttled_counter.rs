//! What is counted always and logged now and then.

use std::sync::Mutex;
use std::time::Duration;

use crate::room::sync::lock;

/// The log is told at most once in this time.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Counts events that strangers may cause at will, and says when to log them.
#[derive(Debug, Default)]
pub(crate) struct ThrottledCounter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: Duration,
    events: u64,
}

impl ThrottledCounter {
    /// Counts an event; returns how many there were when it is time to log that.
    pub(crate) fn note(&self, now: Duration) -> Option<u64> {
        let mut state = lock(&self.0);
        state.events += 1;
        if now < state.next {
            return None;
        }
        state.next = now + LOG_EVERY;
        Some(state.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_then_one_a_minute_is_logged() {
        let rare = ThrottledCounter::default();
        let noted: Vec<_> = [0, 1, 59, 60, 61]
            .map(|second| rare.note(Duration::from_secs(second)))
            .into();
        assert_eq!(noted, [Some(1), None, None, Some(4), None]);
    }
}
