//! Target of a connection: `[NAME@]HOST[:PORT]`, `[::1]:4700`, `tls:HOST[:PORT]`, `unix:PATH`; several servers of one room with
//! commas between them.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use wac_core::DEFAULT_PORT;
use wac_core::name::{Name, NameError};

/// The servers of a room, and the name to use there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: Option<Name>,
    /// In the order in which they are tried; never empty.
    pub(crate) addresses: Vec<Address>,
}

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A host, by name or IP address, and its port.
    Tcp {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// Default: 4700.
        port: u16,
    },
    /// A host that is spoken to over TLS.
    Tls {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// Default: 4701.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

/// A server that is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) address: Address,
    /// The IP address, if the host has several.
    pub(crate) ip: Option<IpAddr>,
}

/// A server that is connected to, and the number of the room's servers beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) node: Node,
    pub(crate) others: usize,
}

/// A text that is not a target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TargetError {
    /// The part before the `@` is not a name.
    #[error("{text:?} is not a name: {why}")]
    Name { text: String, why: NameError },
    #[error("the host is missing; wanted [NAME@]HOST[:PORT], tls:HOST[:PORT] or unix:PATH")]
    NoHost,
    /// No host is written so: an address of the web, or of IPv6 with half its brackets.
    #[error("{0:?} is not a host; wanted [NAME@]HOST[:PORT], tls:HOST[:PORT] or unix:PATH")]
    Host(String),
    /// A comma has no address on one of its sides.
    #[error("an address is missing beside a comma in {0:?}; wanted [NAME@]HOST,HOST")]
    Gap(String),
    /// A user has one name, whichever server of the room answers.
    #[error("{0} and {1} are two names; wanted one: NAME@HOST,HOST")]
    TwoNames(Name, Name),
    /// The name stands behind the transport.
    #[error("the name stands first: NAME@{0}HOST")]
    NameInside(&'static str),
    /// The part after the last `:` is not a port.
    #[error("{0:?} is not a port; wanted a number from 1 to 65535")]
    Port(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        if items.len() > 1 && items.contains(&"") {
            return Err(TargetError::Gap(text.to_owned()));
        }
        let (mut name, mut addresses) = (None, Vec::new());
        for item in items {
            let (named, address) = split_name(item)?;
            name = one_name(name, named)?;
            addresses.push(address.parse()?);
        }
        Ok(Self { name, addresses })
    }
}

/// Splits the name off an address.
fn split_name(text: &str) -> Result<(Option<Name>, &str), TargetError> {
    match text.split_once('@') {
        Some(_) if text.starts_with(TLS) => Err(TargetError::NameInside(TLS)),
        Some((name, address)) if !text.starts_with(UNIX) => Ok((Some(parse_name(name)?), address)),
        _ => Ok((None, text)),
    }
}

/// Returns the name that was given, once or several times.
fn one_name(first: Option<Name>, second: Option<Name>) -> Result<Option<Name>, TargetError> {
    match (first, second) {
        (Some(first), Some(second)) if first != second => Err(TargetError::TwoNames(first, second)),
        (first, second) => Ok(first.or(second)),
    }
}

const UNIX: &str = "unix:";
/// The beginning of an address over TLS.
pub(crate) const TLS: &str = "tls:";

/// Parses a name as it was typed on the command line.
///
/// # Errors
/// [`TargetError::Name`].
pub(crate) fn parse_name(text: &str) -> Result<Name, TargetError> {
    text.parse().map_err(|why| TargetError::Name {
        text: text.to_owned(),
        why,
    })
}

impl FromStr for Address {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Some(path) = text.strip_prefix(UNIX) {
            return match path {
                "" => Err(TargetError::NoHost),
                path => Ok(Self::Unix(path.into())),
            };
        }
        if let Some(text) = text.strip_prefix(TLS) {
            let (host, port) = host_and_port(text)?;
            let port = port.unwrap_or(wac_tls::DEFAULT_PORT);
            return Ok(Self::Tls { host, port });
        }
        let (host, port) = host_and_port(text)?;
        let port = port.unwrap_or(DEFAULT_PORT);
        Ok(Self::Tcp { host, port })
    }
}

impl Address {
    /// Returns whether nobody on the way can read what is sent: it is encrypted, or stays on this machine.
    pub(crate) fn is_private(&self) -> bool {
        match self {
            Self::Tls { .. } | Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                let address = host.parse::<IpAddr>();
                host == "localhost" || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
            }
        }
    }

    /// Returns the same address over TLS, without a port: plain text has another.
    pub(crate) fn over_tls(&self) -> String {
        match self {
            Self::Tcp { host, .. } | Self::Tls { host, .. } => format!("{TLS}{}", bracketed(host)),
            Self::Unix(_) => self.to_string(),
        }
    }
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), TargetError> {
    let (host, port) = split_port(text);
    if host.is_empty() {
        return Err(TargetError::NoHost);
    }
    let is_odd = |c: char| c.is_whitespace() || "/@[]".contains(c);
    if host.contains(is_odd) || text.contains('/') {
        return Err(TargetError::Host(text.to_owned()));
    }
    Ok((host.to_owned(), port.map(parse_port).transpose()?))
}

