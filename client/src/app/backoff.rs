//! Backoff with full jitter: a thousand clients that lost their server together must not come back
//! together.

use std::time::Duration;

use super::settings::Reconnect;

/// Upper bound of the first wait: half a second; it doubles with each try.
const FIRST: Duration = Duration::from_millis(500);
/// Upper bound of every wait: 30 s.
const LONGEST: Duration = Duration::from_secs(30);

/// The tries of a lost connection.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Reconnect,
    jitter: Jitter,
    /// Failed tries in a row.
    tries: u32,
}

impl Backoff {
    pub(super) fn new(limit: Reconnect, jitter: Jitter) -> Self {
        Self {
            limit,
            jitter,
            tries: 0,
        }
    }

    /// Returns the wait before the next try; `None` if there is to be none.
    pub(super) fn next_wait(&mut self) -> Option<Duration> {
        if matches!(self.limit, Reconnect::Times(times) if self.tries >= times) {
            return None;
        }
        let wait = self.jitter.wait(self.tries);
        self.tries += 1;
        Some(wait)
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

/// A source of random waits.
#[derive(Debug)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    /// Creates a source; the same seed draws the same waits.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws the wait before the next try, between zero and its upper bound.
    fn wait(&mut self, tries_before: u32) -> Duration {
        let longest = longest(tries_before).as_millis() as u64;
        Duration::from_millis(self.draw() % (longest + 1))
    }

    /// SplitMix64: any seed will do.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn longest(tries_before: u32) -> Duration {
    let doubled = 1_u32.checked_shl(tries_before).unwrap_or(u32::MAX);
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
    fn waits_are_drawn_from_the_whole_range() {
        let mut jitter = Jitter::new(1);
        let waits: Vec<Duration> = (0..1000).map(|_| jitter.wait(6)).collect();
        assert!(waits.iter().all(|wait| *wait <= LONGEST));
        let below = |limit| waits.iter().filter(|wait| **wait < limit).count();
        assert!((200..300).contains(&below(LONGEST / 4)));
        assert!((700..800).contains(&below(LONGEST * 3 / 4)));
    }
}
