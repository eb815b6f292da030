//! Catching up: the recipe by which a client misses no line of the room and doubles none.
//!
//! ```text
//!            login        100 ms                the replay's last line, or its refusal
//!  Offline ─────────▶ Due ───────▶ Asked ─────────────────────────────────────────────▶ Live
//! ```
//! The client keeps a [`Place`]: a mark of the server, and the lines of the room that came since. While lines come, the
//! place is moved on every few seconds. After an outage the server shows again what was said since the mark (a replay). The
//! lines that had come and the user's own are left out; the rest was missed. Lines of the room that come between the
//! connection and the replay are part of it: they are held, and shown only if the server refuses the replay.
//!
//! If the server does not know the mark, its history began anew: the place is the beginning of the room then, and the replay is
//! of the last lines that the server shows at once.
//!
//! The user's lines that were under way when a connection was lost are in doubt until a replay: those in it were accepted,
//! the others were not. Hence the login before the replay: once the name is free, the server has taken all it will take of the
//! lost connection.

mod heard;
mod newcomer;
mod place;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::closing::Closing;
use wac_core::wire::history::History;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

pub(crate) use self::heard::{Heard, Missed, PastLine, Refused};
use self::newcomer::Newcomer;
use self::place::{Lines, OwnLines};
pub(crate) use self::place::{Place, Progress};

use self::replay::{PIECE_LINES, Replay};
use super::outgoing::OutgoingMessage;

/// Time from a login to the first request: 100 ms. The server takes as much as ten lines at once, and five more a second; a
/// login and `WHO` are more than five, a replay is five or ten.
const AFTER_LOGIN: Duration = Duration::from_millis(100);
/// Time from a replay to the next mark: 300 ms, in which the server allows one line more.
const AFTER_REPLAY: Duration = Duration::from_millis(300);
/// Least time between two marks: 5 s. Each costs the server as much as a line.
const PAUSE: Duration = Duration::from_secs(5);
/// The most lines that a server shows of its history at once.
pub(crate) const MOST_LINES: u64 = 1000;

/// The recipe's state.
#[derive(Debug)]
pub(crate) struct CatchUp {
    stage: Stage,
    place: Option<Place>,
    /// What the user has said since the place.
    own: OwnLines,
    /// A user who is new; `None` once they have seen what was said before they came.
    newcomer: Option<Newcomer>,
    /// The requests under way: the server answers them in order.
    asked: VecDeque<Request>,
    replay: Option<Replay>,
    /// The room's lines on this connection that came before its replay.
    held: Lines,
    /// When the next mark is to be asked for.
    next_mark: Option<Duration>,
    last_mark: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is no login.
    Offline,
    /// A replay is to be asked for at this time.
    Due(Duration),
    /// The replay is under way.
    Asked,
    /// The room's lines are shown as they come.
    Live,
    /// The server has no history.
    Unsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// What was said since the place.
    Since,
    /// All of the room that the server shows at once: it knows no place of before.
    Anew,
    /// The last lines, for a user who is new.
    Newcomer,
    /// The last lines, for a user who wants to read them again.
    Recall,
    Mark {
        /// The user has said something since: the server may place it before the mark or behind it.
        is_blurred: bool,
    },
}

impl CatchUp {
    /// Starts with a user who wants to see so many of the messages before they came.
    pub(crate) fn new(newcomer: u64) -> Self {
        Self {
            stage: Stage::Offline,
            place: None,
            own: OwnLines::default(),
            newcomer: Newcomer::new(newcomer),
            asked: VecDeque::new(),
            replay: None,
            held: Lines::default(),
            next_mark: None,
            last_mark: Duration::ZERO,
        }
    }

    /// Starts at a place that was kept.
    pub(crate) fn at(place: Option<Place>) -> Self {
        Self {
            place,
            ..Self::new(0)
        }
    }

