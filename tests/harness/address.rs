//! Addresses of a server, as its ready line shows them, and connections to them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::stream::Stream;
use crate::{DEADLINE, over};

/// An address that a server listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IPv4 or IPv6 address with its port.
    Tcp(SocketAddr),
    /// Such an address, where TLS is spoken.
    Tls(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// The amount that the kernel may keep for a connection that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receive {
    /// The system's default.
    Usual,
    /// The minimum: such a reader is full soon after it stops reading.
    Narrow,
    /// Small, but larger than what loopback passes on at once (17 KiB). Into a smaller buffer, Linux may pass on 2 KiB at a time, after
    /// pauses that grow to minutes, because the receiver counts on more than a whole buffer and leaves its window as it is.
    Small,
}

/// 4,096: the kernel doubles it, and rounds it up to its own minimum.
const NARROW_BYTES: usize = 4096;
const SMALL_BYTES: usize = 32 * 1024;

impl Address {
    /// Reads an address as the ready line writes it: `127.0.0.1:4700`, `[::1]:4700`,
    /// `tls:127.0.0.1:4701`, `unix:/run/wac.sock`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Address> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Some(Address::Unix(PathBuf::from(path)));
        }
        match text.strip_prefix("tls:") {
            Some(text) => text.parse().ok().map(Address::Tls),
            None => text.parse().ok().map(Address::Tcp),
        }
    }

    /// Returns the IP address and port.
    ///
    /// # Panics
    ///
    /// If it is the address of a Unix socket.
    #[must_use]
    #[track_caller]
    pub fn tcp(&self) -> SocketAddr {
        match self {
            Address::Tcp(address) | Address::Tls(address) => *address,
            Address::Unix(path) => panic!("{} has no port", path.display()),
        }
    }

    /// Opens a connection whose reads and writes fail at the [`DEADLINE`].
    pub(crate) fn open(&self, receive: Receive) -> io::Result<Stream> {
        self.open_from(None, receive)
    }

    /// Opens such a connection from one of this machine's addresses.
    pub(crate) fn open_from(&self, from: Option<IpAddr>, receive: Receive) -> io::Result<Stream> {
        let socket = self.connect_from(from, receive)?;
        match self {
            Address::Tls(_) => {
                over::report("tls");
                Stream::tls(socket)
            }
            Address::Tcp(_) | Address::Unix(_) => {
                over::report("plain");
                Ok(Stream::plain(socket))
            }
        }
    }

    /// Connects a socket, and says nothing.
    pub(crate) fn connect_from(
        &self,
        from: Option<IpAddr>,
        receive: Receive,
    ) -> io::Result<Socket> {
        let (domain, target) = match self {
            Address::Tcp(address) | Address::Tls(address) => {
                (Domain::for_address(*address), SockAddr::from(*address))
            }
            Address::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
        };
        let socket = Socket::new(domain, Type::STREAM, None)?;
        // Before connecting: the window scale is negotiated in the handshake.
        match receive {
            Receive::Usual => {}
            Receive::Narrow => socket.set_recv_buffer_size(NARROW_BYTES)?,
            Receive::Small => socket.set_recv_buffer_size(SMALL_BYTES)?,
        }
        if let Some(from) = from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        socket.set_read_timeout(Some(DEADLINE))?;
        socket.set_write_timeout(Some(DEADLINE))?;
        socket.connect(&target)?;
        if domain != Domain::UNIX {
            // Without delay, so that a test decides what goes into one packet.
            socket.set_tcp_nodelay(true)?;
        }
        Ok(socket)
    }
}
