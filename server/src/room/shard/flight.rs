//! Flight: what a shard of a cluster's node has said and not read back yet, and what waits behind it.
//!
//! Lines, claims and departures go into the stream and come back in the order of everybody. Until then answers, whispers and ends
//! that came after them wait, so that a session reads what it would read if its lines were in the log at once.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::cluster::{Outcome, Record, Returned};
use wac_core::log::Position;
use wac_core::name::Name;
use wac_core::roster::{Claimant, KeyedName, SessionAddress, Slot, Unavailable};
use wac_core::session::{Event, Item, Items, Whisper};
use wac_core::wire::notice::Notice;

use super::Shard;
use super::connection::Life;
use super::perform::{Blocked, PIECE_BYTES};
use super::queues::Slots;
use super::write::PendingWrite;
use crate::room::locks::lock;
use crate::room::outbox::Outbox;
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;

/// Bytes of lines under way with which a shard submits no more.
const FLIGHT_BYTES: usize = 4 * PIECE_BYTES;

const SILENT: &str = "the other servers of the room can't be reached; what you say waits";
const BACK: &str = "the other servers of the room are back";

/// What a shard has submitted, and what waits for it to come back. Empty on a server of its own.
#[derive(Debug, Default)]
pub(super) struct Flight {
    under_way: VecDeque<Flying>,
    bytes: usize,
    submitted: u64,
    returned: u64,
    behind: VecDeque<Behind>,
    /// The number of times that the node had been cut off when the shard looked last.
    cuts: u64,
    /// The shard's people were told that the stream is silent.
    is_silent: bool,
}

/// A record of the shard in the stream.
#[derive(Debug)]
enum Flying {
    /// Lines of sessions, each with its length.
    Lines(Vec<(Slot, usize)>),
    Fence,
    Claim(SessionAddress, Name),
    Left(Slot),
}

/// What waits until everything submitted before it has come back.
#[derive(Debug)]
struct Behind {
    /// The number of records submitted before.
    ticket: u64,
    slot: Slot,
    what: Deed,
}

#[derive(Debug)]
enum Deed {
    Write(PendingWrite),
    Whisper(Whisper),
}

impl Flying {
    /// Returns the number of bytes of its lines.
    fn bytes(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.iter().map(|&(_, bytes)| bytes).sum(),
            Self::Fence | Self::Claim(..) | Self::Left(_) => 0,
        }
    }
}

impl Flight {
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= FLIGHT_BYTES
    }

    /// Tells whether nothing is under way or waits for it.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.behind.is_empty()
    }

    fn push(&mut self, flying: Flying) {
        self.bytes += flying.bytes();
        self.submitted += 1;
        self.under_way.push_back(flying);
    }

    fn pop(&mut self) -> Flying {
        let flying = self.under_way.pop_front();
        let flying = flying.expect("what comes back was submitted");
        self.bytes -= flying.bytes();
        self.returned += 1;
        flying
    }

    fn wait(&mut self, slot: Slot, what: Deed) {
        self.behind.push_back(Behind {
            ticket: self.submitted,
            slot,
            what,
        });
    }

    fn pop_behind(&mut self) -> Option<Behind> {
        let returned = self.returned;
        let behind = &mut self.behind;
        behind.pop_front_if(|behind| behind.ticket <= returned)
    }
}

impl<T: Transport> Shard<T> {
    /// Has private bytes or an end written after all that was performed before.
    pub(super) fn write_later(&mut self, slot: Slot, write: PendingWrite) {
        if self.flight.is_empty() {
            self.pending_writes.push((slot, write));
        } else {
            self.flight.wait(slot, Deed::Write(write));
        }
    }

    /// Holds a whisper back until all that was performed before has come back; returns it if nothing is under way.
    pub(super) fn whisper_later(&mut self, slot: Slot, whisper: Whisper) -> Option<Whisper> {
        if self.flight.is_empty() {
            return Some(whisper);
        }
        self.flight.wait(slot, Deed::Whisper(whisper));
        None
    }

    /// Submits the lines at the front, in one record, unless too many are under way.
    pub(super) fn submit_lines(&mut self) {
        if self.flight.is_full() {
            return self.blocked = Some(Blocked::Flight);
        }
        let lines = self.items.lines(PIECE_BYTES).to_vec();
        let (mut left, mut whose) = (lines.len(), Vec::new());
        while left > 0 {
            let (slot, bytes) = self.items.pop_line().expect("they were at the front");
            left -= bytes;
            whose.push((slot, bytes));
        }
        self.submit(Flying::Lines(whose), Record::Lines(lines));
    }

    /// Has what is performed next wait until everybody can read what was said before, wherever they are connected.
    pub(super) fn submit_fence(&mut self) {
        if self.shared.cluster.is_some() {
            self.submit(Flying::Fence, Record::Fence);
        }
    }

    /// Submits the claim of a name, unless it is known to fail.
    pub(super) fn submit_claim(&mut self, slot: Slot, name: Name, now: Duration) {
        let Some(address) = self.address_of_open(slot) else {
            return;
        };
        let keyed = KeyedName::from(name.clone());
        let checked = lock(&self.shared.roster).check(&keyed.keys, Claimant::Anybody);
        match checked {
            Ok(()) => self.submit(Flying::Claim(address, name), Record::Claim(address, keyed)),
            Err(why) => self.deliver_event(slot, Event::Unavailable(why), now),
        }
    }

    /// Submits that a session, whose last line was submitted before, has left its name.
    pub(super) fn submit_departure(&mut self, address: SessionAddress, name: &Name) {
        let record = Record::Left(address, name.folded());
        self.submit(Flying::Left(address.slot), record);
    }

