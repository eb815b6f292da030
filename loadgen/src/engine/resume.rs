//! Resuming: users come back with a mark, are shown what they missed, and say again what was not accepted.
//!
//! A mark is asked for after the login, and again when lines have come, once in a second or two. Whether what a user was
//! saying when its connection ended was accepted is known from its replay: nothing is said twice.

use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;

use wac_core::wire::history::History;

use super::shared::Phase;
use super::user::State;
use super::worker::Worker;
use crate::metrics::Receipt;
use crate::metrics::catch_up::CatchUp;
use crate::plan::ids::{Message, Slot};
use crate::plan::protocol::{MARK, Past, write_since};

/// The least time between two marks of a user, and what is added for some of the users, so that not all ask at once.
const MARK_EVERY_NS: u64 = 1_000_000_000;
const MARK_APART_NS: u64 = MARK_EVERY_NS / 16;
/// How long to wait before connecting again when a connection was cut off, and what is added for some of the users.
const RETRY_NS: u64 = 250_000_000;
const RETRY_APART_NS: u64 = RETRY_NS / 16;
/// Users in turn wait for so many different times.
const TURNS: u64 = 16;

/// What a user keeps, so that it misses nothing and says nothing twice.
#[derive(Debug)]
pub(super) struct Resume {
    mark: Option<Box<str>>,
    request: MarkRequest,
    catch_up: CatchUp,
    /// What it has said and nothing has confirmed yet; then, while it is away, what it is to say. In order.
    said: Vec<Message>,
    /// The last message that waited for its return.
    waited: Option<Message>,
    /// When it was logged in again.
    back_at: u64,
    reaches: Reach,
}

/// Whether a mark is asked for.
#[derive(Debug, Clone, Copy)]
enum MarkRequest {
    /// One may be, from this moment on.
    From(u64),
    /// One is; the answer confirms so many of the messages said.
    Pending { confirms: usize },
}

/// How far back a user's replay reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    ItsMark,
    /// The beginning was no longer kept, or the mark was refused, or there was none.
    LessFar,
}

impl Resume {
    pub(super) fn new() -> Self {
        Self {
            mark: None,
            request: MarkRequest::From(0),
            catch_up: CatchUp::default(),
            said: Vec::new(),
            waited: None,
            back_at: 0,
            reaches: Reach::ItsMark,
        }
    }

    /// Whether it has missed nothing.
    pub(super) fn is_live(&self) -> bool {
        self.catch_up.is_live()
    }

    /// Says something: now, or when it has caught up.
    pub(super) fn say(&mut self, message: Message) {
        self.said.push(message);
    }

    /// Whether a message waited for its sender's return.
    pub(super) fn has_waited(&self, message: Message) -> bool {
        self.waited.is_some_and(|last| message <= last)
    }

    /// Its connection has ended. Returns how many messages now wait for its return that did not before.
    pub(super) fn fall_behind(&mut self) -> u32 {
        let waiting = if self.is_live() { self.said.len() } else { 0 };
        self.catch_up.fall_behind();
        self.request = MarkRequest::From(0);
        count(waiting)
    }

    /// Gives up what is not written: so many messages of those under way, or all that wait for its return. Returns how
    /// many waited.
    pub(super) fn give_up(&mut self, under_way: u32) -> u32 {
        if self.is_live() {
            let written = self.said.len().saturating_sub(under_way as usize);
            self.said.truncate(written);
            return 0;
        }
        count(std::mem::take(&mut self.said).len())
    }

    /// Removes a message that was accepted, for its replay shows it; returns whether it waited.
    fn accepted(&mut self, message: Message) -> bool {
        let place = self.said.iter().position(|&said| said == message);
        place.map(|place| self.said.remove(place)).is_some()
    }

    /// Gives up what the server may have had before it forgot, and returns how many these are.
    fn give_up_unknown(&mut self, was_written: impl Fn(Message) -> bool) -> u32 {
        let before = self.said.len();
        self.said.retain(|&said| !was_written(said));
        count(before - self.said.len())
    }

    /// Whether this is an answer to something asked.
    fn awaits(&self, past: Past<'_>) -> bool {
        match past {
            Past::Mark(_) | Past::NoMark => matches!(self.request, MarkRequest::Pending { .. }),
            Past::NotAMark | Past::History(History::Begins { .. }) => self.catch_up.is_behind(),
            Past::History(History::At(_) | History::Ends) => {
                !self.is_live() && !self.catch_up.is_behind()
            }
        }
    }

    /// Takes a mark, or that there is none now. The next may be asked for at `next`.
    fn marked(&mut self, token: Option<&str>, next: u64) {
        if let (Some(token), MarkRequest::Pending { confirms }) = (token, self.request) {
            self.mark = Some(token.into());
            self.catch_up.marked();
            self.said.drain(..confirms.min(self.said.len()));
        }
        self.request = MarkRequest::From(next);
    }
}

