//! Settings of a cluster: the brokers that keep its stream, and how.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

use crate::config::credentials::Credentials;

/// The port of NATS.
const PORT: u16 = 4222;
/// The longest name of a room.
const MAX_ROOM_CHARS: usize = 32;

/// The options of a server that is a node of a cluster.
#[derive(Debug, Clone, clap::Args)]
pub struct ClusterArgs {
    /// Serves one room together with all servers that have the same brokers and the same --room: NATS servers with JetStream,
    /// as in nats://a:4222,b:4222,c:4222. The secret, which all of them need, is to be given; the history is kept by the brokers
    /// [default: none, and the room is this server's own]
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub cluster: Vec<BrokerUrl>,

    /// The room of the cluster: letters, digits, _ and -
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub room: RoomName,

    /// Brokers that keep each line, of those in the cluster: 3 go on when one of them dies. It counts when the first server starts
    #[arg(long, value_name = "N", default_value = "1")]
    pub cluster_replicas: Replicas,

    /// Brokers keep the lines in files, or in memory. It counts when the first server starts
    #[arg(long, value_name = "WHERE", default_value = "file")]
    pub cluster_storage: Storage,

    /// File with this server's credentials for the brokers, which others may not read: one line, user:password or a token; or a
    /// user's JWT and seed, as `nsc` makes it [default: none]
    #[arg(long, value_name = "FILE")]
    pub cluster_credentials: Option<PathBuf>,

    /// Certificates, in PEM, of those who vouch for the brokers; with it, brokers are spoken to over TLS alone [default: those
    /// of the system, for brokers that want TLS]
    #[arg(long, value_name = "FILE")]
    pub cluster_ca: Option<PathBuf>,
}

/// A server's place in a cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The brokers, as `nats://a:4222`.
    pub brokers: Vec<BrokerUrl>,
    /// The room.
    pub room: RoomName,
    /// The number of brokers that keep each line.
    pub replicas: usize,
    /// Where they do.
    pub storage: Storage,
    /// What they know this server by.
    pub credentials: Option<Credentials>,
    /// The absolute path of the certificates that vouch for the brokers.
    pub ca: Option<PathBuf>,
}

/// The address of a broker. It displays as `nats://a:4222`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl(String);

impl BrokerUrl {
    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BrokerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected addresses of brokers, as in nats://a:4222,b:4222".to_owned();
        if text.contains('@') {
            return Err("a password does not belong into an address; write user:password, or a token, into a file and name it \
                 with --cluster-credentials"
                .to_owned());
        }
        let (scheme, place) = text.split_once("://").unwrap_or(("nats", text));
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        let port = place.rsplit_once(':').filter(|(_, port)| is_number(port));
        if port.is_some_and(|(_, port)| port.parse::<NonZeroU16>().is_err()) {
            return Err("a port is 1 to 65535".to_owned());
        }
        if !matches!(scheme, "nats" | "tls") || place.is_empty() || place.contains(['/', ' ']) {
            return Err(expected());
        }
        let has_port = port.is_some_and(|(host, _)| !host.is_empty());
        if place.contains(':') && !has_port && !place.ends_with(']') {
            return Err(expected());
        }
        let port = if has_port {
            String::new()
        } else {
            format!(":{PORT}")
        };
        Ok(Self(format!("{scheme}://{place}{port}")))
    }
}

/// The name of a cluster's room, which is part of the names that the brokers know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoomName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_right = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || text.len() > MAX_ROOM_CHARS || !text.bytes().all(is_right) {
            return Err(format!(
                "expected 1 to {MAX_ROOM_CHARS} letters, digits, _ or -, as in main"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The number of brokers that keep each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Replicas {
    /// One.
    #[value(name = "1")]
    One,
    /// Three.
    #[value(name = "3")]
    Three,
}

impl Replicas {
    /// Returns the number.
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// Where brokers keep the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    /// In files.
    File,
    /// In memory.
    Memory,
}

/// Returns files that say whom the system trusts, one of each folder: NATS's client reads them with each connection over TLS.
pub(super) fn trusted_by_the_system() -> Vec<PathBuf> {
    #[cfg(feature = "cluster")]
    {
        let found = openssl_probe::probe();
        let folders = found.cert_dir.iter().filter_map(|it| it.read_dir().ok());
        let files = folders.flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> = files.chain(found.cert_file).collect();
        let folder = |file: &PathBuf| Some(file.canonicalize().ok()?.parent()?.to_owned());
        files.sort_by_cached_key(folder);
        files.dedup_by_key(|file| folder(file));
        files
    }
    #[cfg(not(feature = "cluster"))]
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_has_a_scheme_a_host_and_a_port() {
        for (text, url) in [
            ("nats://a:4222", "nats://a:4222"),
            ("b", "nats://b:4222"),
            ("tls://c.example:4333", "tls://c.example:4333"),
            ("127.0.0.1:1", "nats://127.0.0.1:1"),
            ("[::1]:4222", "nats://[::1]:4222"),
            ("[::1]", "nats://[::1]:4222"),
        ] {
            assert_eq!(text.parse(), Ok(BrokerUrl(url.to_owned())), "{text}");
        }
        for text in [
            "",
            "nats://",
            "http://a",
            "a:b",
            "nats://u:p@a",
            ":4222",
            "a/b",
            "a:0",
            "a:65536",
        ] {
            assert!(text.parse::<BrokerUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_room_has_a_name_that_brokers_take() {
        assert!("main".parse::<RoomName>().is_ok() && "A_1-b".parse::<RoomName>().is_ok());
        for text in ["", "a.b", "a b", "é", &"a".repeat(33)] {
            assert!(text.parse::<RoomName>().is_err(), "{text}");
        }
    }
}
