//! Session: the life of one connection. Bytes come in, [items](Items) come out, and a
//! [cursor](crate::cursor) tells what has been written to the peer.
//!
//! A session performs nothing. It turns its input into items, in order; the shard performs them
//! and reports the outcome ([`Event`]). While an event is outstanding, the session's own answers
//! are unread or flood control holds it, the rest of the input stays undecoded.

mod conversation;
mod items;
#[cfg(any(test, fuzzing))]
pub(crate) mod model;
mod respond;
#[cfg(test)]
mod tests;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use crate::close_reason::CloseReason;
use crate::cursor::{Cursor, Private, Written};
use crate::decoder::Decoder;
use crate::flood::{Flood, FloodLimits, Said};
use crate::log::{Position, View, line_feeds};
use crate::mark::RoomId;
use crate::name::Name;
use crate::replay::{Part, Recall, replay};
use crate::roster::{Unavailable, WhisperQuota};
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;

use conversation::{Conversation, Login};
pub use items::{CachedReply, Item, Items, Whisper};
pub use traffic::{Flow, Traffic};

/// Bytes of own answers that may be unread before the session's input waits: a peer that asks without
/// reading delays only itself.
pub const OWN_WAITING_BYTES: usize = 4 * 1024;

/// The rules that apply to every session.
#[derive(Debug, Clone)]
pub struct Rules {
    /// `None`: no flood control.
    pub flood: Option<FloodLimits>,
    /// The answer to `SEC`.
    pub secret: Box<str>,
    /// The room's id, for marks.
    pub room: RoomId,
    /// Who may log in.
    pub logins: Logins,
    /// Who reads the room.
    pub audience: Audience,
}

/// Who may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logins {
    /// Anybody: no name is registered, and nobody has a password.
    WithoutPasswords,
    /// Registered names with their password, others without one.
    Anyone,
    /// Registered names alone.
    Registered,
}

/// Who reads the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who is connected.
    Anyone,
    /// Those who have logged in.
    LoggedIn,
}

/// A session's surroundings while it handles its input.
pub struct Context<'a> {
    /// The rules of the room.
    pub rules: &'a Rules,
    /// The time since the server's start.
    pub now: Duration,
    /// Takes a turn in the room for a number of bytes of a sender, and returns its time: `now` for none.
    pub room: &'a dyn Fn(usize, Said) -> Duration,
    /// The queue for the session's items.
    pub items: &'a mut Items,
}

/// The outcome of an item.
#[derive(Debug)]
pub enum Event {
    /// The name now belongs to the session, with its account of whispers.
    Claimed(Arc<WhisperQuota>),
    /// The name is unavailable.
    Unavailable(Unavailable),
    /// The password is wrong, or the name is not registered.
    WrongPassword,
    /// The whisper is on its way.
    Whispered,
    /// Nobody has the name, which is repeated as the sender wrote it.
    NoSuchUser(String),
    /// Too many whispers wait for that user already; the name is repeated as the sender wrote it.
    NotReading(String),
}

/// The reason why a session's input stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputState {
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

/// The life of one connection.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    cursor: Cursor,
    conversation: Conversation,
    traffic: Traffic,
}

impl Session {
    /// Begins a session at the view's head, in a room that its visitor reads; the greeting is its first detour.
    pub fn begin(view: &View, greeting: Arc<[u8]>, flood: Option<Flood>) -> Self {
        let mut session = Self {
            decoder: Decoder::default(),
            cursor: Cursor::new(view.head()),
            conversation: Conversation::begin(flood),
            traffic: Traffic::default(),
        };
        session.insert(view.head(), Private::Reply(greeting), view);
        session
    }

    /// Returns the name, once logged in.
    pub fn name(&self) -> Option<&Name> {
        self.conversation.name()
    }

    /// Tells whether the session has no name and is not claiming one. A name is claimed once its password was checked.
    pub fn is_visitor(&self) -> bool {
        matches!(self.conversation.login, Login::Visitor | Login::Proving(_))
    }

    /// Tells whether a password of the session is being checked.
    pub fn is_proving(&self) -> bool {
        matches!(self.conversation.login, Login::Proving(_))
    }

    /// Keeps the room from the session until it is [shown](Self::show_room): what is said is neither written to it nor counted
    /// against it.
    pub fn hide_room(&mut self, view: &View) {
        self.cursor.pause(view);
    }

    /// Shows the room from a position on, if it was hidden.
    pub fn show_room(&mut self, from: Position) {
        self.conversation.own_waiting += self.cursor.resume(from);
    }

    /// Returns the close reason, if the session has ended.
    pub fn ended(&self) -> Option<CloseReason> {
        self.conversation.ended
    }

    /// Tells whether the input waits for an event or for answers to be read.
    pub fn is_waiting(&self) -> bool {
        self.conversation.is_waiting()
    }

    /// Returns the session's cursor in the room log.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Returns what has been received and sent.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Returns the amount that may be read from the socket now.
    pub fn appetite(&mut self, rules: &Rules, now: Duration, items: &mut Items) -> Appetite {
        let free = self.decoder.free();
        if free == 0 || !self.conversation.wants_input() {
            return Appetite::None;
        }
        match self.conversation.may_read(rules, now, items) {
            Ok(bytes) => Appetite::Bytes(free.min(bytes)),
            Err(InputState::Held(until)) => Appetite::Held(until),
            Err(_) => Appetite::None,
        }
    }

