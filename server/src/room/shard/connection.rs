//! A connection in a shard's table: a socket, and the session on it.

use std::io::{self, IoSlice};
use std::time::Duration;

use wac_core::admission::Seat;
use wac_core::close::CloseReason;
use wac_core::log::View;
use wac_core::roster::SessionId;
use wac_core::session::Session;

use super::poller::Ready;
use crate::room::peer::Peer;
use crate::room::transport::Transport;

/// Pieces handed to one vectored write.
const SLICES: usize = 16;

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Its socket has not been seen ready: it is neither full nor does it read.
    Arriving,
    /// Its session is open.
    Open,
    /// Its session has ended; its last bytes are being written.
    Ending(CloseReason),
    /// Everything is written and its sending side is closed; what still comes is dropped, until
    /// then at the latest.
    Lingering(CloseReason, Duration),
}

/// What became of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    /// Everything there is.
    All,
    /// As much as the socket took.
    Part,
    /// The connection broke.
    Broken(CloseReason),
}

/// A connection in a shard's table.
#[derive(Debug)]
pub(super) struct Connection<T> {
    pub(super) id: SessionId,
    pub(super) peer: Peer,
    pub(super) life: Life,
    pub(super) seat: Seat,
    /// `None` before it is open and when it lingers.
    pub(super) session: Option<Session>,
    /// The socket has refused bytes and not said since that it takes more.
    pub(super) full: bool,
    /// The session's input waits for its answers to be read.
    pub(super) stalled: bool,
    /// It is to be read when fewer lines are pending.
    pub(super) unread: bool,
    /// The socket broke: nothing can be written.
    pub(super) broken: bool,
    /// When the session is looked at next, if it waits for that.
    pub(super) timer: Option<Duration>,
    /// When it was accepted.
    pub(super) since: Duration,
    /// It is on the ready list.
    pub(super) listed: bool,
    /// What the socket is ready for, as far as it is known.
    ready: Ready,
    transport: T,
}

impl<T: Transport> Connection<T> {
    pub(super) fn new(id: SessionId, peer: Peer, transport: T, now: Duration) -> Self {
        Self {
            id,
            peer,
            life: Life::Arriving,
            seat: Seat::Kept,
            session: None,
            full: false,
            stalled: false,
            unread: false,
            broken: false,
            timer: None,
            since: now,
            listed: false,
            ready: Ready::default(),
            transport,
        }
    }

    /// Notes what the socket has become ready for.
    pub(super) fn note(&mut self, ready: Ready) {
        self.ready.readable |= ready.readable;
        self.ready.writable |= ready.writable;
        self.ready.hung_up |= ready.hung_up;
        self.ready.urgent |= ready.urgent;
    }

    /// Tells whether the socket may take bytes; if not, it is told when it does.
    pub(super) fn is_writable(&self) -> bool {
        self.ready.writable
    }

    /// Tells whether there may be more to read; if not, it is told when there is.
    pub(super) fn is_readable(&self) -> bool {
        self.ready.readable
    }

    /// Reads once. `None`: there is nothing, and it is told when there is.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        if !self.ready.readable {
            return None;
        }
        let read = without_interruption(|| self.transport.read(buffer));
        match &read {
            // A short read took all there was, unless it stopped at urgent data; and an end that has
            // been told is not told again.
            Ok(bytes) => {
                let may_be_short = self.ready.hung_up || self.ready.urgent;
                self.ready.readable = *bytes == buffer.len() || may_be_short;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                (self.ready.readable, self.ready.urgent) = (false, false);
                return None;
            }
            Err(_) => {}
        }
        Some(read)
    }

    /// Writes what is due, as far as the socket takes it.
    pub(super) fn write(&mut self, view: &View) -> Wrote {
        let Self {
            transport,
            ready,
            session,
            ..
        } = self;
        let Some(session) = session else {
            return Wrote::All;
        };
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = session.cursor().gather(view, &mut slices);
            let slices = &slices[..filled];
            let gathered: usize = slices.iter().map(|slice| slice.len()).sum();
            let taken = match put(transport, ready, slices, gathered) {
                Ok(taken) => taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Wrote::Part,
                Err(error) => return Wrote::Broken(broken_by(&error)),
            };
            session.written(taken, view);
            if taken == gathered && filled < SLICES {
                return Wrote::All;
            }
        }
    }

    /// Writes a line if the socket takes it now.
    pub(super) fn say(&mut self, line: &[u8]) {
        let Self {
            transport, ready, ..
        } = self;
        let _ = put(transport, ready, &[IoSlice::new(line)], line.len());
    }

    /// Closes the sending side; from now on what comes is dropped.
    pub(super) fn shut_down(&mut self, reason: CloseReason, until: Duration) {
        self.transport.shut_down();
        self.session = None;
        self.timer = None;
        self.life = Life::Lingering(reason, until);
    }

    /// Tells whether the peer's system has taken all that was written.
    pub(super) fn is_delivered(&self) -> bool {
        self.transport.is_delivered()
    }
}

/// Writes once; notes that the socket is full if it did not take all.
fn put<T: Transport>(
    transport: &mut T,
    ready: &mut Ready,
    slices: &[IoSlice<'_>],
    bytes: usize,
) -> io::Result<usize> {
    if bytes == 0 {
        return Ok(0);
    }
    if !ready.writable {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let taken = without_interruption(|| transport.write(slices));
    let is_full = match &taken {
        Ok(taken) => *taken < bytes,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    };
    ready.writable = !is_full;
    taken
}

/// Calls again what a signal has interrupted.
fn without_interruption(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Returns why a connection ended that failed.
pub(super) fn broken_by(error: &io::Error) -> CloseReason {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseReason::TimedOut,
        _ => CloseReason::PeerReset,
    }
}
