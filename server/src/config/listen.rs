//! Addresses to listen on, as they are written and as they are bound, and the options of their sockets.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::str::FromStr;

use nix::errno::Errno;

use super::identity::Identity;

/// A value of `--listen`, which may mean several addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// One address.
    At(ListenAddr),
    /// `localhost:4700`: every address that a name has.
    Host(String, u16),
    /// `4700`, `:4700`, `*:4700`: all addresses of this machine, of both families.
    Everywhere(u16),
    /// `tls:` and one of the others, but for a Unix socket.
    Tls(Box<Listen>),
}

/// The addresses that a value of `--listen` means.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that this machine has, at least one.
    pub here: Vec<ListenAddr>,
    /// Those that it lacks.
    pub elsewhere: Vec<ListenAddr>,
}

impl Found {
    fn over_tls(self) -> Self {
        let over_tls = |listed: Vec<_>| listed.into_iter().map(ListenAddr::over_tls).collect();
        Self {
            here: over_tls(self.here),
            elsewhere: over_tls(self.elsewhere),
        }
    }
}

impl Listen {
    /// Finds the addresses. One that was written as such is not checked: the attempt to bind it tells.
    ///
    /// # Errors
    /// If a name has no address, or none of this machine.
    pub fn find(&self) -> io::Result<Found> {
        let addresses: Vec<SocketAddr> = match self {
            Self::At(address) => {
                return Ok(Found {
                    here: vec![address.clone()],
                    elsewhere: Vec::new(),
                });
            }
            Self::Host(name, port) => (name.as_str(), *port).to_socket_addrs()?.collect(),
            &Self::Everywhere(port) => vec![
                (Ipv4Addr::UNSPECIFIED, port).into(),
                (Ipv6Addr::UNSPECIFIED, port).into(),
            ],
            Self::Tls(listen) => return Ok(listen.find()?.over_tls()),
        };
        let (here, elsewhere): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_here);
        if here.is_empty() {
            return Err(io::Error::other("this machine has no such address"));
        }
        let listed = |addresses: Vec<_>| addresses.into_iter().map(ListenAddr::Tcp).collect();
        Ok(Found {
            here: listed(here),
            elsewhere: listed(elsewhere),
        })
    }
}

/// Tells whether an address belongs to this machine. A UDP socket is bound to it for a moment, which keeps no TCP port.
fn is_here(address: &SocketAddr) -> bool {
    let mut probe = *address;
    probe.set_port(0);
    let error = UdpSocket::bind(probe)
        .err()
        .and_then(|error| error.raw_os_error());
    !matches!(
        error.map(Errno::from_raw),
        Some(Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT)
    )
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("unix: needs a path, as in unix:/run/wacd.sock".to_owned()),
                path => Ok(Self::At(ListenAddr::Unix(path.into()))),
            };
        }
        if let Some(address) = text.strip_prefix("tls:") {
            return match address.parse()? {
                Self::At(ListenAddr::Unix(_)) | Self::Tls(_) => {
                    Err("tls: needs an address and a port, as in tls:0.0.0.0:4701".to_owned())
                }
                address => Ok(Self::Tls(Box::new(address))),
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::At(ListenAddr::Tcp(address)));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let port = port
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(port);
        match (host, port.and_then(|port| port.parse().ok())) {
            ("" | "*", Some(port)) => Ok(Self::Everywhere(port)),
            (name, Some(port)) if is_like_a_name(name) => Ok(Self::Host(name.to_owned(), port)),
            _ => Err(
                "it takes an address and a port, as in 127.0.0.1:4700, [::1]:4700 or localhost:4700; \
                 :4700 for all addresses; tls: before any of them; or unix:PATH"
                    .to_owned(),
            ),
        }
    }
}

fn is_like_a_name(text: &str) -> bool {
    let may_stand = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.chars().all(may_stand)
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Host(name, port) => write!(f, "{name}:{port}"),
            Self::Everywhere(port) => write!(f, ":{port}"),
            Self::Tls(listen) => write!(f, "tls:{listen}"),
        }
    }
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// `127.0.0.1:4700`, `[::1]:4700`; port 0 takes a free one.
    Tcp(SocketAddr),
    /// `tls:127.0.0.1:4701`
    Tls(SocketAddr),
    /// `unix:PATH`
    Unix(PathBuf),
}

