//! A person: what they typed, what their session is to hand out for it, and what they are to read.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::SECRET;
use super::typed::{Typed, asked, text};
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::cursor::model::Due;
use crate::flood::Flood;
use crate::log::{Place, Position, View};
use crate::name::Name;
use crate::replay::Recall;
use crate::session::{CachedReply, Session};
use crate::unix_time::UnixSeconds;
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

/// Bytes of private output that wait for one reader at most.
const PRIVATE_BYTES: usize = 64 * 1024;

/// A person, and the connection to the server.
pub(super) struct Person {
    pub(super) session: Session,
    /// Bytes typed that have not reached the server.
    pub(super) under_way: VecDeque<u8>,
    pub(super) arrived: usize,
    pub(super) hangs_up: bool,
    /// What was typed and not obeyed: the number of bytes that must have arrived before it is, and its serial number.
    pub(super) typed: VecDeque<(usize, Typed, usize)>,
    /// What the session is to hand out next.
    pub(super) wanted: VecDeque<Done>,
    pub(super) name: Option<Name>,
    pub(super) has_spoken: bool,
    pub(super) offers: BTreeSet<(bool, u8)>,
    /// The reason that the closing notice has given.
    pub(super) closing: Option<CloseReason>,
    pub(super) ended: bool,
    /// Nothing more of the log is for this person.
    pub(super) is_closed: bool,
    pub(super) is_kicked: bool,
    pub(super) since: Duration,
    pub(super) due: Due,
}

/// An item that a session hands out, in plain values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    Line(Vec<u8>),
    Claim(String),
    Joined,
    Whisper(String, Vec<u8>),
    Answer(Vec<u8>),
    Show(CachedReply),
    Replay(Recall),
    Mark,
    End(CloseReason),
}

impl Person {
    pub(super) fn new(view: &View, now: Duration) -> Self {
        let greeting: Arc<[u8]> = ServerLine::Notice(Notice::Greeting).to_bytes().into();
        let mut due = Due::default();
        due.private(view.head().0 as usize, Private::Reply(greeting.clone()));
        Self {
            session: Session::begin(view, greeting, Some(Flood::default())),
            under_way: VecDeque::new(),
            arrived: 0,
            hangs_up: false,
            typed: VecDeque::new(),
            wanted: VecDeque::new(),
            name: None,
            has_spoken: false,
            offers: BTreeSet::new(),
            closing: None,
            ended: false,
            is_closed: false,
            is_kicked: false,
            since: now,
            due,
        }
    }

    pub(super) fn hang_up(&mut self, within_line: bool) {
        if within_line && !self.hangs_up {
            self.under_way.extend(b"MSG half");
        }
        self.hangs_up = true;
    }

    pub(super) fn insert(&mut self, at: Position, private: Private, view: &View) {
        self.session.insert(at, private.clone(), view);
        self.due.private(at.0 as usize, private);
        assert!(self.due.private_bytes() <= PRIVATE_BYTES);
    }

    /// Returns what the session is to hand out next.
    pub(super) fn next_wanted(&mut self) -> Option<Done> {
        self.obey_next();
        self.wanted.pop_front()
    }

    /// Obeys what has arrived whole, up to the first thing that leads to something.
    fn obey_next(&mut self) {
        while self.wanted.is_empty()
            && let Some(&(needed, what, serial)) = self.typed.front()
            && needed <= self.arrived
        {
            self.typed.pop_front();
            let wanted = self.obey(what, serial);
            self.wanted.extend(wanted);
        }
    }

