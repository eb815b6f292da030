//! Perform: appends lines and notices to the room log, has names claimed and whispers posted; answers wait to be
//! placed until the view shows the lines before them.

use std::sync::Arc;
use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::cursor::Private;
use wac_core::log::{CHUNK_BYTES, Position, Sealed};
use wac_core::notice_batch::{Change, Verdict};
use wac_core::roster::{Claimant, SessionAddress, ShardId, Slot};
use wac_core::session::{CachedReply, Event, Item, Session};
use wac_core::wire::line::ServerLine;

use super::Shard;
use super::write::PendingWrite;
use crate::room::locks::lock;
use crate::room::shared::{Append, Room, Shared};
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;

/// Bytes of lines appended at a time, at most.
pub(super) const PIECE_BYTES: usize = CHUNK_BYTES;
/// The upper bound of a notice's length.
const NOTICE_BYTES: usize = 256;

/// The reason for items to wait: always another shard's turn, never a socket.
#[derive(Debug, Clone, Copy)]
pub(super) enum Blocked {
    /// Appending this many bytes would push lines out of the window that some shard has not tried to write.
    Room(usize),
    /// The inbox of that shard is full.
    Inbox(ShardId),
    /// Too much of what was said has not come back from the stream of a cluster.
    Flight,
}

/// The outcome of announcing that a user joined or left.
enum Announced {
    /// The notice is in the log.
    Appended(Position),
    /// The notice is gathered with others and due at this time.
    Deferred(Duration),
    /// Notices are switched off.
    Off,
}

impl Blocked {
    pub(super) fn may_go(self, shared: &Shared) -> bool {
        match self {
            Self::Room(bytes) => shared.may_append(bytes),
            Self::Inbox(shard) => !shared.inboxes[shard.index()].is_full(),
            Self::Flight => false,
        }
    }
}

