//! Transport: the socket behind a connection, TCP or Unix; a fake one in tests.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::libc::{TIOCOUTQ, c_int};
use rustix::ioctl::{Getter, Opcode, ioctl};
use rustix::net::{RecvFlags, SendFlags, Shutdown};

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

/// The outcome of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Bytes that need not be offered again.
    pub(crate) bytes: usize,
    /// The socket takes no more; the poller reports when it does.
    pub(crate) is_full: bool,
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

    /// Returns whether the socket has all that was taken.
    fn is_flushed(&self) -> bool;

    /// Closes the sending side.
    fn shut_down(&mut self);

    /// Returns whether the peer's system has taken everything that was written, the end included.
    fn is_delivered(&self) -> bool;
}

/// A connected, non-blocking stream socket.
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
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        let (bytes, _) = rustix::net::recv(&self.0, &mut *buffer, RecvFlags::empty())?;
        Ok(match bytes {
            0 => Input::End,
            // A short read took all there was.
            _ => Input::Bytes {
                text: bytes,
                raw: bytes,
                more: bytes == buffer.len(),
            },
        })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        let bytes = match slices {
            // One slice is the usual case, and send() costs less than writev().
            [slice] => rustix::net::send(&self.0, slice, SendFlags::NOSIGNAL)?,
            _ => rustix::io::writev(&self.0, slices)?,
        };
        Ok(Taken {
            bytes,
            is_full: bytes < slices.iter().map(|slice| slice.len()).sum(),
        })
    }

    fn is_flushed(&self) -> bool {
        true
    }

    fn shut_down(&mut self) {
        // A peer that is gone needs no goodbye.
        let _ = rustix::net::shutdown(&self.0, Shutdown::Write);
    }

    fn is_delivered(&self) -> bool {
        unacknowledged_bytes(self.0.as_fd()).is_ok_and(|bytes| bytes == 0)
    }
}

/// Returns the number of bytes that the peer's system has not acknowledged, the end of the stream counted as
/// one (tcp(7), SIOCOUTQ). On a Unix socket: the bytes that have not been read.
#[expect(unsafe_code, reason = "no crate in the tree offers this safely")]
fn unacknowledged_bytes(socket: BorrowedFd<'_>) -> io::Result<c_int> {
    // SAFETY: TIOCOUTQ, which SIOCOUTQ is another name for, writes one int.
    let bytes = unsafe { ioctl(socket, Getter::<{ TIOCOUTQ as Opcode }, c_int>::new()) };
    Ok(bytes?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    #[test]
    fn bytes_count_as_delivered_once_the_peers_kernel_has_taken_them() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut socket = Socket::from(OwnedFd::from(socket));
        let filling = vec![0; 1 << 20];
        while socket.write(&[IoSlice::new(&filling)]).is_ok() {}
        socket.shut_down();
        assert!(!socket.is_delivered());
        peer.read_to_end(&mut Vec::new()).unwrap();
        // The acknowledgement of the end may still be on its way.
        while !socket.is_delivered() {
            thread::yield_now();
        }
    }
}
