//! Flood control: a sender that is too fast is held back; nothing is refused, nothing is lost.

use std::time::Duration;

use crate::bucket::{Bucket, Rate};
use crate::command::Cost;

/// Being held back for so long on end closes a session: else a client that pushed megabytes into
/// its own kernel and left would "talk" for hours as a ghost.
pub const HELD_LIMIT: Duration = Duration::from_secs(120);
/// Bytes a session may send at once, and then in a second.
const BYTES: Rate = Rate {
    per_second: 8 * 1024,
    burst: 16 * 1024,
};
/// A held socket is read again when it may give so many bytes, lest it wake the shard for each.
const WORTH_READING_BYTES: u64 = 1024;
/// Tokens of a line: PING and LIN cost one of them.
const FIFTHS: u64 = 5;

/// The limits of one session's sending.
#[derive(Debug, Clone, Copy)]
pub struct FloodLimits {
    /// In fifths of a line.
    lines: Rate,
}

impl FloodLimits {
    /// Lets `burst` lines pass at once (at least 1), then `per_second` (at least 1).
    pub fn new(per_second: u32, burst: u32) -> Self {
        let fifths = |lines: u32| u64::from(lines.max(1)) * FIFTHS;
        Self {
            lines: Rate {
                per_second: fifths(per_second),
                burst: fifths(burst),
            },
        }
    }

    fn tokens(&self, cost: Cost) -> u64 {
        match cost {
            Cost::Free => 0,
            Cost::Fifth => 1,
            Cost::Line => FIFTHS,
            Cost::FiveLines => (5 * FIFTHS).min(self.lines.burst),
        }
    }
}

/// What one session has sent of late. Times are since the server's start.
#[derive(Debug, Default)]
pub struct Flood {
    lines: Bucket,
    bytes: Bucket,
    /// Since when something of it has been waiting, without a break.
    held_since: Option<Duration>,
    /// It has been told in this episode, which ends when nothing waits and a whole burst is
    /// allowed again.
    told: bool,
}

/// A session is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// When to try again.
    pub until: Duration,
    /// This is the first time in this episode.
    pub is_news: bool,
    /// It has been held for [`HELD_LIMIT`].
    pub too_long: bool,
}

impl Flood {
    /// Lets a line pass: its own cost, and what the room says to it.
    ///
    /// # Errors
    /// [`Held`], and then nothing was taken.
    pub fn line(
        &mut self,
        limits: &FloodLimits,
        cost: Cost,
        now: Duration,
        room: impl FnOnce() -> Result<(), Duration>,
    ) -> Result<(), Held> {
        let tokens = limits.tokens(cost);
        let enough_at = self.lines.enough_at(limits.lines, tokens, now);
        if tokens > 0 && enough_at > now {
            return Err(self.hold(enough_at, now));
        }
        room().map_err(|until| self.hold(until, now))?;
        self.lines
            .take(limits.lines, tokens, now)
            .map_err(|until| self.hold(until, now))
    }

    /// Returns how many bytes may be read now, at least 1.
    ///
    /// # Errors
    /// [`Held`], if it is not worth reading yet.
    pub fn may_read(&mut self, now: Duration) -> Result<usize, Held> {
        let available = self.bytes.available(BYTES, now);
        if available < WORTH_READING_BYTES {
            let until = self.bytes.enough_at(BYTES, WORTH_READING_BYTES, now);
            return Err(self.hold(until, now));
        }
        Ok(usize::try_from(available).unwrap_or(usize::MAX))
    }

    /// Counts bytes that were read, at most as many as [`may_read`](Self::may_read) said.
    pub fn read(&mut self, bytes: usize, now: Duration) {
        if self.held_since.is_none() && self.lines.is_full(now) && self.bytes.is_full(now) {
            self.told = false;
        }
        let taken = self.bytes.take(BYTES, bytes as u64, now);
        debug_assert!(taken.is_ok(), "no more is read than may be");
    }

    /// Notes that nothing of the session waits: it is not held.
    pub fn caught_up(&mut self) {
        self.held_since = None;
    }

