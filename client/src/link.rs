//! The connection to the server, over TCP or a Unix socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::target::Address;

/// How long each of a host's addresses is tried: 10 s, as long as two lost packets take to be sent
/// again.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection; a clone is a second handle of the same.
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

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
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

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
