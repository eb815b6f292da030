//! Perform: lines are appended to the room log, and then answers and whispers get their positions.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wac_core::close::CloseReason;
use wac_core::cursor::{DETOUR_BYTES, Private};
use wac_core::line::ServerLine;
use wac_core::log::{CHUNK_BYTES, Position, Sealed};
use wac_core::name::Name;
use wac_core::notices::{Change, Verdict};
use wac_core::roster::Address;
use wac_core::session::{Event, Item, Session, Shared as SharedText, Whisper};

use super::connection::{Connection, Life};
use super::gate::Letter;
use super::{LAST_BYTES, LINGER, Shard};
use crate::drain::Phase;
use crate::shared::{Append, Room, Shared, lock};
use crate::transport::Transport;

/// A shard appends at most so much at a time.
const PIECE_BYTES: usize = CHUNK_BYTES;
/// More than a notice takes.
const NOTICE_BYTES: usize = 256;

/// What gets its position when the lines before it have theirs.
#[derive(Debug)]
pub(super) enum Placed {
    /// Private bytes.
    Private(Private),
    /// A whisper from a session of the same shard.
    Letter(Letter),
    /// The end of the session's reading.
    End(CloseReason),
}

/// Why items wait: always for another shard's turn, never for a socket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Blocked {
    /// An append would push out of the window what some shard has not tried.
    Room(usize),
    /// That shard's mailbox is full.
    Mailbox(u16),
}

impl Blocked {
    pub(super) fn may_go(self, shared: &Shared) -> bool {
        match self {
            Self::Room(bytes) => shared.may_append(bytes),
            Self::Mailbox(shard) => !shared.gates[usize::from(shard)].has_full_mailbox(),
        }
    }
}

impl<T: Transport> Shard<T> {
    /// Performs the items in order, until none is left or one has to wait.
    pub(super) fn perform(&mut self, now: Duration) {
        self.blocked = None;
        self.tell_gathered(now);
        let (head, mut posted) = (self.shared.head(), false);
        while self.blocked.is_none()
            && let Some((_, item)) = self.items.front()
        {
            posted |= matches!(item, Item::Whisper(_));
            if matches!(item, Item::Line { .. }) {
                self.append_lines();
            } else if let Some((slot, item)) = self.items.pop() {
                self.perform_item(slot, item, now);
            }
        }
        if posted || self.shared.head() != head {
            self.shared.ring_all();
        }
    }

    /// Appends the lines at the front in one piece; each is skipped by its sender.
    fn append_lines(&mut self) {
        let lines = self.items.lines(PIECE_BYTES);
        let mut left = lines.len();
        let mut at = match self.shared.append(left, |room| room.log.append(lines)) {
            Append::Done(at) => Some(at),
            Append::NotYet => return self.blocked = Some(Blocked::Room(left)),
            Append::Sealed => None,
        };
        while left > 0 {
            let (slot, bytes) = self.items.pop_line().expect("they were at the front");
            left -= bytes;
            if let Some(here) = &mut at {
                self.appended(slot, *here, bytes);
                *here = here.plus(bytes);
            }
        }
    }

    fn session(&self, slot: u32) -> Option<&Session> {
        self.table.get(slot as usize)?.session.as_ref()
    }

    fn appended(&mut self, slot: u32, at: Position, bytes: usize) {
        if let Some(session) = self
            .table
            .get_mut(slot as usize)
            .and_then(|it| it.session.as_mut())
        {
            session.appended(at, bytes);
        }
    }

    fn perform_item(&mut self, slot: u32, item: Item, now: Duration) {
        match item {
            Item::Line { .. } => unreachable!("lines are appended in one piece"),
            Item::Claim(name) => self.claim(slot, &name, now),
            Item::Joined => {
                if !self.announce(slot, Change::Joined, now) {
                    self.items.push_front(slot, Item::Joined);
                }
            }
            Item::Whisper(whisper) => self.whisper(slot, *whisper, now),
            Item::Answer(private) => self.placed.push((slot, Placed::Private(private))),
            Item::Show(text) => {
                let text = match text {
                    SharedText::Help => self.shared.texts.help.clone(),
                    SharedText::Who => self.shared.texts.who(&self.shared.roster),
                };
                self.placed
                    .push((slot, Placed::Private(Private::Shared(text))));
            }
            Item::End(reason) => self.end(slot, reason, now),
        }
    }

