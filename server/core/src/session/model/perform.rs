//! A turn of the shard in miniature: everybody's input goes as far as it may, and what is handed out is performed.

use std::ops::Range;
use std::sync::Arc;

use super::person::{Done, answer, refused};
use super::{Pending, RESERVED, ROOM, SEATS, World};
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::flood::HELD_LIMIT;
use crate::log::{CHUNK_BYTES, Place, Position};
use crate::mark::Mark;
use crate::name::Name;
use crate::replay::{Part, Recall, replay};
use crate::roster::{Claimant, SessionAddress, SessionId, ShardId, Slot, Unavailable};
use crate::session::{CachedReply, Context, Event, InputState, Item, Whisper};
use crate::unix_time::UnixSeconds;
use crate::wire::command::write_help;
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;
use crate::wire::who::begin_who;

impl World {
    /// Takes a shard's turn: everybody's input goes as far as it may, and everything handed out is performed.
    pub(super) fn turn(&mut self) {
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
            room: &|_, _| now,
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
        let mut at = self
            .log
            .append(&lines, UnixSeconds::default())
            .expect("it is not sealed")
            .0 as usize;
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
    fn appended(&mut self, from: usize, line: Range<usize>) {
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
            .append(&self.said[begin..], UnixSeconds::default())
            .expect("it is not sealed");
        self.appended(from, begin..self.said.len());
    }

    fn perform(&mut self, who: usize, item: Item) {
        match item {
            Item::Line { .. } => unreachable!("lines are appended in one piece"),
            Item::Claim(name) => self.claim(who, name),
            Item::Prove(_) => unreachable!("no name has a password here"),
            Item::Joined => {
                self.check(who, Done::Joined);
                let name = self.people[who].session.name().cloned();
                let name = name.expect("who joins has a name");
                self.announce(who, &Notice::Joined(name.as_str()));
            }
            Item::Whisper(whisper) => self.whisper(who, *whisper),
            Item::Answer(private) | Item::Fence(private) => {
                self.check(who, Done::Answer(private.bytes().to_vec()));
                self.pending.push((who, Pending::Answer(private)));
            }
            Item::Show(reply) => {
                self.check(who, Done::Show(reply));
                let pieces = self.pieces(reply);
                self.people[who].session.expect_parts(pieces.len());
                let pending = |piece| (who, Pending::Answer(Private::Reply(piece)));
                self.pending.extend(pieces.into_iter().map(pending));
            }
            Item::Replay(recall) => {
                self.check(who, Done::Replay(recall));
                self.pending.push((who, Pending::Replay(recall)));
            }
            Item::Mark => {
                self.check(who, Done::Mark);
                self.pending.push((who, Pending::Mark));
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
        let claimed = self.roster.claim(&name, Claimant::Anybody, address);
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
                    Unavailable::Registered => unreachable!("no name is registered"),
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
        let found = self.roster.find_here(&to);
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
                Pending::Replay(recall) => self.replay(who, recall),
                Pending::Mark => {
                    let (room, place) = (ROOM, self.view.place());
                    let token = Mark { room, place }.to_string();
                    let line = ServerLine::Mark(&token).to_bytes();
                    person.insert(head, Private::Reply(line.into()), &self.view);
                }
                Pending::End => {
                    person.session.end_at(head);
                    person.is_closed = true;
                }
            }
        }
    }

    /// Shows somebody the past; its lines are those that the log ends with.
    fn replay(&mut self, who: usize, recall: Recall) {
        let head = self.view.head();
        let person = &mut self.people[who];
        person.session.replay(head, recall, &self.view);
        let mut lines = Vec::new();
        let at = head.0 as usize;
        for part in replay(&self.view, recall) {
            match part {
                Part::Text(text) => person.due.private(at, Private::Reply(text.into())),
                Part::Span(span) => {
                    let span = span.start.0 as usize..span.end.0 as usize;
                    lines.extend_from_slice(&self.said[span.clone()]);
                    person.due.span(at, span);
                }
            }
        }
        let all: Vec<&[u8]> = self.said.split_inclusive(|&byte| byte == b'\n').collect();
        let wanted = match recall {
            Recall::Last(most) => all[all.len().saturating_sub(most as usize)..].concat(),
            Recall::Since(Place { at, .. }) => match self.said.get(at.0 as usize..) {
                Some(since) if at.0 == 0 || self.said[at.0 as usize - 1] == b'\n' => since.to_vec(),
                _ => Vec::new(),
            },
        };
        assert_eq!(lines, wanted);
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
