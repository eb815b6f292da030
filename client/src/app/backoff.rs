//! Backoff with full jitter: a thousand clients that lost their server together must not come back
//! together.

use std::time::Duration;

/// The longest first wait: half a second; doubled with each try.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait: 30 s.
const LONGEST: Duration = Duration::from_secs(30);

/// Draws the waits.
#[derive(Debug)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    /// The same seed draws the same waits.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws the wait before the next try, from nothing up to its longest.
    pub(super) fn wait(&mut self, tries_before: u32) -> Duration {
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
