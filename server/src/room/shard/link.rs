//! Link: a connection's socket and its readiness.

use std::io::{self, IoSlice};
use std::time::Duration;

use wac_core::close_reason::CloseReason;

use super::poller::Ready;
use crate::room::transport::{Input, Taken, Transport};

/// The socket of a connection.
#[derive(Debug)]
pub(super) enum Link<T> {
    /// It works, as far as is known.
    Up {
        /// The socket.
        transport: T,
        /// Its readiness, as last reported.
        ready: Ready,
    },
    /// It broke, and is closed.
    Broken,
}

impl<T: Transport> Link<T> {
    pub(super) fn new(transport: T) -> Self {
        let ready = Ready {
            readable: transport.has_input(),
            ..Ready::default()
        };
        Self::Up { transport, ready }
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }

    /// Adds readiness that was reported.
    pub(super) fn note(&mut self, news: Ready) {
        if let Self::Up { ready, .. } = self {
            ready.readable |= news.readable;
            ready.writable |= news.writable;
            ready.hung_up |= news.hung_up;
            ready.urgent |= news.urgent;
        }
    }

    /// Returns whether the socket may take bytes; if not, the poller reports when it does.
    pub(super) fn is_writable(&self) -> bool {
        matches!(self, Self::Up { ready, .. } if ready.writable)
    }

    /// Returns whether there may be more to read; if not, the poller reports when there is.
    pub(super) fn is_readable(&self) -> bool {
        matches!(self, Self::Up { ready, .. } if ready.readable)
    }

    /// Returns whether the peer's system has taken everything that was written.
    pub(super) fn is_delivered(&self) -> bool {
        match self {
            Self::Up { transport, .. } => transport.is_delivered(),
            Self::Broken => true,
        }
    }

    /// Returns whether the socket has all that was written.
    pub(super) fn is_flushed(&self) -> bool {
        match self {
            Self::Up { transport, .. } => transport.is_flushed(),
            Self::Broken => true,
        }
    }

    /// Returns since when an incomplete part of the input has been kept.
    pub(super) fn waits_since(&mut self, now: Duration) -> Option<Duration> {
        match self {
            Self::Up { transport, .. } => transport.waits_since(now),
            Self::Broken => None,
        }
    }

    /// Reads once. Returns `None` if there is nothing; the poller reports when there is.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<Input>> {
        let Self::Up { transport, ready } = self else {
            return None;
        };
        if !ready.readable {
            return None;
        }
        let read = without_interruption(|| transport.read(buffer));
        match &read {
            // All there was is read, unless the read stopped at urgent data; and the end of input is reported only once.
            &Ok(Input::Bytes { more, .. }) => {
                ready.readable = more || ready.hung_up || ready.urgent;
            }
            Ok(Input::End) => ready.readable = ready.hung_up || ready.urgent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                (ready.readable, ready.urgent) = (false, false);
                return None;
            }
            Err(_) => {}
        }
        Some(read)
    }

    /// Writes once; notes that the socket is full if it did not take all.
    ///
    /// # Errors
    /// `WouldBlock` if the socket is full; otherwise the error that broke the connection.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        let Self::Up { transport, ready } = self else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if slices.is_empty() && transport.is_flushed() {
            return Ok(Taken {
                bytes: 0,
                is_full: false,
            });
        }
        if !ready.writable {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = without_interruption(|| transport.write(slices));
        let is_full = match &taken {
            Ok(taken) => taken.is_full,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        ready.writable = !is_full;
        taken
    }

    /// Closes the sending side.
    pub(super) fn shut_down(&mut self) {
        if let Self::Up { transport, .. } = self {
            transport.shut_down();
        }
    }
}

/// Repeats a call that a signal has interrupted.
fn without_interruption<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Returns the close reason for an error of a socket.
pub(super) fn broken_by(error: &io::Error) -> CloseReason {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseReason::TimedOut,
        io::ErrorKind::InvalidData => CloseReason::BadTls,
        _ => CloseReason::PeerReset,
    }
}
