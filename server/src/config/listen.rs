//! Addresses to listen on, and the options of their sockets.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::identity::Identity;

/// An address to listen on, as it is written and displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// `127.0.0.1:4700`, `[::1]:4700`; port 0 takes a free one.
    Tcp(SocketAddr),
    /// `unix:PATH`
    Unix(PathBuf),
}

impl FromStr for ListenAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("unix: needs a path, as in unix:/run/wacd.sock".to_owned()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                "expected an IP address and a port, as in 127.0.0.1:4700 or [::1]:4700, or unix:PATH".to_owned()
            }),
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Options for binding sockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketOptions<'a> {
    /// SO_SNDBUF of each accepted socket.
    pub send_buffer_bytes: usize,
    /// Permissions of a Unix socket.
    pub unix_mode: u32,
    /// The owner of a Unix socket, if not the user who starts the server.
    pub server: Option<&'a Identity>,
    /// Whether the port may be shared with a listener of this process that is about to close.
    pub shares_port: bool,
}

impl Default for SocketOptions<'_> {
    fn default() -> Self {
        Self {
            send_buffer_bytes: 128 << 10,
            unix_mode: 0o660,
            server: None,
            shares_port: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_parses_as_it_is_displayed() {
        for text in ["127.0.0.1:4700", "[::1]:0", "unix:/run/wacd.sock"] {
            assert_eq!(text.parse::<ListenAddr>().unwrap().to_string(), text);
        }
        for text in ["", "4700", "localhost", "unix:", "127.0.0.1"] {
            assert!(text.parse::<ListenAddr>().is_err(), "{text}");
        }
    }
}
