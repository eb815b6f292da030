//! Session: the life of one connection. Bytes come in, [items](Items) come out, and a
//! [cursor](crate::cursor) tells what has been written to the peer.
//!
//! A session performs nothing. It turns its input into items, in order; the shard performs them
//! and reports the outcome ([`Event`]). While an event is outstanding, the session's own answers
//! are unread or flood control holds it, the rest of the input stays undecoded.

mod items;
mod respond;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::MAX_CLIENT_LINE_BYTES;
use crate::close::CloseReason;
use crate::cursor::{Cursor, Private};
use crate::decoder::{Decoder, Input};
use crate::flood::{Flood, FloodLimits, Held};
use crate::foreign::{Extent, is_foreign, without_byte_order_mark};
use crate::log::{Position, View};
use crate::name::Name;
use crate::roster::{Account, Unavailable};
use crate::text;
use crate::wire::command::{Command, Cost, Line};
use crate::wire::line::LINE_END;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

pub use items::{Item, Items, Shared, Whisper};

/// Bytes of own answers that may be unread before the session's input waits: a peer that asks without
/// reading waits for itself.
pub const OWN_WAITING_BYTES: usize = 4 * 1024;

/// The rules that apply to every session.
#[derive(Debug)]
pub struct Rules {
    /// `None`: no flood control.
    pub flood: Option<FloodLimits>,
    /// The answer to `SEC`.
    pub secret: Box<str>,
}

/// The outcome of an item.
#[derive(Debug)]
pub enum Event {
    /// The name now belongs to the session, with its account of whispers.
    Claimed(Arc<Account>),
    /// The name is unavailable.
    Unavailable(Unavailable),
    /// The whisper is on its way.
    Whispered,
    /// Nobody has the name, which is repeated as the sender wrote it.
    NoSuchUser(String),
    /// Too much waits for that user already; the name is repeated as the sender wrote it.
    NotReading(String),
}

/// The reason for which a session's input stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All input is decoded: more may be read.
    Drained,
    /// Flood control holds it until this time.
    Held(Duration),
    /// It waits for an event, or for its answers to be read.
    Waiting,
    /// The session has ended.
    Ended,
}

/// The amount that may be read from the socket now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appetite {
    /// That many bytes, at least 1.
    Bytes(usize),
    /// Nothing until this time.
    Held(Duration),
    /// Nothing until the session resumes.
    None,
}

#[derive(Debug)]
enum Login {
    Visitor,
    Claiming(Name),
    User(Name, Arc<Account>),
}

/// The life of one connection.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    cursor: Cursor,
    login: Login,
    /// `None` if the peer is exempt.
    flood: Option<Flood>,
    /// The weight of own answers and skips that have not been written.
    own_waiting: usize,
    /// The number of shared texts, or pieces of one, that have not been written.
    shared_waiting: usize,
    /// An item was handed out whose outcome is not known yet.
    awaiting: bool,
    /// A first line that is not blank has been seen, so the peer speaks our protocol, well or badly.
    opened: bool,
    input_ended: bool,
    ended: Option<CloseReason>,
}

impl Session {
    /// Begins a session at the view's head; the greeting is its first detour.
    pub fn begin(view: &View, greeting: Arc<[u8]>, flood: Option<Flood>) -> Self {
        let mut session = Self {
            decoder: Decoder::default(),
            cursor: Cursor::new(view.head()),
            login: Login::Visitor,
            flood,
            own_waiting: 0,
            shared_waiting: 1,
            awaiting: false,
            opened: false,
            input_ended: false,
            ended: None,
        };
        session.insert(view.head(), Private::Shared(greeting), view);
        session
    }

    /// Returns the name, once logged in.
    pub fn name(&self) -> Option<&Name> {
        match &self.login {
            Login::User(name, _) => Some(name),
            Login::Visitor | Login::Claiming(_) => None,
        }
    }

    /// Tells whether nobody has logged in or is about to.
    pub fn is_visitor(&self) -> bool {
        matches!(self.login, Login::Visitor)
    }

    /// Returns the close reason, if the session has ended.
    pub fn ended(&self) -> Option<CloseReason> {
        self.ended
    }

