//! The connection to the server, over TCP or a Unix socket.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::target::Address;

/// How long each of a host's addresses is tried: 10 s, as long as two lost packets take to be sent
/// again.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection; a reference reads and writes.
#[derive(Debug)]
pub(crate) enum Link {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Link {
    /// Connects to the first of the host's addresses that answers.
    ///
    /// # Errors
    /// Why the last one did not.
    pub(crate) fn open(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => open_tcp((host.as_str(), *port).to_socket_addrs()?),
            Address::Unix(path) => UnixStream::connect(path).map(Self::Unix),
        }
    }

    /// Says that nothing more is sent; what comes can still be read.
    pub(crate) fn end_sending(&self) {
        // It may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Ends the connection, also under a thread that waits for it.
    pub(crate) fn shut_down(&self) {
        // It may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

fn open_tcp(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<Link> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Link::Tcp(stream));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

impl Read for &Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Link::Tcp(stream) => (&mut &*stream).read(buffer),
            Link::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Link::Tcp(stream) => (&mut &*stream).write(bytes),
            Link::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
