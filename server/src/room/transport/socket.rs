//! Plain socket, TCP or Unix.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::libc::{TIOCOUTQ, c_int};
use rustix::ioctl::{Getter, Opcode, ioctl};
use rustix::net::{RecvFlags, SendFlags, Shutdown};

use super::{Input, Taken, Transport};

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
        Ok(Input::of(bytes, buffer))
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        let bytes = match slices {
            // One slice is the usual case, and send() costs less than writev().
            [slice] => rustix::net::send(&self.0, slice, SendFlags::NOSIGNAL)?,
            _ => rustix::io::writev(&self.0, slices)?,
        };
        Ok(Taken::of(bytes, slices))
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