    /// Returns the session's cursor in the room log.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Returns the amount that may be read from the socket now.
    pub fn appetite(&mut self, rules: &Rules, now: Duration, items: &mut Items) -> Appetite {
        if self.ended.is_some() || self.input_ended || self.is_waiting() {
            return Appetite::None;
        }
        let free = self.decoder.free();
        if free == 0 {
            return Appetite::None;
        }
        match (&mut self.flood, &rules.flood) {
            (Some(flood), Some(limits)) => match flood.may_read(limits, now) {
                Ok(bytes) => Appetite::Bytes(free.min(bytes)),
                Err(held) => match self.hold(held, items) {
                    Progress::Held(until) => Appetite::Held(until),
                    _ => Appetite::None,
                },
            },
            _ => Appetite::Bytes(free),
        }
    }

    /// Takes bytes read from the socket, at most as many as the [`appetite`](Self::appetite) allowed.
    pub fn feed(&mut self, bytes: &[u8], rules: &Rules, now: Duration) {
        if let (Some(flood), Some(limits)) = (&mut self.flood, &rules.flood) {
            flood.read(limits, bytes.len(), now);
        }
        self.decoder.feed(bytes);
    }

    /// Notes that the peer will send no more; complete lines are still answered.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// Notes that no input waits: it is all decoded and the socket has no more.
    pub fn caught_up(&mut self) {
        if let Some(flood) = &mut self.flood {
            flood.caught_up();
        }
    }

    /// Turns input into items as far as they may go. `room` takes a turn in the room for
    /// the bytes of a line, and returns its time.
    pub fn advance(
        &mut self,
        rules: &Rules,
        now: Duration,
        room: &dyn Fn(usize) -> Duration,
        items: &mut Items,
    ) -> Progress {
        loop {
            if self.ended.is_some() {
                return Progress::Ended;
            }
            if self.is_waiting() {
                return Progress::Waiting;
            }
            match self.next(rules, now, room, items) {
                Ok(true) => {}
                Ok(false) if self.input_ended => self.end(CloseReason::PeerClosed, items),
                Ok(false) => return Progress::Drained,
                Err(held) => return self.hold(held, items),
            }
        }
    }

    /// Takes the next part of the input; returns `false` if there is none.
    fn next(
        &mut self,
        rules: &Rules,
        now: Duration,
        room: &dyn Fn(usize) -> Duration,
        items: &mut Items,
    ) -> Result<bool, Held> {
        // The decoder lends out the line while the rest of the session answers it.
        let mut decoder = std::mem::take(&mut self.decoder);
        let taken = self.take(&mut decoder, rules, now, room, items);
        if taken == Ok(true) {
            decoder.consume();
        }
        self.decoder = decoder;
        taken
    }

    fn take(
        &mut self,
        decoder: &mut Decoder,
        rules: &Rules,
        now: Duration,
        room: &dyn Fn(usize) -> Duration,
        items: &mut Items,
    ) -> Result<bool, Held> {
        if !self.opened && begins_foreign(decoder) {
            self.end(CloseReason::NotOurProtocol, items);
            return Ok(true);
        }
        let Some(input) = decoder.peek() else {
            return Ok(false);
        };
        match input {
            Input::Line(bytes) => match std::str::from_utf8(self.without_its_mark(bytes)) {
                Ok(line) => {
                    let line = text::clean(line);
                    let line = Line::parse(&line);
                    let said = self.said_bytes(&line);
                    self.allow(line.cost(), bytes.len(), rules, now, || room(said))?;
                    self.respond(&line, &rules.secret, items);
                    self.opened |= line != Line::Blank;
                }
                Err(_) => {
                    self.allow(Cost::Line, bytes.len(), rules, now, || now)?;
                    self.refuse(Refusal::NotUtf8, items);
                    self.opened = true;
                }
            },
            Input::TooLong => {
                self.allow(Cost::Line, MAX_CLIENT_LINE_BYTES, rules, now, || now)?;
                self.refuse(Refusal::TooLong, items);
                self.opened = true;
            }
            Input::AreYouThere => {
                self.allow(Cost::Line, 0, rules, now, || now)?;
                self.tell(Notice::Present, items);
            }
            Input::Decline(bytes) => {
                self.allow(Cost::Fifth, 0, rules, now, || now)?;
                self.answer(bytes.into(), items);
            }
        }
        Ok(true)
    }

