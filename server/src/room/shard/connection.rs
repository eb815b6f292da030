//! Connection: an entry in a shard's table, a socket and the stage of its life.
//!
//! ```text
//!  Arriving ─▶ Open ─▶ Ending ─▶ Lingering ─▶ removed
//! ```

use std::io::{self, IoSlice};
use std::mem;
use std::time::Duration;

use wac_core::admission::Seat;
use wac_core::close_reason::CloseReason;
use wac_core::log::{Position, View};
use wac_core::name::Name;
use wac_core::roster::SessionId;
use wac_core::session::{Session, Traffic};

use super::link::{Link, broken_by};
use crate::room::figures::Sent;
use crate::room::peer::Peer;
use crate::room::transport::Transport;

/// Slices handed to one vectored write.
const SLICES: usize = 16;

/// The stage of a connection's life.
#[derive(Debug)]
pub(super) enum Life {
    /// Its socket has not been reported ready yet, so it counts as neither full nor ready.
    Arriving,
    /// Its session is open.
    Open(Session),
    /// Its session has ended; its last bytes are being written.
    Ending(Session, CloseReason),
    /// Everything is written and the sending side closed; input is dropped until the peer closes, or
    /// until this time.
    Lingering(Record, Duration),
}

/// The record of a session whose connection lingers.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) reason: CloseReason,
    name: Option<Name>,
    traffic: Traffic,
}

/// The outcome of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    /// Everything there is was written.
    All,
    /// The socket took only a part, or nothing more may be written yet.
    Part,
    /// More of the past is to be shown, in another turn.
    Paced,
    /// The connection broke.
    Broken(CloseReason),
}

/// A connection in a shard's table.
#[derive(Debug)]
pub(super) struct Connection<T> {
    pub(super) id: SessionId,
    pub(super) peer: Peer,
    pub(super) seat: Seat,
    /// The time at which it was accepted.
    pub(super) since: Duration,
    pub(super) life: Life,
    /// The time of its timer, if one is set.
    pub(super) timer: Option<Duration>,
    pub(super) link: Link<T>,
}

impl<T: Transport> Connection<T> {
    pub(super) fn new(id: SessionId, peer: Peer, transport: T, now: Duration) -> Self {
        Self {
            id,
            peer,
            seat: Seat::Kept,
            since: now,
            life: Life::Arriving,
            timer: None,
            link: Link::new(transport),
        }
    }

    /// Returns the session, from its greeting to its last bytes.
    pub(super) fn session(&self) -> Option<&Session> {
        match &self.life {
            Life::Open(session) | Life::Ending(session, _) => Some(session),
            Life::Arriving | Life::Lingering(..) => None,
        }
    }

    /// Returns the session, from its greeting to its last bytes.
    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.life {
            Life::Open(session) | Life::Ending(session, _) => Some(session),
            Life::Arriving | Life::Lingering(..) => None,
        }
    }

    /// Returns the user's name, once logged in, and what has been received and sent.
    pub(super) fn account(&self) -> (Option<&Name>, Traffic) {
        match &self.life {
            Life::Arriving => (None, Traffic::default()),
            Life::Open(session) | Life::Ending(session, _) => (session.name(), session.traffic()),
            Life::Lingering(record, _) => (record.name.as_ref(), record.traffic),
        }
    }

    /// Returns whether it has a session and its socket works.
    pub(super) fn is_reader(&self) -> bool {
        self.session().is_some() && !self.link.is_broken()
    }

    /// Writes what is due, as far as the socket takes it, and of the past at most `replay_left` bytes; adds it to `sent`.
    pub(super) fn write(
        &mut self,
        view: &View,
        sent: &mut Sent,
        replay_left: &mut usize,
    ) -> WriteOutcome {
        let (Life::Open(session) | Life::Ending(session, _)) = &mut self.life else {
            return WriteOutcome::All;
        };
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = session.cursor().gather(view, &mut slices, *replay_left);
            let slices = &slices[..filled];
            let offered: usize = slices.iter().map(|slice| slice.len()).sum();
            let taken = match self.link.write(slices) {
                Ok(taken) => taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return WriteOutcome::Part;
                }
                Err(error) => return WriteOutcome::Broken(broken_by(&error)),
            };
            let written = session.written(taken.bytes, view);
            sent.add(taken.bytes, &written);
            *replay_left -= written.replayed;
            if taken.is_full {
                return WriteOutcome::Part;
            }
            if taken.bytes < offered || filled == SLICES {
                continue;
            }
            if session.cursor().is_done(view) {
                return WriteOutcome::All;
            }
            if *replay_left == 0 {
                return WriteOutcome::Paced;
            }
            if filled == 0 {
                return WriteOutcome::Part;
            }
        }
    }

    /// Writes a line if the socket takes it now; adds it to `sent`.
    pub(super) fn say(&mut self, line: &[u8], sent: &mut Sent) {
        if let Ok(taken) = self.link.write(&[IoSlice::new(line)])
            && let Some(session) = self.session_mut()
        {
            sent.add_aside(taken.bytes, session.written_aside(&line[..taken.bytes]));
        }
    }

    /// Ends an open session's reading at a position; returns whether there was one. Its last bytes
    /// are still written.
    pub(super) fn end(&mut self, reason: CloseReason, at: Position) -> bool {
        match mem::replace(&mut self.life, Life::Arriving) {
            Life::Open(mut session) => {
                session.end_at(at);
                self.timer = None;
                self.life = Life::Ending(session, reason);
                true
            }
            other => {
                self.life = other;
                false
            }
        }
    }

    /// Closes the sending side and drops the session; further input is dropped.
    pub(super) fn shut_down(&mut self, reason: CloseReason, until: Duration) {
        self.link.shut_down();
        self.timer = None;
        let (name, traffic) = self.account();
        let record = Record {
            reason,
            name: name.cloned(),
            traffic,
        };
        self.life = Life::Lingering(record, until);
    }
}
