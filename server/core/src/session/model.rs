//! Model of a room: a shard in miniature performs the items of a few sessions. What each hands out is held against what
//! its person typed, and what each person reads against what the room owes them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use super::{
    Appetite, CachedReply, Context, Event, InputState, Item, Items, Rules, Session, Whisper,
};
use crate::MAX_CLIENT_LINE_BYTES;
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::cursor::model::{Due, write};
use crate::flood::{Flood, FloodLimits, HELD_LIMIT};
use crate::log::{CHUNK_BYTES, Position, RoomLog, View};
use crate::name::Name;
use crate::roster::{Roster, SessionAddress, SessionId, ShardId, Slot, Unavailable, WHISPER_BYTES};
use crate::wire::command::write_help;
use crate::wire::line::{LINE_END, ServerLine};
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;
use crate::wire::who::begin_who;

/// A run: whether there is flood control, and what happens.
#[derive(Debug)]
pub(crate) struct Run {
    has_flood_control: bool,
    steps: Vec<Step>,
}

/// Something that happens. People are counted round.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    Type {
        who: u8,
        what: Typed,
    },
    /// Bytes that were typed reach the server, in steps of 16, or all of them.
    Arrive {
        who: u8,
        bytes: u8,
    },
    /// A person's socket takes some bytes.
    Read {
        who: u8,
        bytes: u16,
    },
    /// Time passes, in tenths of a second.
    Pass(u8),
    /// A person closes their sending side, perhaps within a line.
    HangUp {
        who: u8,
        within_line: bool,
    },
    /// The operator removes somebody.
    Kick(u8),
    /// Somebody comes in the place of a person who is gone.
    Come(u8),
}

/// What a person types: a line, or what Telnet sends. Names are counted round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Typed {
    LogIn { name: u8 },
    Say { bytes: u8 },
    Whisper { to: u8, bytes: u8 },
    Ping { bytes: u8 },
    Who,
    Secret,
    Help,
    Quit,
    Blank,
    NoText,
    Unknown,
    NotUtf8,
    TooLong,
    OtherProtocol,
    AreYouThere,
    Offer { asks_us: bool, option: u8 },
}

impl<'a> Arbitrary<'a> for Run {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut run = Self {
            has_flood_control: u.arbitrary()?,
            steps: Vec::new(),
        };
        while !u.is_empty() {
            run.steps.push(u.arbitrary()?);
        }
        Ok(run)
    }
}

const SEATS: usize = 4;
/// Names that people ask for, some quoted, in another case or not allowed; and who may not have them beside whom.
const NAMES: [&str; 8] = [
    "Ann",
    "aNN",
    "\u{410}nn",
    "Bob",
    "\"Bob\"",
    "Zoë",
    "root",
    "-x",
];
const RESERVED: &str = "root";
const SECRET: &str = "s3cret";
/// The window: more than anybody says.
const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that are typed in a run at most, so that it is short.
const MOST_TYPED: usize = 40 * 1024;
/// Bytes of private output that wait for one reader at most.
const PRIVATE_BYTES: usize = 64 * 1024;

struct World {
    rules: Rules,
    now: Duration,
    items: Items,
    log: RoomLog,
    /// The whole log.
    said: Vec<u8>,
    view: View,
    roster: Roster,
    /// The people who are logged in, in that order.
    online: Vec<(Name, usize)>,
    people: Vec<Person>,
    /// What waits for its place in the log.
    pending: Vec<(usize, Pending)>,
    typed: usize,
    serial: usize,
}

enum Pending {
    Private(Position, Private),
    Answer(Private),
    End,
}

struct Person {
    session: Session,
    /// Bytes typed that have not reached the server.
    under_way: VecDeque<u8>,
    arrived: usize,
    hangs_up: bool,
    /// What was typed and not obeyed: the number of bytes that must have arrived before it is, and its serial number.
    typed: VecDeque<(usize, Typed, usize)>,
    /// What the session is to hand out next.
    wanted: VecDeque<Done>,
    name: Option<Name>,
    has_spoken: bool,
    offers: BTreeSet<(bool, u8)>,
    /// The reason that the closing notice has given.
    closing: Option<CloseReason>,
    ended: bool,
    /// Nothing more of the log is for this person.
    is_closed: bool,
    is_kicked: bool,
    since: Duration,
    due: Due,
}

