//! Budget of the room: the rate at which all senders together may speak.

use std::time::Duration;

use crate::bucket::{Bucket, Rate};

/// Bytes that a sender may have said of late to count as one who says little; an address says so many a second ahead of others.
pub(super) const LITTLE_BYTES: u64 = 1024;
/// The part of the room's rate that is kept for those who say little.
const KEPT_PART: u64 = 4;

/// The time for which those here wait, at most, for what was said on other nodes of a cluster.
const MOST_DEBT: Duration = Duration::from_secs(10);

/// The amount that a sender has said of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// At most a kibibyte, as people do.
    Little,
    /// More.
    Much,
}

/// The recent use of the room by everybody.
///
/// Lines have their turns in the order in which they ask. In a full room a line of somebody who says little passes at
/// once, as long as a quarter of the rate is not used up by such lines: without that it would
/// wait for a line of each address that says as much as it may.
#[derive(Debug, Default)]
pub struct RoomBudget {
    all: Bucket,
    ahead: Bucket,
}

impl RoomBudget {
    /// Takes a turn for a line of `bytes`; returns the time at which it comes.
    pub fn turn(&mut self, rate: Rate, bytes: u64, said: Said, now: Duration) -> Duration {
        let at = self.all.reserve(rate, bytes, now);
        if at > now && said == Said::Little && self.ahead.take(kept(rate), bytes, now) {
            return now;
        }
        at
    }

    /// Charges the room with bytes that have been said on other nodes of a cluster. Nobody could hold them back here, so they are paid for
    /// by those who speak next.
    pub fn charge(&mut self, rate: Rate, bytes: u64, now: Duration) {
        if self.all.enough_at(rate, 0, now) < now + MOST_DEBT {
            self.all.reserve(rate, bytes, now);
        }
    }
}

/// Returns the rate that is kept for those who say little.
fn kept(rate: Rate) -> Rate {
    Rate {
        per_second: (rate.per_second / KEPT_PART).max(1),
        burst: (rate.burst / KEPT_PART).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 1000,
        burst: 2000,
    };
    const NOW: Duration = Duration::from_secs(100);

    #[test]
    fn what_was_said_on_other_nodes_is_a_debt_of_a_few_seconds() {
        let mut room = RoomBudget::default();
        room.charge(RATE, 5000, NOW);
        let turn = |room: &mut RoomBudget| room.turn(RATE, 1000, Said::Much, NOW);
        assert_eq!(turn(&mut room), NOW + Duration::from_secs(4));
        for _ in 0..100 {
            room.charge(RATE, 1000, NOW);
        }
        assert!(turn(&mut room) <= NOW + MOST_DEBT + Duration::from_secs(2));
    }
}