    /// Takes bytes read from the socket, at most as many as the [`appetite`](Self::appetite) allowed; flood control counts the
    /// `raw` ones that came over the wire for them.
    pub fn feed(&mut self, bytes: &[u8], raw: usize, rules: &Rules, now: Duration) {
        if let (Some(flood), Some(limits)) = (&mut self.conversation.flood, &rules.flood) {
            flood.read(limits, raw, now);
        }
        self.traffic.received.bytes += bytes.len() as u64;
        self.decoder.feed(bytes);
    }

    /// Notes that the peer will send no more; complete lines are still answered.
    pub fn end_input(&mut self) {
        self.conversation.input_ended = true;
    }

    /// Notes that no input waits: it is all decoded and the socket has no more.
    pub fn note_caught_up(&mut self) {
        if let Some(flood) = &mut self.conversation.flood {
            flood.note_caught_up();
        }
    }

    /// Turns input into items as far as they may go.
    pub fn advance(&mut self, context: &mut Context<'_>) -> InputState {
        let conversation = &mut self.conversation;
        loop {
            if conversation.ended.is_some() {
                return InputState::Ended;
            }
            if conversation.is_waiting() {
                return InputState::Waiting;
            }
            match self.decoder.peek() {
                Some(input) => match conversation.take(&input, context) {
                    Ok(()) => {
                        self.traffic.received.lines += u64::from(input.is_line());
                        self.decoder.consume();
                    }
                    Err(held) => return conversation.hold(held, context.items),
                },
                None => match conversation.reason_to_end(self.decoder.partial()) {
                    Some(reason) => conversation.end(reason, context.items),
                    None => return InputState::Drained,
                },
            }
        }
    }

    /// Takes the outcome of an item.
    pub fn on(&mut self, event: Event, items: &mut Items) {
        self.conversation.on(event, items);
    }

    /// Ends the session with its last item. The first reason counts.
    ///
    /// The session inserts its last line itself, except in two cases: the shard writes it to a reader that is too slow, if the
    /// reader's cursor is between two lines, and in a stop the room's own line is the last for those who read the room.
    pub fn end(&mut self, reason: CloseReason, items: &mut Items) {
        match reason {
            CloseReason::TooSlow => self.conversation.end_silently(reason, items),
            CloseReason::Stopping if !self.cursor.is_paused() => {
                self.conversation.end_silently(reason, items);
            }
            _ => self.conversation.end(reason, items),
        }
    }

    /// Ends the session as the operator wants it, and tells the peer why. The first reason counts.
    pub fn remove(&mut self, reason: CloseReason, why: Option<&str>, items: &mut Items) {
        self.conversation.end_for(reason, why, items);
    }

    /// Skips a line of the session's own that was just appended to the log.
    pub fn appended(&mut self, at: Position, bytes: usize) {
        self.conversation.own_waiting += self.cursor.skip(at, bytes);
    }

    /// Notes the number of parts, at least 1, in which a requested reply comes.
    pub fn expect_parts(&mut self, parts: usize) {
        self.conversation.replies_waiting += parts - 1;
    }

    /// Shows the past at a position, as it was requested.
    pub fn replay(&mut self, at: Position, recall: Recall, view: &View) {
        let parts = replay(view, recall);
        self.expect_parts(parts.len());
        for part in parts {
            match part {
                Part::Text(text) => self.insert(at, Private::Reply(text.into()), view),
                Part::Span(span) => self.cursor.show_again(at, span, view),
            }
        }
    }

    /// Inserts private bytes at a position.
    pub fn insert(&mut self, at: Position, private: Private, view: &View) {
        self.cursor.insert(at, private, view);
    }

    /// Tells the peer something at once, whatever is under way.
    pub fn tell_now(&mut self, notice: Notice<'_>, view: &View) {
        let private = self.conversation.own(ServerLine::Notice(notice).to_bytes());
        self.cursor.insert(view.head(), private, view);
    }

    /// Writes nothing more from a position on, until the session is [released](Self::release).
    pub fn hold(&mut self, at: Position, view: &View) {
        self.cursor.close(at, view);
    }

    /// Writes a reply where the session was held, and then the rest.
    pub fn release(&mut self, reply: Private) {
        self.cursor.open(reply);
    }

    /// Ends reading at a position.
    pub fn end_at(&mut self, at: Position) {
        self.cursor.end_at(at);
    }

    /// Advances the cursor over bytes that were written; returns what they were.
    pub fn written(&mut self, bytes: usize, view: &View) -> Written {
        let written = self.cursor.advance(bytes, view);
        let lines = written.room_lines + written.private_lines;
        self.traffic.sent.add(lines, bytes);
        self.conversation.written(&written);
        written
    }

    /// Notes that the shard wrote bytes of its own to the peer; returns the number of lines.
    pub fn written_aside(&mut self, bytes: &[u8]) -> u64 {
        let lines = line_feeds(bytes);
        self.traffic.sent.add(lines, bytes.len());
        lines
    }

    /// Notes how far behind the cursor is, in bytes, now that the socket takes no more; returns it.
    pub fn note_lag(&mut self, view: &View) -> u64 {
        let lag = self.cursor.lag_bytes(view);
        let furthest = &mut self.traffic.furthest_lag_bytes;
        *furthest = lag.max(*furthest);
        lag
    }
}
