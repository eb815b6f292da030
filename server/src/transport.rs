//! A transport takes bytes of the log and says how many: plain TCP and Unix sockets.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

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

/// A connected socket that does not block.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls a method of whichever stream it is.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            Socket::Unix($stream) => $call,
        }
    };
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        either!(self, stream => stream.as_fd())
    }
}

impl Transport for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => stream.read(buffer))
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            // One slice is the usual case, and send() costs less than writev().
            [slice] => either!(self, stream => stream.write(slice)),
            _ => either!(self, stream => stream.write_vectored(slices)),
        }
    }

    fn shut_down(&mut self) {
        // A peer that is gone needs no goodbye.
        let _ = either!(self, stream => stream.shutdown(Shutdown::Write));
    }
}
