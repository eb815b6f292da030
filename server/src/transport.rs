//! A transport takes bytes of the log and says how many: stream sockets, TCP and Unix.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{RecvFlags, SendFlags, Shutdown};

/// The socket's side of a session. Nothing in it waits.
pub(crate) trait Transport {
    /// Reads into `buffer`; 0 is the end of input.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing to read; else why the connection broke.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room; else why the connection broke.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Closes the sending side.
    fn shut_down(&mut self);
}

/// A connected stream socket that does not block.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl From<OwnedFd> for Socket {
    fn from(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        socket.0
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Transport for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, _) = rustix::net::recv(&self.0, buffer, RecvFlags::empty())?;
        Ok(read)
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(match slices {
            // One slice is the usual case, and send() costs less than writev().
            [slice] => rustix::net::send(&self.0, slice, SendFlags::NOSIGNAL)?,
            _ => rustix::io::writev(&self.0, slices)?,
        })
    }

    fn shut_down(&mut self) {
        // A peer that is gone needs no goodbye.
        let _ = rustix::net::shutdown(&self.0, Shutdown::Write);
    }
}