    fn claim(&mut self, slot: u32, name: &Name, now: Duration) {
        let Some(connection) = self.table.get(slot as usize) else {
            return;
        };
        let address = Address {
            shard: self.id,
            slot,
            id: connection.id,
        };
        let claimed = lock(&self.shared.roster).claim(name, address);
        let event = match claimed {
            Ok(account) => Event::Claimed(account),
            Err(why) => Event::Unavailable(why),
        };
        self.tell(slot, event, now);
    }

    /// Reserves room for a whisper in its addressee's account and posts it.
    fn whisper(&mut self, slot: u32, whisper: Whisper, now: Duration) {
        let weight = whisper.line.len() + DETOUR_BYTES;
        let to = {
            let roster = lock(&self.shared.roster);
            roster
                .find(&whisper.to)
                .map(|(to, account)| (to, account.reserve(weight)))
        };
        match to {
            None => self.tell(slot, Event::NoSuchUser(whisper.to), now),
            Some((_, false)) => self.tell(slot, Event::NotReading(whisper.to), now),
            Some((to, true)) => self.post(slot, to, whisper, now),
        }
    }

    fn post(&mut self, slot: u32, to: Address, whisper: Whisper, now: Duration) {
        let Whisper { to: name, line } = whisper;
        let letter = Letter {
            to,
            at: self.shared.head(),
            line,
        };
        if to.shard == self.id {
            self.placed.push((to.slot, Placed::Letter(letter)));
            return self.tell(slot, Event::Whispered, now);
        }
        match self.shared.gates[usize::from(to.shard)].post(letter) {
            Ok(()) => self.tell(slot, Event::Whispered, now),
            Err(letter) => {
                if let Some((_, account)) = lock(&self.shared.roster).find(&name) {
                    account.release(letter.line.len() + DETOUR_BYTES);
                }
                let whisper = Whisper {
                    to: name,
                    line: letter.line,
                };
                self.items
                    .push_front(slot, Item::Whisper(Box::new(whisper)));
                self.blocked = Some(Blocked::Mailbox(to.shard));
            }
        }
    }

    /// Tells a session what came of its item; its input goes on.
    fn tell(&mut self, slot: u32, event: Event, now: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        let Some(session) = &mut connection.session else {
            return;
        };
        self.items.from = slot;
        session.on(event, &mut self.items);
        connection.look_again();
        self.advance(slot, now);
    }

    /// Tells the room that a user joined or left, now or gathered with others; `false` if that has
    /// to wait.
    fn announce(&mut self, slot: u32, change: Change, now: Duration) -> bool {
        let Some(name) = self.session(slot).and_then(|session| session.name()) else {
            return true;
        };
        let line = ServerLine::Notice(&format!("{name} {}", change.verb())).to_bytes();
        let appended = self.shared.append(NOTICE_BYTES, |room| {
            tell_gathered(room, now)?;
            let Some(notices) = &mut room.notices else {
                return Ok(None);
            };
            match notices.on(change, now) {
                Verdict::Now => room.log.append(&line).map(Ok).map(Some),
                Verdict::Gathered(until) => Ok(Some(Err(until))),
            }
        });
        match appended {
            Append::Done(Some(Ok(at))) => self.appended(slot, at, line.len()),
            Append::Done(Some(Err(until))) => self.notices_due = Some(until),
            Append::Done(None) | Append::Sealed => {}
            Append::NotYet => self.blocked = Some(Blocked::Room(NOTICE_BYTES)),
        }
        self.blocked.is_none()
    }

