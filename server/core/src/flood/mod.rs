//! Flood control: a sender that is too fast is held back; nothing is refused, nothing is lost.
//!
//! A line asks three times: the session's own limits, its address' budget, the room. Only the time
//! for which its own limits hold it counts against a session: what others of its address or of the room say is not
//! its fault.

mod budget;
mod limits;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::wire::command::Cost;

pub use budget::Budget;
pub use limits::FloodLimits;

/// Being held back by its own limits for so long on end closes a session: else a client that pushed
/// megabytes into its own kernel and left would "talk" for hours as a ghost.
pub const HELD_LIMIT: Duration = Duration::from_secs(120);
/// A held socket is read again when it may give so many bytes, lest it wake the shard for each.
const WORTH_READING_BYTES: u64 = 1024;

/// What one session has sent of late. Times are since the server's start.
#[derive(Debug, Default)]
pub struct Flood {
    lines: Bucket,
    bytes: Bucket,
    /// `None`: its address has no limits.
    address: Option<Arc<Budget>>,
    /// `None`: it has not been told to slow down. On the heap: few sessions are ever held.
    episode: Option<Box<Episode>>,
}

/// From the first time a session is held back until nothing waits and a whole burst is allowed
/// again. It is told once.
#[derive(Debug, Default)]
struct Episode {
    /// For how long its own limits have held it on end; `None`: nothing of it waits.
    held: Option<Duration>,
    /// Up to when that is counted, so that no time counts twice where it is tried early. Where it is
    /// tried late, as after a stop of the process, the delay does not count.
    counted: Duration,
    /// When its address lets the next line pass, which has been paid for.
    turn: Option<Duration>,
}

/// Whose limits hold a session back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Others,
}

/// A session is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// When to try again.
    pub until: Duration,
    /// This is the first time in this episode.
    pub is_news: bool,
    /// Its own limits have held it for [`HELD_LIMIT`].
    pub too_long: bool,
}

impl Flood {
    /// Begins for a session of an address that may have a budget.
    pub fn new(address: Option<Arc<Budget>>) -> Self {
        Self {
            address,
            ..Self::default()
        }
    }

    /// Lets a line of so many bytes pass: its own cost, its address' turn, and what the room says to it.
    ///
    /// # Errors
    /// [`Held`]; nothing was taken but the turn, which stays the line's.
    pub fn line(
        &mut self,
        limits: &FloodLimits,
        cost: Cost,
        bytes: usize,
        now: Duration,
        room: impl FnOnce() -> Result<(), Duration>,
    ) -> Result<(), Held> {
        let tokens = limits.tokens(cost);
        if tokens == 0 {
            return Ok(());
        }
        let enough_at = self.lines.enough_at(limits.session.lines, tokens, now);
        if enough_at > now {
            return Err(self.hold(enough_at, now, Whose::Own));
        }
        let turn = self.turn(limits, tokens, bytes, now);
        if turn > now {
            return Err(self.wait(turn, turn, now));
        }
        room().map_err(|until| self.wait(until, turn, now))?;
        self.lines.reserve(limits.session.lines, tokens, now);
        if let Some(episode) = &mut self.episode {
            episode.turn = None;
        }
        Ok(())
    }

    /// Returns how many bytes may be read now, at least 1.
    ///
    /// # Errors
    /// [`Held`], if it is not worth reading yet.
    pub fn may_read(&mut self, limits: &FloodLimits, now: Duration) -> Result<usize, Held> {
        let rate = limits.session.bytes;
        let available = self.bytes.available(rate, now);
        if available < WORTH_READING_BYTES {
            let until = self.bytes.enough_at(rate, WORTH_READING_BYTES, now);
            return Err(self.hold(until, now, Whose::Own));
        }
        Ok(usize::try_from(available).unwrap_or(usize::MAX))
    }

    /// Counts bytes that were read, at most as many as [`may_read`](Self::may_read) said.
    pub fn read(&mut self, limits: &FloodLimits, bytes: usize, now: Duration) {
        let waits = self.episode.as_ref().is_some_and(|it| it.held.is_some());
        if !waits && self.lines.is_full(now) && self.bytes.is_full(now) {
            self.episode = None;
        }
        self.bytes.reserve(limits.session.bytes, bytes as u64, now);
    }

    /// Notes that nothing of the session waits: it is not held.
    pub fn caught_up(&mut self) {
        if let Some(episode) = &mut self.episode {
            episode.held = None;
        }
    }

    /// Returns the turn that the next line has at its address, or gets one for it.
    fn turn(&self, limits: &FloodLimits, tokens: u64, bytes: usize, now: Duration) -> Duration {
        if let Some(turn) = self.episode.as_ref().and_then(|episode| episode.turn) {
            return turn;
        }
        match (&self.address, &limits.address) {
            (Some(budget), Some(pace)) => budget.turn(pace, tokens, bytes as u64, now),
            _ => now,
        }
    }

    /// Holds a line that keeps its turn.
    fn wait(&mut self, until: Duration, turn: Duration, now: Duration) -> Held {
        let held = self.hold(until, now, Whose::Others);
        if let Some(episode) = &mut self.episode {
            episode.turn = Some(turn);
        }
        held
    }

    fn hold(&mut self, until: Duration, now: Duration, whose: Whose) -> Held {
        let is_news = self.episode.is_none();
        let episode = self.episode.get_or_insert_default();
        let held = episode.held.get_or_insert_default();
        if whose == Whose::Own {
            *held += until.saturating_sub(now.max(episode.counted));
            episode.counted = episode.counted.max(until);
        }
        Held {
            until: until.max(now),
            is_news,
            too_long: *held > HELD_LIMIT,
        }
    }
}