/// An item that a session hands out, in plain values.
#[derive(Debug, PartialEq, Eq)]
enum Done {
    Line(Vec<u8>),
    Claim(String),
    Joined,
    Whisper(String, Vec<u8>),
    Answer(Vec<u8>),
    Show(CachedReply),
    End(CloseReason),
}

/// Plays a run.
///
/// # Panics
/// If a session hands out something else than its person's commands demand, or somebody reads something else than the
/// room owes them.
pub(crate) fn play(run: &Run) {
    let mut world = World::new(run.has_flood_control);
    for step in &run.steps {
        world.step(*step);
    }
    world.finish();
}

impl World {
    fn new(has_flood_control: bool) -> Self {
        let mut world = Self {
            rules: Rules {
                flood: has_flood_control.then(|| FloodLimits::new(5, 2)),
                secret: SECRET.into(),
            },
            now: Duration::from_secs(3),
            items: Items::default(),
            log: RoomLog::new(WINDOW_BYTES),
            said: Vec::new(),
            view: View::default(),
            roster: Roster::new(vec![RESERVED.parse().expect("a name")]),
            online: Vec::new(),
            people: Vec::new(),
            pending: Vec::new(),
            typed: 0,
            serial: 0,
        };
        world.people = (0..SEATS)
            .map(|_| Person::new(&world.view, world.now))
            .collect();
        (0..SEATS).for_each(|who| _ = world.read(who, usize::MAX));
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Type { who, what } => self.type_in(seat(who), what),
            Step::Arrive { who, bytes } => match usize::from(bytes) * 16 {
                0 => self.arrive(seat(who), usize::MAX),
                bytes => self.arrive(seat(who), bytes),
            },
            Step::Read { who, bytes } => _ = self.read(seat(who), bytes.into()),
            Step::Pass(tenths) => self.pass(u64::from(tenths) * 100),
            Step::HangUp { who, within_line } => self.people[seat(who)].hang_up(within_line),
            Step::Kick(who) => self.kick(seat(who)),
            Step::Come(who) => {
                let person = &mut self.people[seat(who)];
                if person.is_closed {
                    *person = Person::new(&self.view, self.now);
                }
            }
        }
    }

    fn type_in(&mut self, who: usize, what: Typed) {
        let person = &mut self.people[who];
        if person.hangs_up || self.typed > MOST_TYPED {
            return;
        }
        self.serial += 1;
        let bytes = what.bytes(self.serial);
        self.typed += bytes.len();
        let before = person.arrived + person.under_way.len();
        let needed = match what {
            Typed::TooLong => MAX_CLIENT_LINE_BYTES,
            Typed::OtherProtocol => b"GET ".len(),
            _ => bytes.len(),
        };
        person.typed.push_back((before + needed, what, self.serial));
        person.under_way.extend(bytes);
    }

    fn arrive(&mut self, who: usize, mut bytes: usize) {
        while bytes > 0 {
            self.items.current = Slot::of_index(who);
            let person = &mut self.people[who];
            let appetite = person
                .session
                .appetite(&self.rules, self.now, &mut self.items);
            let Appetite::Bytes(free) = appetite else {
                break;
            };
            assert!(free > 0);
            let now = bytes.min(free).min(person.under_way.len());
            let fed: Vec<u8> = person.under_way.drain(..now).collect();
            person.session.feed(&fed, &self.rules, self.now);
            person.arrived += now;
            if person.hangs_up && person.under_way.is_empty() {
                person.session.end_input();
                bytes = 0;
            }
            bytes -= now.min(bytes);
            self.turn();
            if now == 0 {
                break;
            }
        }
        self.turn();
    }

    /// Lets a person's socket take up to `room` bytes; returns how many it took.
    fn read(&mut self, who: usize, room: usize) -> usize {
        let mut left = room;
        let person = &mut self.people[who];
        loop {
            let cursor = person.session.cursor();
            let taken = write(cursor, &self.view, &self.said, &mut person.due, left);
            person.session.written(taken, &self.view);
            left -= taken;
            if taken == 0 {
                break;
            }
        }
        self.turn();
        room - left
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.turn();
    }

    fn kick(&mut self, who: usize) {
        self.items.current = Slot::of_index(who);
        let person = &mut self.people[who];
        person.is_kicked = true;
        person
            .session
            .remove(CloseReason::Kicked, Some("too loud"), &mut self.items);
        self.turn();
    }

    /// Takes a shard's turn: everybody's input goes as far as it may, and everything handed out is performed.
    fn turn(&mut self) {
        for who in 0..SEATS {
            self.advance(who);
        }
        while let Some((slot, item)) = self.items.front() {
            if matches!(item, Item::Line { .. }) {
                self.append_lines();
            } else {
                let who = slot.index();
                let (_, item) = self.items.pop().expect("it was at the front");
                self.perform(who, item);
            }
        }
        self.view.catch_up(&self.log);
        self.place();
    }

    fn advance(&mut self, who: usize) {
        self.items.current = Slot::of_index(who);
        let now = self.now;
        let person = &mut self.people[who];
        let state = person.session.advance(&mut Context {
            rules: &self.rules,
            now,
            room: &|_| now,
            items: &mut self.items,
        });
        match state {
            InputState::Held(until) => assert!(self.rules.flood.is_some() && until > now),
            InputState::Drained if person.under_way.is_empty() => person.session.note_caught_up(),
            InputState::Ended => assert!(person.session.ended().is_some()),
            InputState::Drained | InputState::Waiting => {}
        }
    }

    fn hear(&mut self, who: usize, event: Event) {
        self.items.current = Slot::of_index(who);
        self.people[who].session.on(event, &mut self.items);
        self.advance(who);
    }

    fn append_lines(&mut self) {
        let lines = self.items.lines(CHUNK_BYTES).to_vec();
        let mut at = self.log.append(&lines).expect("it is not sealed").0 as usize;
        assert_eq!(at, self.said.len());
        self.said.extend_from_slice(&lines);
        while at < self.said.len() {
            let (slot, bytes) = self.items.pop_line().expect("it was at the front");
            let line = at..at + bytes;
            self.check(slot.index(), Done::Line(self.said[line.clone()].to_vec()));
            self.appended(slot.index(), line);
            at += bytes;
        }
    }

    /// Notes a line of somebody's, which all others are to read.
    fn appended(&mut self, from: usize, line: std::ops::Range<usize>) {
        for (who, person) in self.people.iter_mut().enumerate() {
            if person.is_closed {
                continue;
            }
            if who == from {
                person.due.own_line(line.start);
            } else {
                person.due.line(line.clone());
            }
        }
        let session = &mut self.people[from].session;
        session.appended(Position(line.start as u64), line.len());
    }

    fn announce(&mut self, from: usize, notice: &Notice<'_>) {
        let begin = self.said.len();
        ServerLine::Notice(*notice).write(&mut self.said);
        self.log
            .append(&self.said[begin..])
            .expect("it is not sealed");
        self.appended(from, begin..self.said.len());
    }

    fn perform(&mut self, who: usize, item: Item) {
        match item {
            Item::Line { .. } => unreachable!("lines are appended in one piece"),
            Item::Claim(name) => self.claim(who, name),
            Item::Joined => {
                self.check(who, Done::Joined);
                let name = self.people[who].session.name().cloned();
                let name = name.expect("who joins has a name");
                self.announce(who, &Notice::Joined(name.as_str()));
            }
            Item::Whisper(whisper) => self.whisper(who, *whisper),
            Item::Answer(private) => {
                self.check(who, Done::Answer(private.bytes().to_vec()));
                self.pending.push((who, Pending::Answer(private)));
            }
            Item::Show(reply) => {
                self.check(who, Done::Show(reply));
                let pieces = self.pieces(reply);
                self.people[who].session.expect_pieces(pieces.len());
                let pending = |piece| (who, Pending::Answer(Private::Shared(piece)));
                self.pending.extend(pieces.into_iter().map(pending));
            }
            Item::HeldBack => assert!(self.rules.flood.is_some()),
            Item::End(reason) => self.end(who, reason),
        }
    }

    /// Returns a text that is shared, in pieces of a line.
    fn pieces(&self, reply: CachedReply) -> Vec<Arc<[u8]>> {
        let mut text = Vec::new();
        match reply {
            CachedReply::Help => write_help(&mut text),
            CachedReply::Who => begin_who(self.online.len(), &self.roster.names(), &mut text),
        }
        text.split_inclusive(|&byte| byte == b'\n')
            .map(Arc::from)
            .collect()
    }

    fn claim(&mut self, who: usize, name: Name) {
        self.check(who, Done::Claim(name.to_string()));
        let address = SessionAddress {
            shard: ShardId(0),
            slot: Slot::of_index(who),
            id: SessionId(1),
        };
        let claimed = self.roster.claim(&name, address);
        let is_taken = self
            .online
            .iter()
            .any(|(other, _)| kind(other) == kind(&name));
        let text = name.as_str();
        let (event, wanted) = match claimed {
            Ok(account) => {
                assert!(!is_taken && text != RESERVED, "{text}");
                self.people[who].name = Some(name.clone());
                self.online.push((name.clone(), who));
                let welcome = answer(ServerLine::Notice(Notice::Welcome(text)));
                (Event::Claimed(account), vec![welcome, Done::Joined])
            }
            Err(why) => {
                let refusal = match why {
                    Unavailable::Taken => Refusal::Taken(text),
                    Unavailable::Reserved => Refusal::Reserved(text),
                };
                assert_eq!(why == Unavailable::Reserved, text == RESERVED);
                assert_eq!(why == Unavailable::Taken, is_taken, "{text}");
                (Event::Unavailable(why), vec![refused(refusal)])
            }
        };
        self.people[who].wanted.extend(wanted);
        self.hear(who, event);
    }

    fn whisper(&mut self, who: usize, whisper: Whisper) {
        let Whisper { to, line } = whisper;
        self.check(who, Done::Whisper(to.clone(), line.to_vec()));
        let is_called =
            |(name, _): &&(Name, usize)| name.as_str().to_lowercase() == to.to_lowercase();
        let wanted = self.online.iter().find(is_called).map(|(_, who)| *who);
        let found = self.roster.find(&to);
        assert_eq!(found.map(|(it, _)| it.slot.index()), wanted, "{to}");
        let private = Private::Whisper(line);
        let event = match (found, wanted) {
            (Some((_, account)), Some(addressee)) if account.reserve(private.weight()) => {
                let post = Pending::Private(self.log.head(), private);
                self.pending.push((addressee, post));
                Event::Whispered
            }
            (None, _) | (_, None) => {
                self.people[who]
                    .wanted
                    .push_back(refused(Refusal::NoSuchUser(&to)));
                Event::NoSuchUser(to)
            }
            _ => {
                self.people[who]
                    .wanted
                    .push_back(refused(Refusal::NotReading(&to)));
                Event::NotReading(to)
            }
        };
        self.hear(who, event);
    }

    fn end(&mut self, who: usize, reason: CloseReason) {
        let limited = self.rules.flood.is_some();
        let person = &mut self.people[who];
        match reason {
            CloseReason::PeerClosed => {
                assert!(person.hangs_up && person.under_way.is_empty());
                assert_eq!(person.next_wanted(), None, "whole lines are answered");
            }
            CloseReason::Kicked => assert!(person.is_kicked),
            CloseReason::HeldTooLong => {
                assert!(limited && self.now > person.since + HELD_LIMIT / 2)
            }
            _ => self.check(who, Done::End(reason)),
        }
        let person = &mut self.people[who];
        assert_eq!(person.closing.unwrap_or(CloseReason::PeerClosed), reason);
        assert!(!std::mem::replace(&mut person.ended, true), "it ends once");
        if let Some(name) = person.name.take() {
            self.announce(who, &Notice::Left(name.as_str()));
            self.roster.release(&name);
            self.online.retain(|(_, other)| *other != who);
        }
        self.pending.push((who, Pending::End));
    }

    /// Gives what waits its place: behind every line performed before it.
    fn place(&mut self) {
        let head = self.view.head();
        for (who, pending) in std::mem::take(&mut self.pending) {
            let person = &mut self.people[who];
            match pending {
                Pending::Private(at, private) => person.insert(at, private, &self.view),
                Pending::Answer(private) => person.insert(head, private, &self.view),
                Pending::End => {
                    person.session.end_at(head);
                    person.is_closed = true;
                }
            }
        }
    }

    /// Holds what a session hands out against what its person typed.
    fn check(&mut self, who: usize, done: Done) {
        let limited = self.rules.flood.is_some();
        let person = &mut self.people[who];
        assert!(!person.ended, "nothing follows the end: {done:?}");
        if done == answer(ServerLine::Notice(Notice::SlowDown)) {
            return assert!(limited);
        }
        for (reason, why, may_be) in [
            (CloseReason::HeldTooLong, None, limited),
            (CloseReason::Kicked, Some("too loud"), person.is_kicked),
        ] {
            let notice = reason.announcement_for(why).expect("it is announced");
            if may_be && done == answer(ServerLine::Notice(notice)) {
                person.closing = Some(reason);
                return;
            }
        }
        assert_eq!(person.next_wanted(), Some(done), "of {who}");
    }

    /// Lets everything arrive and be read.
    fn finish(&mut self) {
        const SECONDS: usize = 150;
        for _ in 0..SECONDS {
            for who in 0..SEATS {
                self.arrive(who, usize::MAX);
                self.read(who, usize::MAX);
            }
            if self.people.iter_mut().all(Person::is_done) {
                break;
            }
            self.pass(1000);
        }
        while (0..SEATS).any(|who| self.read(who, usize::MAX) > 0) {}
        self.people
            .iter_mut()
            .for_each(|person| person.check_end(&self.view));
        let names: Vec<Name> = self.online.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(self.roster.names(), names);
        for name in names {
            let (_, account) = self.roster.find(name.as_str()).expect("the name is taken");
            assert!(
                account.reserve(WHISPER_BYTES),
                "no whisper waits for {name}"
            );
        }
    }
}

