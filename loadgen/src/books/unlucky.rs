//! Each reader's own p99: who is served worst?

use crate::plan::share::Share;

/// Steps between a time and its double: the middle of a step is at most 6.3 % off.
const STEPS: u32 = 8;
/// Times below 2^13 ns (8 µs) are one, times from 2^34 ns (17 s) on are another.
const FIRST_BIT: u32 = 13;
const BITS: u32 = 21;
const BUCKETS: usize = (BITS * STEPS) as usize;
/// A p99 needs ten observations beyond it.
const ENOUGH: u64 = 1000;

/// How long deliveries took, for each of one worker's readers.
///
/// # Cost
/// 336 bytes for each reader: small, for it is cold memory that each delivery touches.
#[derive(Debug)]
pub(crate) struct Unlucky {
    share: Share,
    counts: Vec<u16>,
}

impl Unlucky {
    pub(crate) fn new(share: Share, users: u32) -> Self {
        Self {
            share,
            counts: vec![0; share.of(users) as usize * BUCKETS],
        }
    }

    /// Counts one delivery, in nanoseconds.
    pub(crate) fn record(&mut self, slot: u32, nanos: u64) {
        let reader = slot as usize * BUCKETS;
        let reader = &mut self.counts[reader..reader + BUCKETS];
        if reader[bucket(nanos)] == u16::MAX {
            // Percentiles are of shares: half of all is as good.
            reader.iter_mut().for_each(|count| *count /= 2);
        }
        reader[bucket(nanos)] += 1;
    }

    /// The p99 and the number of each user with enough deliveries to have one.
    pub(crate) fn p99s(&self) -> impl Iterator<Item = (u64, u32)> {
        let readers = (0..).zip(self.counts.chunks_exact(BUCKETS));
        readers.filter_map(|(slot, counts)| Some((p99(counts)?, self.share.user(slot))))
    }
}

fn p99(counts: &[u16]) -> Option<u64> {
    let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let mut beyond = all / 100;
    let bucket = counts.iter().rposition(|&count| {
        let inside = u64::from(count) > beyond;
        beyond = beyond.saturating_sub(count.into());
        inside
    })?;
    (all >= ENOUGH).then(|| middle(bucket))
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(1 << FIRST_BIT);
    let bit = nanos.ilog2();
    let step = (nanos >> (bit - STEPS.ilog2())) as u32 % STEPS;
    (((bit - FIRST_BIT) * STEPS + step) as usize).min(BUCKETS - 1)
}

/// The middle of what a bucket holds, in nanoseconds.
fn middle(bucket: usize) -> u64 {
    let (bit, step) = (
        bucket as u32 / STEPS + FIRST_BIT,
        bucket as u64 % u64::from(STEPS),
    );
    let width = 1 << (bit - STEPS.ilog2());
    (1 << bit) + step * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Share = Share {
        worker: 0,
        workers: 1,
    };

    #[test]
    fn each_reader_has_its_own_p99_to_a_few_per_cent() {
        let mut unlucky = Unlucky::new(ALONE, 3);
        for count in 1..=2000 {
            unlucky.record(0, count * 1_000);
            unlucky.record(1, count * 10_000);
        }
        unlucky.record(2, 5);
        let p99s: Vec<_> = unlucky.p99s().collect();
        assert_eq!(
            p99s.iter().map(|(_, user)| *user).collect::<Vec<_>>(),
            [0, 1]
        );
        for ((found, _), wanted) in p99s.iter().zip([1_980_000_f64, 19_800_000.0]) {
            assert!(
                (*found as f64 / wanted - 1.0).abs() < 0.1,
                "{found} for {wanted}"
            );
        }
    }

    #[test]
    fn every_time_is_in_a_bucket_whose_middle_is_near() {
        for bit in 13..34 {
            for nanos in [1_u64 << bit, (1 << bit) + (1 << bit) / 3, (2 << bit) - 1] {
                let middle = middle(bucket(nanos)) as f64;
                assert!(
                    (middle / nanos as f64 - 1.0).abs() < 0.07,
                    "{nanos}: {middle}"
                );
            }
        }
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn many_deliveries_don_t_overflow_and_keep_their_shares() {
        let mut unlucky = Unlucky::new(ALONE, 1);
        for count in 0..200_000_u64 {
            unlucky.record(
                0,
                if count % 50 == 0 {
                    40_000_000
                } else {
                    1_000_000
                },
            );
        }
        let (p99, _) = unlucky.p99s().next().unwrap();
        assert!(p99 > 35_000_000, "{p99}");
    }
}