impl<T: Transport> Shard<T> {
    /// Performs the items in order, until none is left or one has to wait.
    pub(super) fn perform(&mut self, now: Duration) {
        self.blocked = None;
        self.append_gathered(now);
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
            self.shared.wake_all();
        }
    }

    /// Appends the lines at the front in one piece; each sender skips its own.
    fn append_lines(&mut self) {
        if self.shared.cluster.is_some() {
            return self.submit_lines();
        }
        let lines = self.items.lines(PIECE_BYTES);
        let mut left = lines.len();
        let mut at = match self.shared.append(left, |room| room.append(lines)) {
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

    fn session(&self, slot: Slot) -> Option<&Session> {
        self.table.get(slot.index())?.session()
    }

    pub(super) fn session_mut(&mut self, slot: Slot) -> Option<&mut Session> {
        self.table.get_mut(slot.index())?.session_mut()
    }

    pub(super) fn appended(&mut self, slot: Slot, at: Position, bytes: usize) {
        if let Some(session) = self.session_mut(slot) {
            session.appended(at, bytes);
        }
    }

    fn perform_item(&mut self, slot: Slot, item: Item, now: Duration) {
        match item {
            Item::Line { .. } => unreachable!("lines are appended in one piece"),
            Item::Claim(name) if self.shared.cluster.is_some() => {
                self.submit_claim(slot, name, now)
            }
            Item::Claim(name) => self.claim(slot, &name, Claimant::Anybody, now),
            Item::Prove(proof) => self.prove(slot, *proof, now),
            Item::Joined => {
                if !self.announce(slot, Change::Joined, now) {
                    self.items.push_front(slot, Item::Joined);
                }
            }
            Item::Whisper(whisper) => {
                if let Some(whisper) = self.whisper_later(slot, *whisper) {
                    self.whisper(slot, whisper, now);
                }
            }
            Item::Answer(private) => self.write_later(slot, PendingWrite::Private(private)),
            Item::Fence(private) => {
                self.submit_fence();
                self.write_later(slot, PendingWrite::Private(private));
            }
            Item::Show(CachedReply::Help) => {
                let help = self.shared.replies.help.clone();
                self.show(slot, &[help]);
            }
            Item::Show(CachedReply::Who) => {
                let pieces = self.shared.replies.who(&self.shared.roster);
                self.show(slot, &pieces);
            }
            Item::Replay(recall) => self.write_later(slot, PendingWrite::Replay(recall)),
            Item::Mark => self.write_later(slot, PendingWrite::Mark),
            Item::HeldBack => self.log_held_back(slot, now),
            Item::End(reason) => self.leave_room(slot, reason, now),
        }
    }

    /// Logs that flood control began to hold a sender back: noise.
    fn log_held_back(&self, slot: Slot, now: Duration) {
        let Some(connection) = self.table.get(slot.index()) else {
            return;
        };
        if let Some(count) = self.shared.noise.held_back.count(now) {
            let (name, _) = connection.account();
            tracing::info!(
                session.id = connection.id.0,
                peer.addr = %connection.peer,
                user.name = name.map(tracing::field::display),
                held_back = count,
                "flood control holds a sender back"
            );
        }
    }

    /// Inserts a shared text for a session, piece by piece.
    fn show(&mut self, slot: Slot, pieces: &[Arc<[u8]>]) {
        if let Some(session) = self.session_mut(slot) {
            session.expect_parts(pieces.len());
        }
        for piece in pieces {
            let reply = Private::Reply(piece.clone());
            self.write_later(slot, PendingWrite::Private(reply));
        }
    }

    /// Passes the outcome of an item to its session, whose input then resumes.
    pub(super) fn deliver_event(&mut self, slot: Slot, event: Event, now: Duration) {
        let connection = self.table.get_mut(slot.index());
        let Some(session) = connection.and_then(|it| it.session_mut()) else {
            return;
        };
        self.items.current = slot;
        session.on(event, &mut self.items);
        self.mark_ready(slot);
        self.advance(slot, now);
    }

    /// Announces that a user joined or left, now or gathered with others. Returns `false` if that has
    /// to wait.
    fn announce(&mut self, slot: Slot, change: Change, now: Duration) -> bool {
        if self.shared.cluster.is_some() {
            // All nodes do, when the claim or the departure comes back.
            return true;
        }
        let Some(name) = self.session(slot).and_then(|session| session.name()) else {
            return true;
        };
        let line = ServerLine::Notice(change.of(name.as_str())).to_bytes();
        let appended = self.shared.append(NOTICE_BYTES, |room| {
            tell_gathered(room, now)?;
            let Some(notices) = &mut room.notices else {
                return Ok(Announced::Off);
            };
            match notices.on(change, now) {
                Verdict::Now => room.append(&line).map(Announced::Appended),
                Verdict::Gathered(until) => Ok(Announced::Deferred(until)),
            }
        });
        match appended {
            Append::Done(Announced::Appended(at)) => self.appended(slot, at, line.len()),
            Append::Done(Announced::Deferred(until)) => self.notices_due = Some(until),
            Append::Done(Announced::Off) | Append::Sealed => {}
            Append::NotYet => self.blocked = Some(Blocked::Room(NOTICE_BYTES)),
        }
        self.blocked.is_none()
    }

    /// Appends the gathered notice once its second is over.
    fn append_gathered(&mut self, now: Duration) {
        if self.notices_due.is_none_or(|at| at > now) || self.phase != Phase::Serving {
            return;
        }
        match self
            .shared
            .append(NOTICE_BYTES, |room| tell_gathered(room, now))
        {
            Append::Done(()) => self.shared.wake_all(),
            Append::NotYet => return self.blocked = Some(Blocked::Room(NOTICE_BYTES)),
            Append::Sealed => {}
        }
        self.notices_due = None;
    }

    /// Ends a session, whose last line is in the log by now: appends its leave notice, then frees its name.
    fn leave_room(&mut self, slot: Slot, reason: CloseReason, now: Duration) {
        if self.phase < Phase::Sealed && !self.announce(slot, Change::Left, now) {
            return self.items.push_front(slot, Item::End(reason));
        }
        if let Some(name) = self.session(slot).and_then(|session| session.name()) {
            let (name, id) = (name.clone(), self.table[slot.index()].id);
            match &self.shared.cluster {
                None => lock(&self.shared.roster).release(&name),
                Some(_) if self.phase < Phase::Sealed => {
                    let shard = self.id;
                    self.submit_departure(SessionAddress { shard, slot, id }, &name);
                }
                // Everybody on the node leaves with it.
                Some(_) => {}
            }
            self.shared.user_left();
            self.tell_heirs(id);
        }
        self.withdraw_proof(slot);
        self.write_later(slot, PendingWrite::End(reason));
    }
}

/// Appends the gathered notice of a second that is over.
fn tell_gathered(room: &mut Room, now: Duration) -> Result<(), Sealed> {
    match room.notices.as_mut().and_then(|notices| notices.due(now)) {
        Some(notice) => room
            .append(&ServerLine::Notice(notice).to_bytes())
            .map(drop),
        None => Ok(()),
    }
}
