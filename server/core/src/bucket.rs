//! Token bucket kept as one number: the moment at which it will be full again.

use std::time::Duration;

/// The speed at which a bucket fills, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens regained in a second, at least 1.
    pub per_second: u64,
    /// Tokens the full bucket holds, at least 1.
    pub burst: u64,
}

impl Rate {
    /// Returns the time in which the bucket regains `tokens`, rounded up.
    fn time(self, tokens: u64) -> u64 {
        let nanos = (u128::from(tokens) * 1_000_000_000).div_ceil(u128::from(self.per_second));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

/// A token bucket. A new one is full.
///
/// All times are since the server's start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bucket {
    /// The time at which the bucket will be full, in nanoseconds.
    full_at: u64,
}

impl Bucket {
    /// Takes tokens that may not be there yet; returns the time at which they will be.
    ///
    /// Each reservation has its turn after all earlier ones.
    pub fn reserve(&mut self, rate: Rate, tokens: u64, now: Duration) -> Duration {
        let enough_at = self.enough_at(rate, tokens, now);
        self.full_at = self
            .full_at
            .max(nanos(now))
            .saturating_add(rate.time(tokens));
        enough_at
    }

    /// Takes tokens if they are there; returns whether they were.
    pub fn take(&mut self, rate: Rate, tokens: u64, now: Duration) -> bool {
        let are_there = tokens <= rate.burst && self.enough_at(rate, tokens, now) <= now;
        if are_there {
            self.reserve(rate, tokens, now);
        }
        are_there
    }

    /// Returns the time at which there are `tokens` (at most a burst): `now` or earlier if there are already.
    pub fn enough_at(&self, rate: Rate, tokens: u64, now: Duration) -> Duration {
        let missing = rate.burst.saturating_sub(tokens);
        let at = self.full_at.saturating_sub(rate.time(missing));
        if at <= nanos(now) {
            now
        } else {
            Duration::from_nanos(at)
        }
    }

    /// Returns the number of tokens in the bucket.
    pub fn available(&self, rate: Rate, now: Duration) -> u64 {
        let filling = u128::from(self.full_at.saturating_sub(nanos(now)));
        let missing = (filling * u128::from(rate.per_second)).div_ceil(1_000_000_000);
        rate.burst
            .saturating_sub(u64::try_from(missing).unwrap_or(u64::MAX))
    }

    /// Tells whether the bucket is full.
    pub fn is_full(&self, now: Duration) -> bool {
        self.full_at <= nanos(now)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate {
        per_second: 5,
        burst: 10,
    };
    const START: Duration = Duration::from_secs(100);

    /// Reserves tokens if they are there; otherwise returns the time at which they will be.
    fn take(bucket: &mut Bucket, tokens: u64, now: Duration) -> Result<(), Duration> {
        let enough_at = bucket.enough_at(RATE, tokens, now);
        if enough_at > now {
            return Err(enough_at);
        }
        assert_eq!(bucket.reserve(RATE, tokens, now), now);
        Ok(())
    }

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let mut bucket = Bucket::default();
        for _ in 0..10 {
            assert_eq!(take(&mut bucket, 1, START), Ok(()));
        }
        let next = START + Duration::from_millis(200);
        assert_eq!(take(&mut bucket, 1, START), Err(next));
        assert_eq!(take(&mut bucket, 1, next), Ok(()));
        assert!(take(&mut bucket, 1, next).is_err());
    }

    #[test]
    fn a_bucket_is_full_again_after_a_quiet_time() {
        let mut bucket = Bucket::default();
        assert!(bucket.is_full(START));
        take(&mut bucket, 10, START).unwrap();
        assert_eq!(bucket.available(RATE, START), 0);
        assert_eq!(bucket.available(RATE, START + Duration::from_secs(1)), 5);
        assert!(bucket.is_full(START + Duration::from_secs(2)));
    }

    #[test]
    fn reservations_are_served_in_order() {
        let mut bucket = Bucket::default();
        take(&mut bucket, 10, START).unwrap();
        let turns: Vec<_> = (0..3).map(|_| bucket.reserve(RATE, 1, START)).collect();
        assert_eq!(
            turns,
            [200, 400, 600].map(|ms| START + Duration::from_millis(ms))
        );
        let next = START + Duration::from_millis(800);
        assert_eq!(take(&mut bucket, 1, turns[2]), Err(next));
        assert_eq!(bucket.available(RATE, START), 0);
    }

    proptest! {
        #[test]
        fn no_more_passes_than_burst_and_rate_allow(
            takes in proptest::collection::vec((0u64..400, 1u64..10), 1..200)) {
            let mut bucket = Bucket::default();
            let (mut now, mut taken) = (START, 0);
            for (wait_ms, tokens) in takes {
                now += Duration::from_millis(wait_ms);
                let enough = bucket.available(RATE, now) >= tokens;
                match take(&mut bucket, tokens, now) {
                    Ok(()) => { prop_assert!(enough); taken += tokens }
                    Err(at) => {
                        prop_assert!(!enough && at > now);
                        prop_assert!(bucket.available(RATE, at) >= tokens, "it is there when promised");
                    }
                }
                let allowed = 10.0 + 5.0 * (now - START).as_secs_f64();
                prop_assert!(taken as f64 <= allowed + 1e-6);
            }
        }
    }
}
