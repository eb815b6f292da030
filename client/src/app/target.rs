//! Target of a connection: `[NAME@]HOST[:PORT]`, `[::1]:4700`, `unix:PATH`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use wac_core::DEFAULT_PORT;
use wac_core::name::{Name, NameError};

/// A server, and the name to use there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: Option<Name>,
    pub(crate) address: Address,
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
    /// A Unix socket.
    Unix(PathBuf),
}

/// A text that is not a target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TargetError {
    /// The part before the `@` is not a name.
    #[error("{text:?} is not a name: {why}")]
    Name { text: String, why: NameError },
    #[error("the host is missing; wanted [NAME@]HOST[:PORT] or unix:PATH")]
    NoHost,
    /// No host is written so: an address of the web, or of IPv6 with half its brackets.
    #[error("{0:?} is not a host; wanted [NAME@]HOST[:PORT] or unix:PATH")]
    Host(String),
    /// The part after the last `:` is not a port.
    #[error("{0:?} is not a port; wanted a number from 1 to 65535")]
    Port(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (name, address) = match text.split_once('@') {
            Some((name, address)) if !text.starts_with(UNIX) => (Some(name), address),
            _ => (None, text),
        };
        Ok(Self {
            name: name.map(parse_name).transpose()?,
            address: address.parse()?,
        })
    }
}

const UNIX: &str = "unix:";

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
        let (host, port) = split_port(text);
        if host.is_empty() {
            return Err(TargetError::NoHost);
        }
        let is_odd = |c: char| c.is_whitespace() || "/@[]".contains(c);
        if host.contains(is_odd) || text.contains('/') {
            return Err(TargetError::Host(text.to_owned()));
        }
        Ok(Self::Tcp {
            host: host.to_owned(),
            port: port.map_or(Ok(DEFAULT_PORT), parse_port)?,
        })
    }
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
        self.address.fmt(f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
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
        ] {
            let told = text.parse::<Target>().unwrap_err().to_string();
            assert!(told.contains("is not a host"), "{text}: {told}");
        }
    }

    #[track_caller]
    fn reads(text: &str, name: Option<&str>, address: &str) {
        let target: Target = text.parse().unwrap();
        assert_eq!(target.name.as_ref().map(Name::as_str), name);
        assert_eq!(target.address.to_string(), address);
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
    fn the_path_of_a_socket_may_hold_any_sign() {
        reads("unix:/run/a@b:1", None, "unix:/run/a@b:1");
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let error = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        assert!(error("a b@chat").starts_with("\"a b\" is not a name: "));
        assert!(error("chat:0").contains("is not a port"));
        assert!(error("chat:70000").contains("is not a port"));
        assert!(error("chat:").contains("is not a port"));
        for text in ["", ":99", "unix:", "ann@"] {
            assert_eq!(text.parse::<Target>(), Err(TargetError::NoHost), "{text}");
        }
    }
}
