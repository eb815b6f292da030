//! Backoff with full jitter: a thousand clients that lost their server together must not come back
//! together. The other servers of a room are tried without a wait.

use std::time::Duration;

use fastrand::Rng;

use super::settings::Reconnect;

/// Upper bound of the first wait: half a second; it doubles with each try.
const FIRST: Duration = Duration::from_millis(500);
/// Upper bound of every wait: 30 s.
const LONGEST: Duration = Duration::from_secs(30);

/// The tries of a lost connection.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Reconnect,
    jitter: Rng,
    /// Failed tries in a row.
    tries: u32,
    /// Tries that need no wait: one for each server beside the one that was lost.
    at_once: u32,
}

impl Backoff {
    pub(super) fn new(limit: Reconnect, jitter: Rng) -> Self {
        Self {
            limit,
            jitter,
            tries: 0,
            at_once: 0,
        }
    }

    /// Returns the wait before the next try; `None` if there is to be none.
    pub(super) fn next_wait(&mut self) -> Option<Duration> {
        if matches!(self.limit, Reconnect::Times(times) if self.tries >= times) {
            return None;
        }
        let waited_before = self.tries.checked_sub(self.at_once);
        self.tries += 1;
        Some(waited_before.map_or(Duration::ZERO, |waits| {
            let longest = longest(waits).as_millis() as u64;
            Duration::from_millis(self.jitter.u64(0..=longest))
        }))
    }

    /// Takes note of a connection to a server that has so many others beside it.
    pub(super) fn connected(&mut self, others: usize) {
        self.at_once = u32::try_from(others).unwrap_or(u32::MAX);
    }

    /// Takes note that no server answers.
    pub(super) fn all_tried(&mut self) {
        self.at_once = 0;
    }

    /// Returns the number of the next try, once its wait has begun.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// Starts anew, after a connection that was good.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }
}

fn longest(waits_before: u32) -> Duration {
    let doubled = 1_u32.checked_shl(waits_before).unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_from_half_a_second_to_thirty() {
        let seconds = |tries| longest(tries).as_secs_f64();
        let waits = [0, 1, 2, 3, 4, 5, 6, 7, 31, 32, 1000].map(seconds);
        let wanted = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0, 30.0];
        assert_eq!(waits, wanted);
    }

    #[test]
    fn each_other_server_is_tried_at_once_until_none_answers() {
        let mut backoff = Backoff::new(Reconnect::Forever, Rng::with_seed(1));
        let waits = |backoff: &mut Backoff| {
            let wait = backoff.next_wait().unwrap();
            !wait.is_zero()
        };
        backoff.connected(2);
        assert_eq!(
            [(); 4].map(|()| waits(&mut backoff)),
            [false, false, true, true]
        );
        backoff.reset();
        assert!(!waits(&mut backoff));
        backoff.all_tried();
        assert!(waits(&mut backoff));
        let mut none = Backoff::new(Reconnect::Times(0), Rng::with_seed(1));
        none.connected(2);
        assert_eq!(none.next_wait(), None);
    }

    #[test]
    fn waits_are_drawn_from_the_whole_range() {
        let mut backoff = Backoff::new(Reconnect::Forever, Rng::with_seed(1));
        backoff.tries = 6;
        let waits: Vec<Duration> = (0..1000).filter_map(|_| backoff.next_wait()).collect();
        assert!(waits.iter().all(|wait| *wait <= LONGEST));
        let below = |limit| waits.iter().filter(|wait| **wait < limit).count();
        assert!((200..300).contains(&below(LONGEST / 4)));
        assert!((700..800).contains(&below(LONGEST * 3 / 4)));
    }
}
