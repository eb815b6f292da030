//! Stream to a server: a socket of either kind, plain or encrypted. It is read and written through
//! shared references.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::connection::PATIENCE;
use super::tls::TlsStream;

/// A stream, of each kind.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    Unix(UnixStream),
}

impl Stream {
    /// Lets reading end at a time, with an error.
    pub(super) fn wait_no_longer_than(&self, time: Instant) -> io::Result<()> {
        self.set_read_timeout(Some(time_until(time)))
    }

    pub(super) fn wait_for_ever(&self) -> io::Result<()> {
        self.set_read_timeout(None)
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout),
            Self::Tls(stream) => stream.socket().set_read_timeout(timeout),
            Self::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    pub(super) fn shut_down(&self, direction: Shutdown) {
        // The connection may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(direction),
            Self::Tls(stream) => return stream.shut_down(direction),
            Self::Unix(stream) => stream.shutdown(direction),
        };
    }
}

/// Returns a timeout that ends at a time. No time at all would be for ever.
pub(super) fn time_until(time: Instant) -> Duration {
    let least = Duration::from_millis(1);
    time.saturating_duration_since(Instant::now()).max(least)
}

/// Returns whether reading has ended for want of time.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Connects to a Unix socket; a full queue there is waited for as long as [`PATIENCE`].
pub(super) fn open_unix(path: &Path) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Of a Unix socket, connecting is sending.
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_write_timeout(None)?;
    Ok(socket.into())
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
            Stream::Tls(stream) => (&mut &**stream).read(buffer),
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
            Stream::Tls(stream) => (&mut &**stream).write(bytes),
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