fn count(messages: usize) -> u32 {
    u32::try_from(messages).expect("a schedule has fewer messages")
}

/// A time, and for some of the users a part more.
fn staggered(slot: Slot, time: u64, apart: u64) -> u64 {
    time + u64::from(slot.0) % TURNS * apart
}

impl Worker {
    /// Enters a message that came. A user's own is in its replay alone.
    pub(super) fn enter(&mut self, slot: Slot, at: u64, message: Message) -> Receipt {
        let schedule = &self.plan.schedule;
        let (sender, number) = (schedule.sender(message), schedule.number(message));
        let is_own = self.partition.user(slot) == sender.into();
        let ledger = &mut self.metrics.ledger;
        match &mut self.users[slot.index()].resume {
            None => ledger.arrived(at, slot, sender, number),
            Some(resume) if is_own && !resume.is_live() => {
                self.unwritten -= u32::from(resume.accepted(message));
                Receipt::Again
            }
            Some(resume) => resume.catch_up.arrived(ledger, at, slot, (sender, number)),
        }
    }

    /// Asks for a mark, if the last is old enough.
    pub(super) fn ask_for_mark(&mut self, slot: Slot, at: u64) {
        let is_early = matches!(self.phase, Phase::Joining | Phase::Sending);
        let user = &mut self.users[slot.index()];
        let Some(resume) = &mut user.resume else {
            return;
        };
        let is_due = matches!(resume.request, MarkRequest::From(from) if from <= at);
        if is_due && is_early && user.state == State::In && resume.is_live() {
            let confirms = resume.said.len();
            resume.request = MarkRequest::Pending { confirms };
            user.outbox.push(MARK);
            self.flush(slot);
        }
    }

    /// A user is logged in again, and asks what was said since its mark.
    pub(super) fn ask_since(&mut self, slot: Slot, at: u64) {
        let user = &mut self.users[slot.index()];
        let Some(resume) = &mut user.resume else {
            return;
        };
        resume.back_at = at;
        match &resume.mark {
            Some(mark) => {
                self.line.clear();
                write_since(mark, &mut self.line);
                user.outbox.push(&self.line);
                self.flush(slot);
            }
            None => self.mark_refused(slot, at),
        }
    }

    /// Takes an answer about the room's past.
    pub(super) fn on_past(&mut self, slot: Slot, at: u64, past: Past<'_>) {
        let resume = &mut self.users[slot.index()].resume;
        let Some(resume) = resume.as_mut().filter(|resume| resume.awaits(past)) else {
            return self.corrupted(slot, at, None);
        };
        let next = at + staggered(slot, MARK_EVERY_NS, MARK_APART_NS);
        match past {
            Past::Mark(token) => resume.marked(Some(token), next),
            Past::NoMark => resume.marked(None, next),
            Past::NotAMark => self.mark_refused(slot, at),
            Past::History(History::Begins { lines, is_cut, .. }) => {
                resume.catch_up.begin(is_cut);
                resume.reaches = if is_cut {
                    Reach::LessFar
                } else {
                    Reach::ItsMark
                };
                if lines == 0 {
                    self.caught_up(slot, at);
                }
            }
            Past::History(History::At(_)) => {}
            Past::History(History::Ends) => self.caught_up(slot, at),
        }
    }

    fn mark_refused(&mut self, slot: Slot, at: u64) {
        if let Some(resume) = &mut self.users[slot.index()].resume {
            resume.mark = None;
            resume.catch_up.refused();
            resume.reaches = Reach::LessFar;
        }
        self.caught_up(slot, at);
    }

    /// A user has been shown all that it is going to be, and says what it has yet to say.
    fn caught_up(&mut self, slot: Slot, at: u64) {
        let Some(resume) = &mut self.users[slot.index()].resume else {
            return;
        };
        resume.catch_up.end(&mut self.metrics.ledger, at, slot);
        self.metrics.tally.resumed += 1;
        self.metrics.measured.replay.record(resume.back_at, at);
        if resume.reaches == Reach::LessFar {
            self.metrics.tally.marks_lost += 1;
            let was_written = |message| self.shared.written(message).is_some();
            self.unwritten -= resume.give_up_unknown(was_written);
        }
        // A replay costs its asker a whole burst of lines: the next mark can wait, where there is one.
        let pause = staggered(slot, MARK_EVERY_NS, MARK_APART_NS);
        resume.request = MarkRequest::From(resume.mark.as_ref().map_or(at, |_| at + pause));
        self.say_what_waits(slot);
        self.ask_for_mark(slot, at);
        self.fence_if_complete(slot);
    }