    /// Returns whether it is known up to where the user has read.
    pub(crate) fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// Returns whether the replay after an outage is still to come. Nothing is said until it has: else what is said twice
    /// could be the same words before the outage and after it.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.stage != Stage::Offline && self.holds()
    }

    /// Returns whether an answer is awaited.
    pub(crate) fn is_asking(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Notes that the login has succeeded.
    pub(crate) fn logged_in(&mut self, now: Duration) {
        let soon = now + AFTER_LOGIN;
        if self.has_place() || self.newcomer.is_some() {
            self.stage = Stage::Due(soon);
        } else {
            self.stage = Stage::Live;
            self.next_mark = Some(soon);
        }
    }

    /// Notes that the connection is lost, and which of the user's messages it did not take.
    pub(crate) fn lost(&mut self, unsent: &[OutgoingMessage]) {
        self.stage = Stage::Offline;
        self.asked.clear();
        self.replay = None;
        self.held = Lines::default();
        self.next_mark = None;
        self.own.lost(unsent);
        if !self.has_place() && self.newcomer.is_none() {
            self.own = OwnLines::default();
        }
    }

    /// Notes that the user gives a name up: its leave, which the replay will show, is no news.
    pub(crate) fn renames(&mut self, from: &Name) {
        if let Some(place) = &mut self.place {
            let left = ServerLine::Notice(Notice::Left(from.as_str()));
            place.heard.push(left.to_text());
        }
    }

    /// Notes a message to everyone that is being sent.
    pub(crate) fn said(&mut self, me: &Name, message: &OutgoingMessage, now: Duration) {
        if message.to.is_some() {
            return;
        }
        if self.own.push(me, message).is_err() {
            self.place = None;
        }
        for request in &mut self.asked {
            if let Request::Mark { is_blurred } = request {
                *is_blurred = true;
            }
        }
        self.want_mark(now);
    }

    /// Returns the request for the room's last lines, as many as the server shows at once, if it can be asked now.
    pub(crate) fn recall(&mut self) -> Option<String> {
        if self.stage != Stage::Live || self.asked.contains(&Request::Recall) {
            return None;
        }
        self.asked.push_back(Request::Recall);
        Some(last_lines(MOST_LINES))
    }

    /// Returns when [`tick`](Self::tick) has something to send.
    pub(crate) fn due(&self) -> Option<Duration> {
        match self.stage {
            Stage::Due(at) => Some(at),
            Stage::Live => self.next_mark,
            Stage::Offline | Stage::Asked | Stage::Unsupported => None,
        }
    }

    /// Returns the request that is due.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<String> {
        self.due().filter(|due| *due <= now)?;
        if self.stage == Stage::Live {
            return Some(self.ask_mark(now));
        }
        let mark = self.place.as_ref().map(|place| place.mark.as_deref());
        let (request, line) = match (mark, &self.newcomer) {
            (Some(Some(mark)), _) => (Request::Since, format!("SINCE {mark}")),
            (Some(None), _) => (Request::Anew, last_lines(MOST_LINES)),
            (None, Some(newcomer)) => (Request::Newcomer, last_lines(newcomer.lines)),
            (None, None) => return None,
        };
        self.stage = Stage::Asked;
        self.asked.push_back(request);
        Some(line)
    }

    /// Returns the request for a mark, whether or not it is due.
    pub(crate) fn ask_mark(&mut self, now: Duration) -> String {
        self.next_mark = None;
        self.last_mark = now;
        let is_blurred = false;
        self.asked.push_back(Request::Mark { is_blurred });
        "MARK".to_owned()
    }

    /// Takes a line of the server; returns its meaning.
    pub(crate) fn on(
        &mut self,
        text: &str,
        line: &ServerLine<'_>,
        me: Option<&Name>,
        now: Duration,
    ) -> Heard {
        match (line, self.asked.front()) {
            (ServerLine::Notice(Notice::History(history)), _) => self.history(history, me, now),
            (ServerLine::Mark(mark), Some(&Request::Mark { is_blurred })) => {
                self.asked.pop_front();
                self.marked(mark, is_blurred, now)
            }
            (ServerLine::Refusal(why), Some(&request)) if request.is_refused(why) => {
                self.refused(request, why, now)
            }
            _ if is_of_room(line) => self.room_line(text, me, now),
            _ => Heard::Other,
        }
    }

    fn room_line(&mut self, text: &str, me: Option<&Name>, now: Duration) -> Heard {
        if let Some(replay) = &mut self.replay {
            replay.push(text);
            return match replay.lines.len() {
                PIECE_LINES => self.settle(me, now, false),
                _ => Heard::Internal,
            };
        }
        if self.holds() {
            self.held.push(text.to_owned());
            return Heard::Held;
        }
        if let Some(newcomer) = &mut self.newcomer {
            newcomer.seen.push(text.to_owned());
        }
        if let Some(place) = &mut self.place {
            place.heard.push(text.to_owned());
        }
        self.want_mark(now);
        Heard::Room
    }

    /// Returns whether the room's lines will be shown again.
    fn holds(&self) -> bool {
        let is_before_replay = matches!(self.stage, Stage::Offline | Stage::Due(_) | Stage::Asked);
        is_before_replay && self.has_place()
    }

    fn want_mark(&mut self, now: Duration) {
        let is_asked = |request: &Request| matches!(request, Request::Mark { .. });
        if self.stage == Stage::Live && !self.asked.iter().any(is_asked) {
            let next = (self.last_mark + PAUSE).max(now);
            self.next_mark.get_or_insert(next);
        }
    }

    /// Takes a mark; one that the user's own words blur is asked for again.
    fn marked(&mut self, mark: &str, is_blurred: bool, now: Duration) -> Heard {
        if is_blurred {
            self.want_mark(now);
            return Heard::Internal;
        }
        self.place = Some(Place::new(mark));
        self.own = OwnLines::default();
        Heard::Marked(mark.to_owned())
    }

    fn history(&mut self, history: &History, me: Option<&Name>, now: Duration) -> Heard {
        match (*history, &mut self.replay, self.asked.front()) {
            (History::At(time), Some(replay), _) => {
                replay.time = time;
                Heard::Internal
            }
            (History::Ends, Some(_), _) => self.settle(me, now, true),
            (
                History::Begins {
                    lines,
                    since,
                    is_cut,
                },
                None,
                Some(&request),
            ) if request.is_replayed() => {
                self.asked.pop_front();
                self.replay = Some(Replay::new(request, since, is_cut));
                match lines {
                    0 => self.settle(me, now, true),
                    _ => Heard::Internal,
                }
            }
            _ => Heard::Other,
        }
    }

    /// Tells what the lines of a replay that have come mean; it may go on.
    fn settle(&mut self, me: Option<&Name>, now: Duration, ends: bool) -> Heard {
        let Some(mut replay) = self.replay.take() else {
            return Heard::Internal;
        };
        let heard = match replay.request {
            Request::Since | Request::Anew => Heard::Missed(self.missed(&mut replay, me, ends)),
            Request::Newcomer => return self.came_late(replay.take_lines(), me, now),
            Request::Recall | Request::Mark { .. } => Heard::Recalled(replay.take_lines()),
        };
        if !ends {
            self.replay = Some(replay);
        } else if self.stage == Stage::Asked {
            self.lives(now);
        }
        heard
    }

    /// Shows the room's lines as they come from now on.
    fn lives(&mut self, now: Duration) {
        self.stage = Stage::Live;
        self.held = Lines::default();
        self.next_mark = Some(now + AFTER_REPLAY);
    }

    /// Tells a user who is new what was said before, or asks for more of it.
    fn came_late(&mut self, lines: Vec<PastLine>, me: Option<&Name>, now: Duration) -> Heard {
        let Some(mut newcomer) = self.newcomer.take() else {
            return Heard::Internal;
        };
        let count = lines.len();
        let lines = newcomer.before(lines, me, &self.own);
        if newcomer.asks_for_more(&lines, count) {
            self.newcomer = Some(newcomer);
            self.stage = Stage::Due(now);
            return Heard::Internal;
        }
        self.lives(now);
        Heard::Newcomer(lines)
    }

    fn missed(&mut self, replay: &mut Replay, me: Option<&Name>, ends: bool) -> Missed {
        let begins = replay.is_first_piece();
        let lines = replay.missed(me, self.place.as_mut(), &mut self.own);
        let unaccepted = match ends {
            true => self.own.take_doubtful(),
            false => Vec::new(),
        };
        let is_anew = replay.request == Request::Anew;
        let (unaccepted, in_doubt) = match replay.is_cut || is_anew {
            false => (unaccepted, Vec::new()),
            true => (Vec::new(), unaccepted),
        };
        Missed {
            lines,
            kept_since: replay.is_cut.then_some(replay.since),
            is_anew,
            begins,
            ends,
            unaccepted,
            in_doubt,
        }
    }

    fn refused(&mut self, request: Request, why: &Refusal<'_>, now: Duration) -> Heard {
        self.asked.pop_front();
        match (request, why) {
            (Request::Mark { .. }, Refusal::NoMark) => {
                self.want_mark(now);
                Heard::Unmarked
            }
            (_, Refusal::NotAMark) => {
                self.place = Some(Place::beginning());
                self.own.forget_accepted();
                self.stage = Stage::Due(now);
                Heard::Anew
            }
            _ => {
                self.stage = Stage::Unsupported;
                self.place = None;
                self.newcomer = None;
                Heard::Refused(Refused {
                    held: mem::take(&mut self.held).into(),
                    in_doubt: self.own.take_doubtful(),
                })
            }
        }
    }
}

