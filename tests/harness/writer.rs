//! Sending half of a connection, for threads that send while another reads.

use std::io::{self, Write};
use std::net::Shutdown;

use crate::stream::Stream;

/// The sending half of a connection whose receiving half is with its [`Peer`](crate::Peer). Failures are
/// returned instead of panicking, because a server that stops closes connections that are still sending.
#[derive(Debug)]
pub struct Writer {
    stream: Stream,
}

impl Writer {
    pub(crate) fn new(stream: Stream) -> Writer {
        Writer { stream }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// The socket's error, if the server has closed the connection or has taken nothing until the
    /// deadline.
    pub fn send_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.stream).write_all(bytes)
    }

    /// Sends one line.
    ///
    /// # Errors
    ///
    /// As [`Writer::send_bytes`].
    pub fn send(&self, line: &str) -> io::Result<()> {
        self.send_bytes(format!("{line}\n").as_bytes())
    }

    /// Closes the connection in both directions, which also wakes a thread that is reading or
    /// sending on it.
    pub fn hang_up(&self) {
        // The other side may have closed it first.
        let _ = self.stream.socket().shutdown(Shutdown::Both);
    }
}