/// Splits the port off. An IPv6 address without brackets has none.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return match rest.strip_prefix(':') {
            None if !rest.is_empty() => (text, None),
            port => (host, port),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

fn parse_port(text: &str) -> Result<u16, TargetError> {
    match text.parse() {
        Ok(0) | Err(_) => Err(TargetError::Port(text.to_owned())),
        Ok(port) => Ok(port),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}@")?;
        }
        let addresses = self.addresses.iter().map(ToString::to_string);
        f.write_str(&addresses.collect::<Vec<_>>().join(","))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        match self.ip {
            Some(ip) => write!(f, " ({ip})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{}:{port}", bracketed(host)),
            Self::Tls { host, port } => write!(f, "{TLS}{}:{port}", bracketed(host)),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// Puts an IPv6 address into brackets.
fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') {
        format!("[{host}]").into()
    } else {
        host.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_web_and_half_a_bracket_are_no_hosts() {
        for text in [
            "http://chat.lan:4700",
            "ann@https://chat.lan",
            "chat.lan/",
            "[::1",
            "[::1]4700",
            "a@b@c",
            "chat lan",
            "tls:chat.lan/",
        ] {
            let told = text.parse::<Target>().unwrap_err().to_string();
            assert!(told.contains("is not a host"), "{text}: {told}");
        }
    }

    #[track_caller]
    fn reads(text: &str, name: Option<&str>, addresses: &str) {
        let target: Target = text.parse().unwrap();
        assert_eq!(target.name.as_ref().map(Name::as_str), name);
        let unnamed = Target {
            name: None,
            ..target
        };
        assert_eq!(unnamed.to_string(), addresses);
    }

    #[test]
    fn the_port_may_be_left_out() {
        reads("chat.lan", None, "chat.lan:4700");
        reads("chat.lan:99", None, "chat.lan:99");
        reads("[::1]", None, "[::1]:4700");
        reads("[::1]:99", None, "[::1]:99");
        reads("::1", None, "[::1]:4700");
    }

    #[test]
    fn a_name_may_stand_before_any_address() {
        reads("ann@chat.lan:99", Some("ann"), "chat.lan:99");
        reads("Zoë@[::1]", Some("Zoë"), "[::1]:4700");
        reads("ann@unix:/run/wac", Some("ann"), "unix:/run/wac");
    }

    #[test]
    fn tls_has_a_port_of_its_own() {
        reads("tls:chat.lan", None, "tls:chat.lan:4701");
        reads("ann@tls:chat.lan:99", Some("ann"), "tls:chat.lan:99");
        reads("tls:::1", None, "tls:[::1]:4701");
        let inside = "tls:ann@chat.lan".parse::<Target>().unwrap_err();
        assert_eq!(inside.to_string(), "the name stands first: NAME@tls:HOST");
    }

    #[test]
    fn what_stays_on_this_machine_or_is_encrypted_is_private() {
        let is_private = |text: &str| text.parse::<Address>().unwrap().is_private();
        for text in [
            "localhost",
            "127.0.0.2",
            "::1",
            "::ffff:127.0.0.1",
            "unix:/run/wac",
            "tls:far",
        ] {
            assert!(is_private(text), "{text}");
        }
        for text in ["far", "10.0.0.1", "localhost.far", "fe80::1"] {
            assert!(!is_private(text), "{text}");
        }
    }

    #[test]
    fn the_path_of_a_socket_may_hold_any_sign() {
        reads("unix:/run/a@b:1", None, "unix:/run/a@b:1");
    }

    #[test]
    fn several_servers_have_commas_between_them_and_one_name() {
        reads("ann@a,b:99", Some("ann"), "a:4700,b:99");
        reads("a, tls:b , unix:/c", None, "a:4700,tls:b:4701,unix:/c");
        reads("ann@a,ann@[::1]", Some("ann"), "a:4700,[::1]:4700");
        let error = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        for text in ["ann@a,,b", "a,", ",", ",a", "ann@,b"] {
            assert!(error(text).contains(" is missing"), "{text}");
        }
        assert_eq!(
            error("ann@a,bob@b"),
            "ann and bob are two names; wanted one: NAME@HOST,HOST"
        );
        assert!(error("a,b:x").contains("is not a port"));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let error = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        assert!(error("a b@chat").starts_with("\"a b\" is not a name: "));
        assert!(error("chat:0").contains("is not a port"));
        assert!(error("chat:70000").contains("is not a port"));
        assert!(error("chat:").contains("is not a port"));
        for text in ["", ":99", "unix:", "ann@", "tls:", "tls::99"] {
            assert_eq!(text.parse::<Target>(), Err(TargetError::NoHost), "{text}");
        }
    }
}
