//! Transport: what carries a session's bytes, in plain text or over TLS; a fake one in tests.

mod socket;
mod tls;

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

pub(crate) use socket::Socket;
pub(crate) use tls::{TlsSocket, TlsState};

/// The outcome of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Bytes {
        /// Bytes of text, now in the buffer: 0 does not mean the end.
        text: usize,
        /// Bytes that came over the wire for it.
        raw: usize,
        /// There may be more at once; otherwise the poller reports when there is.
        more: bool,
    },
    End,
}

impl Input {
    /// Returns the outcome of a socket's read of `bytes` bytes: a short one took all there was.
    pub(crate) fn of(bytes: usize, buffer: &[u8]) -> Self {
        match bytes {
            0 => Self::End,
            _ => Self::Bytes {
                text: bytes,
                raw: bytes,
                more: bytes == buffer.len(),
            },
        }
    }
}

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Bytes that need not be offered again.
    pub(crate) bytes: usize,
    /// The socket takes no more; the poller reports when it does.
    pub(crate) is_full: bool,
}

impl Taken {
    /// Returns the outcome of a socket's write that took `bytes` bytes of what was offered.
    pub(crate) fn of(bytes: usize, offered: &[IoSlice<'_>]) -> Self {
        Self {
            bytes,
            is_full: bytes < offered.iter().map(|slice| slice.len()).sum(),
        }
    }
}

/// The socket of a session. No method blocks.
pub(crate) trait Transport {
    /// Reads once into `buffer`.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing to read; otherwise the error that broke the connection.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input>;

    /// Writes as much as there is room for; writing nothing flushes.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; otherwise the error that broke the connection.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken>;

    /// Returns whether the socket has all that was taken. Otherwise the session is to be written to, if only with nothing.
    fn is_flushed(&self) -> bool {
        true
    }

    /// Returns whether there is input before the poller reports any.
    fn has_input(&self) -> bool {
        false
    }

    /// Returns since when an incomplete part of the input has been kept, of which the session knows nothing.
    fn waits_since(&mut self, _now: Duration) -> Option<Duration> {
        None
    }

    /// Closes the sending side.
    fn shut_down(&mut self);

    /// Returns whether the peer's system has taken everything that was written, the end included.
    fn is_delivered(&self) -> bool;
}

/// The transport of a shard's sessions.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(Socket),
    /// On the heap, so that it takes no memory of those in plain text.
    Tls(Box<TlsSocket<Socket>>),
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plain(socket) => socket.as_fd(),
            Self::Tls(socket) => socket.as_fd(),
        }
    }
}

impl Transport for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(socket) => socket.read(buffer),
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        match self {
            Self::Plain(socket) => socket.write(slices),
            Self::Tls(socket) => socket.write(slices),
        }
    }

    fn is_flushed(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_flushed(),
            Self::Tls(socket) => socket.is_flushed(),
        }
    }

    fn has_input(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.has_input(),
            Self::Tls(socket) => socket.has_input(),
        }
    }

    fn waits_since(&mut self, now: Duration) -> Option<Duration> {
        match self {
            Self::Plain(socket) => socket.waits_since(now),
            Self::Tls(socket) => socket.waits_since(now),
        }
    }

    fn shut_down(&mut self) {
        match self {
            Self::Plain(socket) => socket.shut_down(),
            Self::Tls(socket) => socket.shut_down(),
        }
    }

    fn is_delivered(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_delivered(),
            Self::Tls(socket) => socket.is_delivered(),
        }
    }
}