    /// Submits a record, behind which all that follows waits: if the node has just been cut off, until that ends every session. Once
    /// it has, nothing comes back, and the ends wait for nothing.
    fn submit(&mut self, flying: Flying, record: Record) {
        let Some(outbox) = &self.shared.cluster else {
            return;
        };
        if outbox.put(Some(self.id), record) || self.is_cut_off() {
            self.flight.push(flying);
        }
    }

    /// Takes what has come back, and performs what waited for it.
    pub(super) fn take_returns(&mut self, returns: Vec<Returned>, now: Duration) {
        for Returned { at, outcome } in returns {
            let flying = self.flight.pop();
            self.take_return(flying, at, outcome, now);
        }
        while let Some(Behind { slot, what, .. }) = self.flight.pop_behind() {
            match what {
                Deed::Write(write) => self.pending_writes.push((slot, write)),
                Deed::Whisper(whisper) => self.whisper(slot, whisper, now),
            }
        }
    }

    fn take_return(&mut self, flying: Flying, mut at: Position, outcome: Outcome, now: Duration) {
        match (flying, outcome) {
            (Flying::Lines(lines), _) => {
                for (slot, bytes) in lines {
                    self.appended(slot, at, bytes);
                    at = at.plus(bytes);
                }
            }
            (Flying::Claim(address, name), Outcome::Claimed(account, end)) => {
                let slot = address.slot;
                let is_open = self.address_of_open(slot) == Some(address);
                if is_open {
                    self.let_in_as(slot, &name, at, now);
                }
                self.skip_notice(slot, at, end);
                if is_open {
                    self.deliver_event(slot, Event::Claimed(account), now);
                } else {
                    // It has ended meanwhile, and nobody else would release the name.
                    self.submit_departure(address, &name);
                }
            }
            (Flying::Claim(address, _), _) => {
                if self.address_of_open(address.slot) == Some(address) {
                    let taken = Event::Unavailable(Unavailable::Taken);
                    self.deliver_event(address.slot, taken, now);
                }
            }
            (Flying::Left(slot), Outcome::Left(end)) => self.skip_notice(slot, at, end),
            (Flying::Left(_) | Flying::Fence, _) => {}
        }
    }

    /// Has a session pass over its own notice, if there is one.
    fn skip_notice(&mut self, slot: Slot, at: Position, end: Position) {
        let bytes = usize::try_from(end.0 - at.0).expect("a notice is short");
        if bytes > 0 {
            self.appended(slot, at, bytes);
        }
    }

    /// Tells whether the node was cut off from the room since the last turn.
    fn is_cut_off(&self) -> bool {
        let cuts = self.shared.cluster.as_ref().map(Outbox::cuts);
        cuts.is_some_and(|cuts| cuts != self.flight.cuts)
    }

    /// Tells whether the node was cut off from the room, or the stream fell silent or came back, since the last turn.
    pub(super) fn has_news_of_stream(&self) -> bool {
        self.is_cut_off() || self.is_stream_silent() != self.flight.is_silent
    }

    fn is_stream_silent(&self) -> bool {
        self.shared.cluster.as_ref().is_some_and(Outbox::is_silent)
    }

    /// Tells everybody if the stream fell silent or came back since the last turn.
    pub(super) fn tell_of_silence(&mut self) {
        let is_silent = self.is_stream_silent();
        if is_silent == self.flight.is_silent {
            return;
        }
        self.flight.is_silent = is_silent;
        let text = if is_silent { SILENT } else { BACK };
        for (slot, connection) in &mut self.table {
            if let Life::Open(session) = &mut connection.life
                && session.ended().is_none()
            {
                session.tell_now(Notice::Server(text), &self.view);
                self.queues.due.push(Slot::of_index(slot));
            }
        }
    }

    /// Ends every session if the node was cut off from the room since the last turn: what they said last does not count.
    pub(super) fn follow_cuts(&mut self, now: Duration) {
        let cuts = self.shared.cluster.as_ref().map_or(0, Outbox::cuts);
        if cuts == self.flight.cuts {
            return;
        }
        // What came back before the cut counts, and nobody is to read it as somebody else's.
        self.catch_up(now);
        let lost = std::mem::take(&mut self.flight);
        self.flight.cuts = cuts;
        self.flight.is_silent = lost.is_silent;
        for Behind { slot, what, .. } in lost.behind {
            if let Deed::Write(write) = what {
                self.pending_writes.push((slot, write));
            }
        }
        let mut have_left = Slots::default();
        for (slot, write) in &self.pending_writes {
            if matches!(write, PendingWrite::End(_)) {
                have_left.insert(*slot);
            }
        }
        self.items = Items::default();
        for (slot, connection) in &mut self.table {
            let Life::Open(session) = &mut connection.life else {
                continue;
            };
            let slot = Slot::of_index(slot);
            self.items.current = slot;
            match session.ended() {
                Some(_) if have_left.contains(slot) => {}
                Some(reason) => self.items.push(Item::End(reason)),
                None => {
                    session.end(CloseReason::CutOff, &mut self.items);
                    if self.phase != Phase::Serving {
                        self.shared.cut_short.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    /// Lets the replicator go on after a cut: all sessions end at a place in the log of the room that is gone.
    pub(super) fn report_cut(&self) {
        if let Some(outbox) = &self.shared.cluster
            && self.inbox.cuts_seen() != self.flight.cuts
        {
            self.inbox.set_cuts_seen(self.flight.cuts);
            outbox.replicator.wake();
        }
    }
}
