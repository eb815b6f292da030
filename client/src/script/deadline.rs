//! Deadline of a script.

use std::time::{Duration, Instant};

use super::Action;

/// The time there is, from the connection on.
#[derive(Debug)]
pub(super) struct Deadline {
    timeout: Option<Duration>,
    at: Option<Instant>,
}

impl Deadline {
    /// One that begins with the connection; `None`: there is none.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, at: None }
    }

    /// The connection stands.
    pub(super) fn begin(&mut self, now: Instant) {
        self.at = self.timeout.map(|timeout| now + timeout);
    }

    /// Tells whether the time is over.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    /// Sees to it that the script is woken when the time is over: the last time it asks for counts, so
    /// none of them may be later, and one is asked for where the last has passed.
    pub(super) fn wake(&self, woken: bool, actions: &mut Vec<Action>) {
        let Some(deadline) = self.at else { return };
        let mut asks = false;
        for action in &mut *actions {
            if let Action::Wake(at) = action {
                *at = deadline.min(*at);
                asks = true;
            }
        }
        if woken && !asks {
            actions.push(Action::Wake(deadline));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_sleeps_past_it() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut deadline = Deadline::new(Some(5 * second));
        assert!(!deadline.is_over(now + 9 * second));
        deadline.begin(now);
        let wakes = |woken, asked: &[u32]| {
            let asked = asked.iter().map(|n| Action::Wake(now + *n * second));
            let mut actions: Vec<Action> = asked.collect();
            deadline.wake(woken, &mut actions);
            actions
        };
        assert_eq!(wakes(true, &[3]), [Action::Wake(now + 3 * second)]);
        assert_eq!(wakes(true, &[30]), [Action::Wake(now + 5 * second)]);
        assert_eq!(wakes(true, &[]), [Action::Wake(now + 5 * second)]);
        assert_eq!(wakes(false, &[]), []);
        assert!(!deadline.is_over(now + 4 * second));
        assert!(deadline.is_over(now + 5 * second));
        assert!(!Deadline::new(None).is_over(now));
    }
}
