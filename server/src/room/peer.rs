//! Peer: the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The address of a connection's other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A peer on a Unix socket: local, and exempt from flood control.
    Unix,
}

impl Peer {
    /// Returns the address and port, if it has one; an IPv4 address mapped into IPv6 is IPv4.
    pub(crate) fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(at) => Some(SocketAddr::new(at.ip().to_canonical(), at.port())),
            Self::Unix => None,
        }
    }

    /// Returns the IP address, if it has one.
    pub(crate) fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
