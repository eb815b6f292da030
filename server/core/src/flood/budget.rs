//! Budget of an address: the rate at which all of its sessions together may send.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::limits::Pace;
use super::room::LITTLE_BYTES;
use crate::bucket::{Bucket, Rate};

/// Bytes that an address may say ahead of others in a full room.
const AHEAD: Rate = Rate {
    per_second: LITTLE_BYTES,
    burst: LITTLE_BYTES,
};

/// The recent use of one address, by its sessions on any shard.
///
/// A line that has to wait gets a turn, and is paid for at once. A session has at most one line
/// waiting, so the sessions take turns: none starves beside a neighbour that sends
/// all the time, and none waits for more than one line of each of the others.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Account>);

#[derive(Debug, Default)]
struct Account {
    lines: Bucket,
    bytes: Bucket,
    ahead: Bucket,
    clock: Clock,
}

/// The time of an address, by its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressTime(Duration);

/// The clock of an address. It stands still while a line of the address waits in the room: however many of its turns come
/// due, the address has about one line at a time in the room's queue, as everybody has.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    /// The time for which it stands still, up to `until`.
    stood: Duration,
    until: Duration,
}

impl Clock {
    fn at(self, now: Duration) -> Duration {
        now.max(self.until) - self.stood
    }

    /// Returns when it shows a time, unless it stands still again.
    fn shows(self, time: AddressTime) -> Duration {
        (time.0 + self.stood).max(self.until)
    }

    fn stand_until(&mut self, until: Duration, now: Duration) {
        let since = now.max(self.until);
        if until > since {
            self.stood += until - since;
            self.until = until;
        }
    }
}

impl Budget {
    /// Pays for a line of `bytes`; returns its turn, and when that comes.
    pub(super) fn turn(
        &self,
        pace: &Pace,
        tokens: u64,
        bytes: u64,
        now: Duration,
    ) -> (AddressTime, Duration) {
        let mut account = self.account();
        let here = account.clock.at(now);
        let lines_at = account.lines.reserve(pace.lines, tokens, here);
        let bytes_at = account.bytes.reserve(pace.bytes, bytes, here);
        let turn = AddressTime(lines_at.max(bytes_at));
        (turn, account.clock.shows(turn))
    }

    /// Returns the time at which a turn comes, if no other line of the address has to wait in the room before.
    pub(super) fn comes_at(&self, turn: AddressTime) -> Duration {
        self.account().clock.shows(turn)
    }

    /// Lets no other turn come before a time, up to which a line of the address waits in the room.
    pub(super) fn hold_until(&self, until: Duration, now: Duration) {
        self.account().clock.stand_until(until, now);
    }

    /// Takes bytes that go ahead of others, if the address has them.
    pub(super) fn may_go_ahead(&self, bytes: u64, now: Duration) -> bool {
        self.account().ahead.take(AHEAD, bytes, now)
    }

    /// Tells whether the whole budget is free again.
    pub fn is_full(&self, now: Duration) -> bool {
        let account = self.account();
        let here = account.clock.at(now);
        account.lines.is_full(here) && account.bytes.is_full(here) && account.ahead.is_full(now)
    }

    /// Locks the account, which is consistent between any two calls, so a panic elsewhere does no harm.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