    /// Returns what something typed leads to.
    fn obey(&mut self, what: Typed, serial: usize) -> Vec<Done> {
        let is_first = !self.has_spoken;
        self.has_spoken |= !matches!(
            what,
            Typed::Blank | Typed::AreYouThere | Typed::Offer { .. }
        );
        let name = self.name.as_ref().map(Name::as_str);
        vec![match (what, name) {
            (Typed::Blank, _) => return Vec::new(),
            (Typed::Offer { asks_us, option }, _) => {
                let is_new = self.offers.insert((asks_us, option));
                if !is_new && (asks_us, option) != (true, 6) {
                    return Vec::new();
                }
                Done::Answer(vec![255, if asks_us { 252 } else { 254 }, option])
            }
            (Typed::LogIn { .. }, Some(name)) => refused(Refusal::AlreadyLoggedIn(name)),
            (Typed::LogIn { name }, None) => {
                let name = asked(name).trim_matches('"');
                match name.parse::<Name>() {
                    Ok(name) => Done::Claim(name.to_string()),
                    Err(why) => refused(Refusal::NotAName(&why.to_string())),
                }
            }
            (Typed::Say { .. } | Typed::Whisper { .. } | Typed::NoText, None) => {
                refused(Refusal::NotLoggedIn)
            }
            (Typed::NoText, _) => refused(Refusal::NoText),
            (Typed::Say { bytes }, Some(name)) => {
                let text = &text(serial, bytes);
                Done::Line(ServerLine::Message { name, text }.to_bytes().into())
            }
            (Typed::Whisper { to, bytes }, Some(name)) => {
                let text = &text(serial, bytes);
                let line = ServerLine::Whisper { name, text }.to_bytes().into();
                Done::Whisper(asked(to).trim_matches('"').to_owned(), line)
            }
            (Typed::Ping { bytes }, _) => answer(ServerLine::Pong(Some(&text(serial, bytes)))),
            (Typed::Who, _) => Done::Show(CachedReply::Who),
            (Typed::History { lines: 0 }, _) => refused(Refusal::NotACount),
            (Typed::History { lines }, _) => Done::Replay(Recall::Last(lines.into())),
            (Typed::Since { at }, _) => Done::Replay(Recall::Since(Place {
                at: Position(at.into()),
                second: UnixSeconds::default(),
            })),
            (Typed::Mark, _) => Done::Mark,
            (Typed::NoMark, _) => refused(Refusal::NotAMark),
            (Typed::Help, _) => Done::Show(CachedReply::Help),
            (Typed::Secret, _) => answer(ServerLine::Secret(SECRET)),
            (Typed::Unknown, _) => refused(Refusal::UnknownCommand("hello")),
            (Typed::NotUtf8, _) => refused(Refusal::NotUtf8),
            (Typed::TooLong, _) => refused(Refusal::TooLong),
            (Typed::AreYouThere, _) => answer(ServerLine::Notice(Notice::Present)),
            (Typed::OtherProtocol, _) if !is_first => refused(Refusal::UnknownCommand("GET")),
            (Typed::OtherProtocol, _) => return self.close(CloseReason::NotOurProtocol),
            (Typed::Quit, _) => return self.close(CloseReason::Quit),
        }]
    }

    fn close(&mut self, reason: CloseReason) -> Vec<Done> {
        self.closing = Some(reason);
        let notice = reason.announcement().expect("it is announced");
        vec![answer(ServerLine::Notice(notice)), Done::End(reason)]
    }

    /// Tells whether nothing more follows from what was typed.
    pub(super) fn is_done(&mut self) -> bool {
        self.obey_next();
        let has_typed = self.hangs_up || !self.typed.is_empty() || !self.wanted.is_empty();
        self.is_closed || !has_typed
    }

    pub(super) fn check_end(&mut self, view: &View) {
        let cursor = self.session.cursor();
        assert!(cursor.is_done(view) && cursor.is_between_lines());
        assert!(self.due.is_empty());
        let traffic = self.session.traffic();
        assert_eq!(traffic.received.bytes, self.arrived as u64);
        assert_eq!(traffic.sent.lines, self.due.line_feeds());
        assert_eq!(self.ended, self.is_closed);
        assert!(self.is_done(), "everything typed is answered");
        assert!(self.ended || !self.session.is_waiting());
    }
}

/// Returns an answer, as it is handed out.
pub(super) fn answer(line: ServerLine<'_>) -> Done {
    Done::Answer(line.to_bytes().into())
}

pub(super) fn refused(refusal: Refusal<'_>) -> Done {
    answer(ServerLine::Refusal(refusal))
}