    fn hold(&mut self, until: Duration, now: Duration) -> Held {
        let since = *self.held_since.get_or_insert(now);
        let is_news = !std::mem::replace(&mut self.told, true);
        let limit = since + HELD_LIMIT;
        Held {
            until: until.min(limit).max(now),
            is_news,
            too_long: now >= limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(50);

    fn limits() -> FloodLimits {
        FloodLimits::new(5, 10)
    }

    fn line(flood: &mut Flood, cost: Cost, now: Duration) -> Result<(), Held> {
        flood.line(&limits(), cost, now, || Ok(()))
    }

    #[test]
    fn a_burst_passes_and_the_eleventh_line_waits_and_is_told_once() {
        let mut flood = Flood::default();
        for _ in 0..10 {
            assert_eq!(line(&mut flood, Cost::Line, START), Ok(()));
        }
        let held = line(&mut flood, Cost::Line, START).unwrap_err();
        assert_eq!(held.until, START + Duration::from_millis(200));
        assert!(held.is_news && !held.too_long);
        assert!(!line(&mut flood, Cost::Line, START).unwrap_err().is_news);
        assert_eq!(line(&mut flood, Cost::Line, held.until), Ok(()));
    }

    #[test]
    fn a_ping_is_cheap_who_is_dear_and_quit_is_free() {
        let mut flood = Flood::default();
        for _ in 0..50 {
            assert_eq!(line(&mut flood, Cost::Fifth, START), Ok(()));
        }
        assert!(line(&mut flood, Cost::Fifth, START).is_err());
        assert_eq!(line(&mut flood, Cost::Free, START), Ok(()));
        let mut flood = Flood::default();
        assert_eq!(line(&mut flood, Cost::FiveLines, START), Ok(()));
        assert_eq!(line(&mut flood, Cost::FiveLines, START), Ok(()));
        assert!(line(&mut flood, Cost::FiveLines, START).is_err());
        let small = FloodLimits::new(5, 2);
        assert_eq!(
            Flood::default().line(&small, Cost::FiveLines, START, || Ok(())),
            Ok(())
        );
    }

    #[test]
    fn a_quiet_time_ends_the_episode() {
        let mut flood = Flood::default();
        while line(&mut flood, Cost::Line, START).is_ok() {}
        let later = START + Duration::from_secs(2);
        assert!(
            !flood
                .line(&limits(), Cost::Line, later, || Err(later))
                .unwrap_err()
                .is_news
        );
        flood.caught_up();
        let again = START + Duration::from_secs(10);
        flood.read(100, again);
        for _ in 0..10 {
            assert_eq!(line(&mut flood, Cost::Line, again), Ok(()));
        }
        assert!(line(&mut flood, Cost::Line, again).unwrap_err().is_news);
    }

    #[test]
    fn held_for_two_minutes_on_end_is_too_long_but_catching_up_starts_anew() {
        let mut flood = Flood::default();
        let mut now = START;
        while now < START + HELD_LIMIT {
            if let Err(held) = line(&mut flood, Cost::Line, now) {
                assert!(!held.too_long);
                now = held.until;
            }
        }
        while line(&mut flood, Cost::Line, now).is_ok() {}
        assert!(line(&mut flood, Cost::Line, now).unwrap_err().too_long);
        flood.caught_up();
        assert!(!line(&mut flood, Cost::Line, now).unwrap_err().too_long);
    }

    #[test]
    fn the_room_holds_a_line_back_without_charging_it() {
        let mut flood = Flood::default();
        let until = START + Duration::from_secs(1);
        let held = flood
            .line(&limits(), Cost::Line, START, || Err(until))
            .unwrap_err();
        assert_eq!(held.until, until);
        assert!(flood.lines.is_full(START));
    }

    #[test]
    fn bytes_are_counted_however_they_are_cut() {
        let mut flood = Flood::default();
        assert_eq!(flood.may_read(START), Ok(16 * 1024));
        flood.read(16 * 1024, START);
        let held = flood.may_read(START).unwrap_err();
        assert_eq!(held.until, START + Duration::from_millis(125));
        assert!(flood.may_read(held.until).is_ok());
    }
}
