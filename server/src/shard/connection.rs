//! A connection in a shard's table: a socket, and the session on it.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wac_core::close::CloseReason;
use wac_core::log::View;
use wac_core::roster::SessionId;
use wac_core::session::Session;

use super::ready::SlotWaker;
use crate::peer::Peer;
use crate::transport::Transport;

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
    /// Everything is written and its sending side is closed; what still comes is dropped.
    Lingering(CloseReason),
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
    transport: T,
    wake: Arc<SlotWaker>,
    waker: Waker,
}

impl<T: Transport> Connection<T> {
    pub(super) fn new(
        id: SessionId,
        peer: Peer,
        transport: T,
        wake: Arc<SlotWaker>,
        now: Duration,
    ) -> Self {
        let waker = Waker::from(wake.clone());
        let mut connection = Self {
            id,
            peer,
            life: Life::Arriving,
            session: None,
            full: false,
            stalled: false,
            unread: false,
            broken: false,
            timer: None,
            since: now,
            transport,
            wake,
            waker,
        };
        if connection.is_writable() {
            connection.waker.wake_by_ref();
        }
        connection
    }

    /// Notes that the connection is being looked at, so that its socket may list it again.
    pub(super) fn looked_at(&self) {
        self.wake.looked_at();
    }

    /// Puts the connection on the ready list, to be looked at in the next turn.
    pub(super) fn look_again(&self) {
        self.waker.wake_by_ref();
    }

    /// Tells whether the socket may take bytes; if not, it wakes the shard when it does.
    pub(super) fn is_writable(&mut self) -> bool {
        let Self {
            transport, waker, ..
        } = self;
        transport
            .poll_write_ready(&mut Context::from_waker(waker))
            .is_ready()
    }

    /// Reads once. `None`: there is nothing, and the socket wakes the shard when there is.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let Self {
            transport, waker, ..
        } = self;
        let cx = &mut Context::from_waker(waker);
        match transport.poll_read(cx, buffer) {
            Poll::Ready(read) => Some(read),
            Poll::Pending => None,
        }
    }

    /// Tells whether there may be more to read; if not, the socket wakes the shard when there is.
    pub(super) fn is_readable(&mut self) -> bool {
        let Self {
            transport, waker, ..
        } = self;
        transport
            .poll_read_ready(&mut Context::from_waker(waker))
            .is_ready()
    }

    /// Writes what is due, as far as the socket takes it.
    pub(super) fn write(&mut self, view: &View) -> Wrote {
        let Self {
            transport,
            waker,
            session,
            ..
        } = self;
        let Some(session) = session else {
            return Wrote::All;
        };
        let cx = &mut Context::from_waker(waker);
        loop {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = session.cursor().gather(view, &mut slices);
            let slices = &slices[..filled];
            let gathered: usize = slices.iter().map(|slice| slice.len()).sum();
            let taken = match gathered {
                0 => 0,
                _ => match transport.poll_write(cx, slices) {
                    Poll::Ready(Ok(taken)) => taken,
                    Poll::Ready(Err(error)) => return Wrote::Broken(broken_by(&error)),
                    Poll::Pending => return Wrote::Part,
                },
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
            transport, waker, ..
        } = self;
        let _ = transport.poll_write(&mut Context::from_waker(waker), &[IoSlice::new(line)]);
    }

    /// Closes the sending side; from now on what comes is dropped.
    pub(super) fn shut_down(&mut self, reason: CloseReason) {
        let Self {
            transport, waker, ..
        } = self;
        transport.shut_down(&mut Context::from_waker(waker));
        self.session = None;
        self.timer = None;
        self.life = Life::Lingering(reason);
    }
}

/// Returns why a connection ended that failed.
pub(super) fn broken_by(error: &io::Error) -> CloseReason {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseReason::TimedOut,
        _ => CloseReason::PeerReset,
    }
}
