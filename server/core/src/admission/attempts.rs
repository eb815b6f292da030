//! Attempts to log in with a password, in the order in which they are checked: one at a time, addresses take
//! turns, and wrong ones cost their address time.
//!
//! ```text
//!  push ─▶ waiting, by address ─▶ next ─▶ (a hash, elsewhere) ─▶ judged ─▶ the address's next one may be checked
//!                                                                          └ later, if it was one mistake too many
//! ```
//!
//! An address has one attempt checked at a time, and then the others have their turns. So a login waits for no more
//! than one check of each other address, and those of its own.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{canonical, networks};
use crate::bucket::{Bucket, Rate};
use crate::password::Verdict;

/// Mistakes of an address: ten at once, then one in five seconds.
const MISTAKES: Rate = Rate {
    per_second: 1,
    burst: 50,
};
/// Tokens of a mistake, so that those regained in a second are a whole number.
const MISTAKE: u64 = 5;
/// The least number of known origins that makes a sweep for unused ones worthwhile.
const FIRST_SWEEP: usize = 64;

/// The origin of an attempt: an IPv4 address, an IPv6 /64 or (`None`) the Unix sockets.
pub type Origin = Option<IpNet>;

/// Whether mistakes cost an origin time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// They do.
    Limited,
    /// They do not: it is exempt from the limits on addresses.
    Unlimited,
}

/// The next attempt to check.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// This one, now.
    Check(Origin, T),
    /// One at this time, if no other comes before.
    At(Duration),
    /// None.
    Nothing,
}

/// Attempts that wait. Times are since the server's start.
#[derive(Debug)]
pub struct Attempts<T> {
    lines: HashMap<Origin, Line<T>>,
    /// Origins whose first attempt may be checked, in the order of their turns.
    ready: VecDeque<Origin>,
    /// Origins whose first attempt has to wait, until then.
    resting: BTreeSet<(Duration, Origin)>,
    sweep_at: usize,
}

/// The attempts of an origin.
#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<T>,
    mistakes: Bucket,
    patience: Patience,
    place: Place,
}

/// The place of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Idle,
    Ready,
    Resting(Duration),
    /// One of its attempts is being checked.
    Checking,
}

impl<T> Default for Attempts<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            ready: VecDeque::new(),
            resting: BTreeSet::new(),
            sweep_at: FIRST_SWEEP,
        }
    }
}

/// Returns the origin of an address.
pub fn origin(address: Option<IpAddr>) -> Origin {
    canonical(address).map(networks::own_network)
}

impl<T> Attempts<T> {
    /// Adds an attempt.
    pub fn push(&mut self, origin: Origin, patience: Patience, attempt: T, now: Duration) {
        self.forget_some(now);
        let line = self.lines.entry(origin).or_default();
        line.patience = patience;
        line.waiting.push_back(attempt);
        if line.place == Place::Idle {
            self.place(origin, now);
        }
    }

    /// Takes the attempt to check now, or tells when there is one. Whoever takes one has to [judge](Self::judged) it.
    pub fn next(&mut self, now: Duration) -> Next<T> {
        while let Some(&(at, origin)) = self.resting.first()
            && at <= now
        {
            self.resting.pop_first();
            self.set(origin, Place::Ready);
            self.ready.push_back(origin);
        }
        while let Some(origin) = self.ready.pop_front() {
            if let Some(attempt) = self.take(origin) {
                return Next::Check(origin, attempt);
            }
        }
        match self.resting.first() {
            Some(&(at, _)) => Next::At(at),
            None => Next::Nothing,
        }
    }

    /// Notes the outcome of a check. The origin's next attempt goes behind those of the others.
    pub fn judged(&mut self, origin: Origin, verdict: Verdict, now: Duration) {
        if let Some(line) = self.lines.get_mut(&origin) {
            if (verdict, line.patience) == (Verdict::Wrong, Patience::Limited) {
                line.mistakes.reserve(MISTAKES, MISTAKE, now);
            }
            self.place(origin, now);
        }
    }

    /// Drops the attempts of an origin that are meant: nobody waits for them any more.
    pub fn withdraw(&mut self, origin: Origin, is_meant: impl Fn(&T) -> bool) {
        if let Some(line) = self.lines.get_mut(&origin) {
            line.waiting.retain(|attempt| !is_meant(attempt));
        }
    }

    fn take(&mut self, origin: Origin) -> Option<T> {
        let line = self.lines.get_mut(&origin)?;
        let attempt = line.waiting.pop_front();
        line.place = match attempt {
            Some(_) => Place::Checking,
            None => Place::Idle,
        };
        attempt
    }

    /// Gives an origin whose last attempt was judged, or that had none, its place.
    fn place(&mut self, origin: Origin, now: Duration) {
        let Some(line) = self.lines.get(&origin) else {
            return;
        };
        let place = match line.patience {
            _ if line.waiting.is_empty() => Place::Idle,
            Patience::Unlimited => Place::Ready,
            Patience::Limited => match line.mistakes.enough_at(MISTAKES, MISTAKE, now) {
                at if at > now => Place::Resting(at),
                _ => Place::Ready,
            },
        };
        match place {
            Place::Ready => self.ready.push_back(origin),
            Place::Resting(at) => _ = self.resting.insert((at, origin)),
            Place::Idle | Place::Checking => {}
        }
        self.set(origin, place);
    }