impl Person {
    fn new(view: &View, now: Duration) -> Self {
        let greeting: Arc<[u8]> = ServerLine::Notice(Notice::Greeting).to_bytes().into();
        let mut due = Due::default();
        due.private(view.head().0 as usize, Private::Shared(greeting.clone()));
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

    fn hang_up(&mut self, within_line: bool) {
        if within_line && !self.hangs_up {
            self.under_way.extend(b"MSG half");
        }
        self.hangs_up = true;
    }

    fn insert(&mut self, at: Position, private: Private, view: &View) {
        self.session.insert(at, private.clone(), view);
        self.due.private(at.0 as usize, private);
        assert!(self.due.private_bytes() <= PRIVATE_BYTES);
    }

    /// Returns what the session is to hand out next.
    fn next_wanted(&mut self) -> Option<Done> {
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
    fn is_done(&mut self) -> bool {
        self.obey_next();
        let has_typed = self.hangs_up || !self.typed.is_empty() || !self.wanted.is_empty();
        self.is_closed || !has_typed
    }

    fn check_end(&mut self, view: &View) {
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

impl Typed {
    /// Returns the bytes that the server is sent.
    fn bytes(self, serial: usize) -> Vec<u8> {
        let line = match self {
            Self::LogIn { name } => format!("LIN {}", asked(name)),
            Self::Say { bytes } => format!("MSG {}", text(serial, bytes)),
            Self::Whisper { to, bytes } => format!("w {} {}", asked(to), text(serial, bytes)),
            Self::Ping { bytes } => format!("Ping {}", text(serial, bytes)),
            Self::Who => "WHO".to_owned(),
            Self::Secret => "sec".to_owned(),
            Self::Help => "HELP me".to_owned(),
            Self::Quit => "QUIT".to_owned(),
            Self::Blank => " \t".to_owned(),
            Self::NoText => "MSG  ".to_owned(),
            Self::Unknown => "hello there".to_owned(),
            Self::TooLong => format!("MSG {}", "x".repeat(MAX_CLIENT_LINE_BYTES)),
            Self::OtherProtocol => "GET / HTTP/1.1".to_owned(),
            Self::NotUtf8 => return b"MSG \xc3(\n".to_vec(),
            Self::AreYouThere => return vec![255, 246],
            Self::Offer { asks_us, option } => {
                return vec![255, if asks_us { 253 } else { 251 }, option];
            }
        };
        let ending = [LINE_END, b"\n", b"\r\0"][serial % 3];
        [line.as_bytes(), ending].concat()
    }
}

fn seat(who: u8) -> usize {
    usize::from(who) % SEATS
}

fn asked(name: u8) -> &'static str {
    NAMES[usize::from(name) % NAMES.len()]
}

/// Returns a text that no other equals: few are long.
fn text(serial: usize, bytes: u8) -> String {
    let bytes = match usize::from(bytes) {
        short @ ..240 => short % 24,
        long => long * 15,
    };
    format!("#{serial} {}", "x".repeat(bytes))
}

/// Returns what two of the names have in common if only one of them may be online.
fn kind(name: &Name) -> Option<char> {
    let first = name.as_str().chars().next()?;
    Some(if first == '\u{410}' {
        'a'
    } else {
        first.to_ascii_lowercase()
    })
}

fn answer(line: ServerLine<'_>) -> Done {
    Done::Answer(line.to_bytes().into())
}

fn refused(refusal: Refusal<'_>) -> Done {
    answer(ServerLine::Refusal(refusal))
}