impl ListenAddr {
    /// Returns the IP address and port, if it has one.
    pub(crate) fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(at) | Self::Tls(at) => Some(*at),
            Self::Unix(_) => None,
        }
    }

    /// Returns the same address, where TLS is spoken.
    fn over_tls(self) -> Self {
        match self {
            Self::Tcp(at) => Self::Tls(at),
            other => other,
        }
    }

    /// Returns the address with another port: the one that the kernel chose.
    pub(crate) fn at(&self, real: SocketAddr) -> Self {
        match self {
            Self::Tls(_) => Self::Tls(real),
            _ => Self::Tcp(real),
        }
    }

    /// Tells whether the kernel chooses the port.
    pub(super) fn has_free_port(&self) -> bool {
        self.ip().is_some_and(|at| at.port() == 0)
    }

    /// Returns the port if it means all IPv6 addresses; a socket of ours never takes IPv4 as well.
    fn port_for_all_ipv6(&self) -> Option<u16> {
        let at = self.ip()?;
        (at.ip() == Ipv6Addr::UNSPECIFIED).then_some(at.port())
    }
}

/// Returns the addresses, each with its port, that mean all IPv6 addresses where not all IPv4 addresses are listened on alike.
pub(super) fn for_ipv6_alone(listen: &[ListenAddr]) -> impl Iterator<Item = (&ListenAddr, u16)> {
    listen
        .iter()
        .filter_map(|address| Some((address, address.port_for_all_ipv6()?)))
        .filter(|(address, port)| {
            let all_ipv4 = address.at((Ipv4Addr::UNSPECIFIED, *port).into());
            !listen.contains(&all_ipv4)
        })
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Tls(address) => write!(f, "tls:{address}"),
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

    fn found(text: &str) -> Vec<String> {
        let found = text.parse::<Listen>().unwrap().find().unwrap();
        found.here.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_address_parses_as_it_is_displayed() {
        for text in [
            "127.0.0.1:4700",
            "[::1]:0",
            "unix:/run/wacd.sock",
            "tls:[::1]:0",
        ] {
            assert_eq!(found(text), [text]);
        }
        for text in [
            "",
            ":",
            "localhost",
            "unix:",
            "127.0.0.1",
            "::1",
            "::1:4700",
            "[::1]",
            "*",
            "a b:1",
            "http://x:1",
            "localhost:+1",
            "localhost:65536",
            "[localhost]:1",
            "-:",
            "tls:",
            "tls:unix:/run/wacd.sock",
            "tls:tls:127.0.0.1:4701",
        ] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_means_all_addresses_of_both_families() {
        for text in ["4700", ":4700", "*:4700"] {
            assert_eq!(found(text), ["0.0.0.0:4700", "[::]:4700"], "{text}");
            let over_tls = format!("tls:{text}");
            assert_eq!(found(&over_tls), ["tls:0.0.0.0:4700", "tls:[::]:4700"]);
        }
    }

    #[test]
    fn a_name_means_the_addresses_it_has() {
        assert!(found("localhost:4700").contains(&"127.0.0.1:4700".to_owned()));
        let nowhere = Listen::Host("nowhere..invalid".to_owned(), 1);
        assert!(nowhere.find().is_err());
    }

    #[test]
    fn an_address_of_another_machine_is_not_here() {
        assert!(is_here(&"127.0.0.1:1".parse().unwrap()));
        assert!(!is_here(&"192.0.2.7:1".parse().unwrap()));
    }

    #[test]
    fn all_of_ipv6_without_all_of_ipv4_is_noticed() {
        let alone = |texts: &[&str]| {
            let parse = |text: &&str| ListenAddr::Tcp(text.parse().unwrap());
            let listen: Vec<_> = texts.iter().map(parse).collect();
            for_ipv6_alone(&listen)
                .map(|(_, port)| port)
                .collect::<Vec<_>>()
        };
        assert_eq!(alone(&["[::]:1", "0.0.0.0:2", "[::]:2", "[::1]:3"]), [1]);
        // A port where TLS is spoken is another than one in plain text.
        let over_tls = ListenAddr::Tls((Ipv6Addr::UNSPECIFIED, 1).into());
        let listen = [
            over_tls.clone(),
            ListenAddr::Tcp((Ipv4Addr::UNSPECIFIED, 1).into()),
        ];
        assert_eq!(
            for_ipv6_alone(&listen).collect::<Vec<_>>(),
            [(&over_tls, 1)]
        );
    }
}
