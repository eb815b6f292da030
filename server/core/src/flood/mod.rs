//! Flood control: holds back a sender that is too fast; refuses nothing, loses nothing.
//!
//! A line must pass three limits: the session's own, its address's budget, and the room's. Only time
//! spent held by its own limits counts against a session, because it is not at fault for what others
//! say.

mod budget;
mod limits;
mod room;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::wire::command::Cost;

use budget::AddressTime;
pub use budget::Budget;
pub use limits::FloodLimits;
use room::LITTLE_BYTES;
pub use room::{RoomBudget, Said};

/// The time after which a session that its own limits hold back without a break is closed: otherwise a client that
/// pushed megabytes into its own kernel and left would "talk" for hours as a ghost.
pub const HELD_LIMIT: Duration = Duration::from_secs(120);
/// Bytes that must be allowed before the socket of a held sender is read again, so that it does not wake the shard for each byte.
const WORTH_READING_BYTES: u64 = 1024;

/// Flood control of one session. Times are since the server's start.
#[derive(Debug, Default)]
pub struct Flood {
    lines: Bucket,
    bytes: Bucket,
    /// `None`: the address has no limits.
    address: Option<Arc<Budget>>,
    /// `None`: the session has no episode. On the heap: few sessions are ever held.
    episode: Option<Box<Episode>>,
}

/// An episode: from the first time a session is held back until nothing waits and a whole burst is
/// allowed again. In each, the session gets one notice.
#[derive(Debug, Default)]
struct Episode {
    /// The time for which its own limits have held it without a break; `None`: none of its input waits.
    held: Option<Duration>,
    /// The time up to which that is counted, so that an early attempt counts no time twice. The delay of a
    /// late attempt, as after a stop of the process, does not count.
    counted: Duration,
    /// The turn that the next line waits for, and has paid for.
    turn: Option<Turn>,
}

/// The turn of a line that waits for others.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// At this time, by its address's clock, its address lets it pass; then it asks the room.
    Address(AddressTime),
    /// At this time the room lets it pass.
    Room(Duration),
}

/// The owner of the limits that hold a session back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeldBy {
    Own,
    Others,
}

/// The result of a line that may not pass yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The time of the next attempt.
    pub until: Duration,
    /// It is the first time in this episode.
    pub is_news: bool,
    /// The session's own limits have held it for [`HELD_LIMIT`].
    pub too_long: bool,
}

impl Flood {
    /// Creates flood control for a session whose address may have a budget.
    pub fn new(address: Option<Arc<Budget>>) -> Self {
        Self {
            address,
            ..Self::default()
        }
    }

    /// Passes a line through three limits: the session's own, its address's, then the room's. `room`
    /// takes a turn for the line and returns its time.
    ///
    /// # Errors
    /// [`Held`] if one of them does not; the turns taken so far, at the address and in the room, stay the line's.
    pub fn line(
        &mut self,
        limits: &FloodLimits,
        cost: Cost,
        bytes: usize,
        now: Duration,
        room: impl FnOnce(Said) -> Duration,
    ) -> Result<(), Held> {
        let tokens = limits.tokens(cost);
        if tokens == 0 {
            return Ok(());
        }
        let enough_at = self.lines.enough_at(limits.session.lines, tokens, now);
        if enough_at > now {
            return Err(self.hold(enough_at, now, HeldBy::Own));
        }
        self.await_turn(limits, tokens, bytes, now, room)?;
        self.lines.reserve(limits.session.lines, tokens, now);
        if let Some(episode) = &mut self.episode {
            episode.turn = None;
        }
        Ok(())
    }

    /// Returns the number of bytes that may be read now, at least 1.
    ///
    /// # Errors
    /// [`Held`], if too few bytes are allowed to be worth reading.
    pub fn may_read(&mut self, limits: &FloodLimits, now: Duration) -> Result<usize, Held> {
        let rate = limits.session.bytes;
        let available = self.bytes.available(rate, now);
        if available < WORTH_READING_BYTES {
            let until = self.bytes.enough_at(rate, WORTH_READING_BYTES, now);
            return Err(self.hold(until, now, HeldBy::Own));
        }
        Ok(usize::try_from(available).unwrap_or(usize::MAX))
    }

    /// Counts bytes that were read, at most as many as [`may_read`](Self::may_read) returned.
    pub fn read(&mut self, limits: &FloodLimits, bytes: usize, now: Duration) {
        let waits = self.episode.as_ref().is_some_and(|it| it.held.is_some());
        if !waits && self.lines.is_full(now) && self.bytes.is_full(now) {
            self.episode = None;
        }
        self.bytes.reserve(limits.session.bytes, bytes as u64, now);
    }

    /// Notes that none of the session's input waits any more.
    pub fn note_caught_up(&mut self) {
        if let Some(episode) = &mut self.episode {
            episode.held = None;
        }
    }

    /// Waits for the turn at the address, then for the one in the room.
    fn await_turn(
        &mut self,
        limits: &FloodLimits,
        tokens: u64,
        bytes: usize,
        now: Duration,
        room: impl FnOnce(Said) -> Duration,
    ) -> Result<(), Held> {
        let next = self.next_turn(limits, tokens, bytes, now, room);
        next.map_err(|(turn, until)| {
            let held = self.hold(until, now, HeldBy::Others);
            if let Some(episode) = &mut self.episode {
                episode.turn = Some(turn);
            }
            held
        })
    }

    /// Returns the turn that a line has to wait for, and when it comes.
    ///
    /// The room serves turns in order, so no line starves, whatever its length. While a line of an
    /// address waits in the room, no turn comes at the address: an address with many sessions has
    /// about one line at a time in the room's queue, as everybody has.
    fn next_turn(
        &self,
        limits: &FloodLimits,
        tokens: u64,
        bytes: usize,
        now: Duration,
        room: impl FnOnce(Said) -> Duration,
    ) -> Result<(), (Turn, Duration)> {
        let budget = self.address.as_deref().zip(limits.address.as_ref());
        let taken = self.episode.as_ref().and_then(|episode| episode.turn);
        if let Some(Turn::Room(at)) = taken {
            return wait_for(Turn::Room(at), at, now);
        }
        if let Some((budget, pace)) = budget {
            let (turn, at) = match taken {
                Some(Turn::Address(turn)) => (turn, budget.comes_at(turn)),
                _ => budget.turn(pace, tokens, bytes as u64, now),
            };
            wait_for(Turn::Address(turn), at, now)?;
        }
        let at = room(self.said(limits, bytes as u64, now));
        if let Some((budget, _)) = budget {
            budget.hold_until(at, now);
        }
        wait_for(Turn::Room(at), at, now)
    }

    /// Tells how much the session, and its address, have said of late, with a line of `bytes`.
    fn said(&self, limits: &FloodLimits, bytes: u64, now: Duration) -> Said {
        let rate = limits.session.bytes;
        let used = rate.burst - self.bytes.available(rate, now);
        let is_little = bytes <= LITTLE_BYTES
            && used <= LITTLE_BYTES
            && (self.address.as_ref()).is_none_or(|budget| budget.may_go_ahead(bytes, now));
        if is_little { Said::Little } else { Said::Much }
    }

    fn hold(&mut self, until: Duration, now: Duration, whose: HeldBy) -> Held {
        let is_news = self.episode.is_none();
        let episode = self.episode.get_or_insert_default();
        let held = episode.held.get_or_insert_default();
        if whose == HeldBy::Own {
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

fn wait_for(turn: Turn, at: Duration, now: Duration) -> Result<(), (Turn, Duration)> {
    if at > now { Err((turn, at)) } else { Ok(()) }
}