    fn set(&mut self, origin: Origin, place: Place) {
        if let Some(line) = self.lines.get_mut(&origin) {
            line.place = place;
        }
    }

    /// Forgets the origins that have no attempt and no mistake left, once enough are known to make it worthwhile.
    ///
    /// # Cost
    /// Constant for each attempt, on average.
    fn forget_some(&mut self, now: Duration) {
        if self.lines.len() >= self.sweep_at {
            self.lines
                .retain(|_, line| line.place != Place::Idle || !line.mistakes.is_full(now));
            self.sweep_at = FIRST_SWEEP.max(2 * self.lines.len());
        }
    }
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            mistakes: Bucket::default(),
            patience: Patience::Limited,
            place: Place::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn from(last: u8) -> Origin {
        origin(Some(IpAddr::from([192, 0, 2, last])))
    }

    fn push(attempts: &mut Attempts<u32>, last: u8, attempt: u32) {
        attempts.push(from(last), Patience::Limited, attempt, START);
    }

    /// Checks everything that may be checked at a time, always with the same outcome.
    fn check_all(attempts: &mut Attempts<u32>, verdict: Verdict, now: Duration) -> Vec<u32> {
        let mut checked = Vec::new();
        while let Next::Check(origin, attempt) = attempts.next(now) {
            checked.push(attempt);
            attempts.judged(origin, verdict, now);
        }
        checked
    }

    #[test]
    fn addresses_take_turns_however_many_attempts_one_of_them_has() {
        let mut attempts = Attempts::default();
        (0..5).for_each(|number| push(&mut attempts, 1, number));
        push(&mut attempts, 2, 20);
        push(&mut attempts, 3, 30);
        let checked = check_all(&mut attempts, Verdict::Right, START);
        assert_eq!(checked, [0, 20, 30, 1, 2, 3, 4]);
    }

    #[test]
    fn one_attempt_of_an_address_is_checked_at_a_time() {
        let mut attempts = Attempts::default();
        (0..2).for_each(|number| push(&mut attempts, 1, number));
        assert_eq!(attempts.next(START), Next::Check(from(1), 0));
        push(&mut attempts, 1, 2);
        assert_eq!(attempts.next(START), Next::Nothing);
        attempts.judged(from(1), Verdict::Right, START);
        assert_eq!(attempts.next(START), Next::Check(from(1), 1));
    }

    #[test]
    fn ten_mistakes_pass_at_once_and_then_one_in_five_seconds() {
        let mut attempts = Attempts::default();
        (0..12).for_each(|number| push(&mut attempts, 1, number));
        assert_eq!(check_all(&mut attempts, Verdict::Wrong, START).len(), 10);
        let later = START + Duration::from_secs(5);
        assert_eq!(attempts.next(START), Next::At(later));
        assert_eq!(check_all(&mut attempts, Verdict::Wrong, later), [10]);
        push(&mut attempts, 2, 20);
        let checked = check_all(&mut attempts, Verdict::Wrong, later);
        assert_eq!(checked, [20], "other addresses do not wait");
    }

    #[test]
    fn right_passwords_cost_no_time_nor_do_mistakes_of_exempt_addresses() {
        let mut attempts = Attempts::default();
        (0..100).for_each(|number| push(&mut attempts, 1, number));
        assert_eq!(check_all(&mut attempts, Verdict::Right, START).len(), 100);
        for number in 0..100 {
            attempts.push(None, Patience::Unlimited, number, START);
        }
        assert_eq!(check_all(&mut attempts, Verdict::Wrong, START).len(), 100);
    }

    #[test]
    fn addresses_of_one_network_are_one_origin() {
        let v6 = |text: &str| origin(Some(text.parse().unwrap()));
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::2"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
        assert_eq!(v6("::ffff:192.0.2.1"), from(1));
    }

    #[test]
    fn a_withdrawn_attempt_is_not_checked_and_leaves_nothing_behind() {
        let mut attempts = Attempts::default();
        (0..3).for_each(|number| push(&mut attempts, 1, number));
        attempts.withdraw(from(1), |number| *number != 1);
        assert_eq!(check_all(&mut attempts, Verdict::Right, START), [1]);
        push(&mut attempts, 1, 3);
        attempts.withdraw(from(1), |_| true);
        assert_eq!(attempts.next(START), Next::Nothing);
        push(&mut attempts, 1, 4);
        assert_eq!(check_all(&mut attempts, Verdict::Right, START), [4]);
    }

    #[test]
    fn origins_without_attempts_or_mistakes_are_forgotten() {
        let mut attempts = Attempts::default();
        for second in 0..10_000u32 {
            let now = START + Duration::from_secs(second.into());
            let from = origin(Some(IpAddr::V4(second.into())));
            attempts.push(from, Patience::Limited, second, now);
            check_all(&mut attempts, Verdict::Wrong, now);
            assert!(attempts.lines.len() <= FIRST_SWEEP);
        }
    }
}