impl Request {
    /// Returns whether a refusal is an answer to the request.
    fn is_refused(self, why: &Refusal<'_>) -> bool {
        match (self, why) {
            (Self::Since, Refusal::NotAMark) | (Self::Mark { .. }, Refusal::NoMark) => true,
            (_, Refusal::NotLoggedIn) => true,
            (_, Refusal::UnknownCommand(word)) => *word == self.word(),
            _ => false,
        }
    }

    /// Returns whether the answer is a replay.
    fn is_replayed(self) -> bool {
        !matches!(self, Self::Mark { .. })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Since => "SINCE",
            Self::Anew | Self::Newcomer | Self::Recall => "HIST",
            Self::Mark { .. } => "MARK",
        }
    }
}

fn last_lines(lines: u64) -> String {
    format!("HIST {lines}")
}

/// Returns whether everyone in the room is sent a line, in the same order.
fn is_of_room(line: &ServerLine<'_>) -> bool {
    match line {
        ServerLine::Message { .. } => true,
        ServerLine::Notice(notice) => matches!(
            notice,
            Notice::Joined(_)
                | Notice::Left(_)
                | Notice::Gathered { .. }
                | Notice::Server(_)
                | Notice::Closing(Closing::Stopping)
        ),
        _ => false,
    }
}