    fn say_what_waits(&mut self, slot: Slot) {
        let user = &mut self.users[slot.index()];
        let Some(resume) = &mut user.resume else {
            return;
        };
        resume.waited = resume.said.last().copied().or(resume.waited);
        let plan = &self.plan;
        for &message in &resume.said {
            self.line.clear();
            let protocol = plan.workload.protocol;
            protocol.write_message(&plan.payload, message, &mut self.line);
            user.outbox.push_message(&self.line, message);
        }
        self.flush(slot);
    }

    /// Whether a user whose connection has ended is to come back, though it was not to leave.
    pub(super) fn is_to_resume(&self, slot: Slot) -> bool {
        let user = &self.users[slot.index()];
        let was_there = match user.state {
            State::In | State::Fencing => true,
            State::Joining => user.came_back,
            _ => false,
        };
        let is_begun = !matches!(self.phase, Phase::Joining | Phase::Over);
        user.resume.is_some() && was_there && is_begun && !self.metrics.ledger.is_excused(slot)
    }

    /// A connection was cut off: its user comes back.
    pub(super) fn cut_off(&mut self, slot: Slot) {
        let user = &mut self.users[slot.index()];
        let was_there = user.state != State::Joining;
        if user.state == State::In {
            self.shared.joined.fetch_sub(1, Relaxed);
        }
        user.state = State::Away;
        if let Some(resume) = &mut user.resume {
            self.unwritten += resume.fall_behind();
        }
        self.metrics.tally.cut_off += u64::from(was_there);
        self.return_later(slot);
    }

    /// A user connects once more, when somebody may listen again.
    pub(super) fn return_later(&mut self, slot: Slot) {
        let pause = staggered(slot, RETRY_NS, RETRY_APART_NS);
        let at = self.shared.clock.now() + pause;
        self.churn.returns.push(Reverse((at, slot)));
    }

    /// Counts who did not come back. What somebody said who has not caught up may rightly not be in the room.
    pub(super) fn count_never_back(&mut self) {
        for (slot, user) in (0..).map(Slot).zip(&self.users) {
            let Some(resume) = &user.resume else {
                continue;
            };
            let is_away = match user.state {
                State::Leaving | State::Away => true,
                State::Joining => user.came_back,
                _ => false,
            };
            self.metrics.tally.never_back += u64::from(is_away);
            if is_away || !resume.is_live() {
                self.metrics.measured.held.insert(self.partition.user(slot));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: Past<'_> = Past::Mark("a-7");

    fn saying(messages: impl IntoIterator<Item = u32>) -> Resume {
        let mut resume = Resume::new();
        messages
            .into_iter()
            .for_each(|message| resume.say(Message(message)));
        resume
    }

    /// Asks for a mark.
    fn pending(resume: &mut Resume) {
        let confirms = resume.said.len();
        resume.request = MarkRequest::Pending { confirms };
    }

    #[test]
    fn a_mark_confirms_what_was_said_before_it_was_asked_for() {
        let mut resume = saying(0..2);
        assert!(!resume.awaits(MARKED));
        pending(&mut resume);
        resume.say(Message(2));
        assert!(resume.awaits(MARKED));
        resume.marked(Some("a-7"), 9);
        assert_eq!(resume.said, [Message(2)]);
        assert!(!resume.awaits(MARKED));
    }

    #[test]
    fn without_a_mark_now_nothing_is_confirmed_and_the_old_one_holds() {
        let mut resume = saying(0..2);
        resume.mark = Some("a-7".into());
        pending(&mut resume);
        resume.marked(None, 9);
        assert_eq!(
            (resume.mark.as_deref(), resume.said.len()),
            (Some("a-7"), 2)
        );
    }

    #[test]
    fn what_was_not_accepted_waits_and_is_counted_once() {
        let mut resume = saying(0..3);
        assert_eq!(resume.fall_behind(), 3);
        resume.say(Message(3));
        assert!(resume.accepted(Message(1)) && !resume.accepted(Message(1)));
        // Cut off once more.
        assert_eq!(resume.fall_behind(), 0);
        assert_eq!(resume.said, [0, 2, 3].map(Message));
        assert_eq!(resume.give_up(0), 3);
        assert!(resume.said.is_empty());
    }

    #[test]
    fn what_the_server_may_have_had_is_not_said_again_where_it_can_not_be_known() {
        let mut resume = saying(0..3);
        resume.fall_behind();
        assert_eq!(resume.give_up_unknown(|message| message.0 < 2), 2);
        assert_eq!(resume.said, [Message(2)]);
    }

    #[test]
    fn of_what_is_under_way_on_a_live_connection_the_unwritten_is_given_up() {
        let mut resume = saying(0..3);
        assert_eq!(resume.give_up(1), 0);
        assert_eq!(resume.said, [0, 1].map(Message));
    }
}