    /// Strips a byte order mark from a line that may be the first.
    fn without_its_mark<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.opened {
            line
        } else {
            without_byte_order_mark(line)
        }
    }

    /// Asks flood control, if there is any, whether a line may pass.
    fn allow(
        &mut self,
        cost: Cost,
        bytes: usize,
        rules: &Rules,
        now: Duration,
        room: impl FnOnce() -> Duration,
    ) -> Result<(), Held> {
        match (&mut self.flood, &rules.flood) {
            (Some(flood), Some(limits)) => flood.line(limits, cost, bytes, now, room),
            _ => Ok(()),
        }
    }

    /// Holds the session until flood control lets it go on, or ends it if it was held too long.
    fn hold(&mut self, held: Held, items: &mut Items) -> Progress {
        if held.too_long {
            self.end(CloseReason::HeldTooLong, items);
            return Progress::Ended;
        }
        if held.is_news {
            self.tell(Notice::SlowDown, items);
        }
        Progress::Held(held.until)
    }

    /// Tells whether the input waits for an event or for answers to be read.
    pub fn is_waiting(&self) -> bool {
        self.awaiting || self.own_waiting > OWN_WAITING_BYTES || self.shared_waiting > 0
    }

    /// Takes the outcome of an item.
    pub fn on(&mut self, event: Event, items: &mut Items) {
        self.awaiting = false;
        if self.ended.is_none() {
            self.hear(event, items);
        }
    }

    /// Ends the session with its last item. The first reason counts.
    ///
    /// A reader that is too slow gets no last line; in a stop the room's own line is the last.
    pub fn end(&mut self, reason: CloseReason, items: &mut Items) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(reason);
        let from_the_room = matches!(reason, CloseReason::TooSlow | CloseReason::Stopping);
        if let Some(notice) = reason.announcement().filter(|_| !from_the_room) {
            self.tell(notice, items);
        }
        items.push(Item::End(reason));
    }

    /// Skips a line of the session's own that was just appended to the log.
    pub fn appended(&mut self, at: Position, bytes: usize) {
        self.own_waiting += self.cursor.skip(at, bytes);
    }

    /// Notes the number of pieces, at least 1, in which a requested shared text comes.
    pub fn shown_in(&mut self, pieces: usize) {
        self.shared_waiting += pieces - 1;
    }

    /// Inserts private bytes at a position.
    pub fn insert(&mut self, at: Position, private: Private, view: &View) {
        self.cursor.insert(at, private, view);
    }

    /// Ends reading at a position.
    pub fn end_at(&mut self, at: Position) {
        self.cursor.end_at(at);
    }

    /// Advances the cursor over bytes that were written.
    pub fn written(&mut self, bytes: usize, view: &View) {
        let written = self.cursor.advance(bytes, view);
        self.own_waiting -= written.own;
        self.shared_waiting -= written.shared;
        if let Login::User(_, account) = &self.login
            && written.whispers > 0
        {
            account.release(written.whispers);
        }
    }

    /// Returns the number of bytes that a line would add to the room log.
    fn said_bytes(&self, line: &Line<'_>) -> usize {
        match (line, self.name()) {
            (Line::Known(_, Ok(Command::Message(text))), Some(name)) => {
                name.as_str().len() + ": ".len() + text.len() + LINE_END.len()
            }
            _ => 0,
        }
    }
}

/// Tells whether the first line, as far as it has come, belongs to another protocol.
fn begins_foreign(decoder: &mut Decoder) -> bool {
    let extent = match decoder.peek() {
        Some(Input::Line(_)) => Extent::Whole,
        Some(Input::TooLong) => Extent::TooLong,
        Some(Input::AreYouThere | Input::Decline(_)) | None => Extent::Begun,
    };
    is_foreign(decoder.partial(), extent)
}