    /// Tells the room of the notices that were gathered, when their second is over.
    fn tell_gathered(&mut self, now: Duration) {
        if self.notices_due.is_none_or(|at| at > now) {
            return;
        }
        match self
            .shared
            .append(NOTICE_BYTES, |room| tell_gathered(room, now))
        {
            Append::Done(()) => self.shared.ring_all(),
            Append::NotYet => return self.blocked = Some(Blocked::Room(NOTICE_BYTES)),
            Append::Sealed => {}
        }
        self.notices_due = None;
    }

    /// Ends a session: its last line stands in the log; its leave notice, then its name is free.
    fn end(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        if self.phase < Phase::Sealed && !self.announce(slot, Change::Left, now) {
            return self.items.push_front(slot, Item::End(reason));
        }
        if let Some(name) = self.session(slot).and_then(|session| session.name()) {
            lock(&self.shared.roster).release(name);
        }
        self.placed.push((slot, Placed::End(reason)));
    }

    /// Gives private bytes, and ends, their position: behind every line performed before them.
    pub(super) fn place(&mut self, now: Duration) {
        let head = self.view.head();
        for (slot, placed) in std::mem::take(&mut self.placed) {
            let Some(connection) = self.table.get_mut(slot as usize) else {
                continue;
            };
            let Some(session) = &mut connection.session else {
                continue;
            };
            match placed {
                Placed::Private(private) => {
                    session.insert(head, private, &self.view);
                    self.due.push(slot);
                }
                Placed::Letter(letter) => self.deliver(letter),
                Placed::End(reason) => {
                    session.end_at(head);
                    connection.life = Life::Ending(reason);
                    connection.timer = None;
                    self.due.push(slot);
                    self.close(slot, reason, now);
                }
            }
        }
    }

    /// Begins to close an ended session.
    fn close(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot as usize];
        if connection.broken {
            return self.remove(slot, reason, now);
        }
        if reason == CloseReason::TooSlow {
            // What it has not read is gone: it can be told why only between two lines.
            let whole = connection
                .session
                .as_ref()
                .is_some_and(|it| it.cursor().is_between_lines());
            if let (true, Some(text)) = (whole, reason.announcement()) {
                connection.say(&ServerLine::Notice(text).to_bytes());
            }
            self.let_go(slot, reason, now);
        } else {
            self.set_timer(slot, now + LAST_BYTES);
        }
    }

    /// Closes the sending side of a connection and lingers until its peer is done.
    pub(super) fn let_go(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = &mut self.table[slot as usize];
        connection.shut_down(reason);
        connection.look_again();
        self.set_timer(slot, now + LINGER);
    }

    /// Delivers the letters from other shards.
    pub(super) fn take_mail(&mut self) {
        if self.gate.has_mail() {
            self.gate
                .take_mail()
                .into_iter()
                .for_each(|letter| self.deliver(letter));
            self.wake_waiting();
        }
    }

    /// Delivers a letter to the session it is for; to one that is gone it is dropped.
    fn deliver(&mut self, letter: Letter) {
        let Letter { to, at, line } = letter;
        let open = |connection: &&mut Connection<T>| {
            connection.id == to.id && connection.life == Life::Open
        };
        let Some(connection) = self.table.get_mut(to.slot as usize).filter(open) else {
            self.shared.lost_mail.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let session = connection
            .session
            .as_mut()
            .expect("an open connection has a session");
        session.insert(at, Private::Whisper(line), &self.view);
        self.due.push(to.slot);
    }

    /// Wakes the shards that wait for this one's turn.
    pub(super) fn wake_waiting(&self) {
        for gate in self.shared.gates.iter().filter(|gate| gate.waits.take()) {
            gate.bell.ring();
        }
    }
}

/// Appends the gathered notice of a second that is over.
fn tell_gathered(room: &mut Room, now: Duration) -> Result<(), Sealed> {
    match room.notices.as_mut().and_then(|notices| notices.due(now)) {
        Some(text) => room
            .log
            .append(&ServerLine::Notice(&text).to_bytes())
            .map(drop),
        None => Ok(()),
    }
}
