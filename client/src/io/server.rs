//! Server to connect to, and how it is known to be the one that is meant.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::pki_types::ServerName;
use wac_tls::{Fingerprint, Trust, Untrusted, client_config, is_plain_text};

use super::connection::{Connection, OpenError, PATIENCE};
use super::known_servers::{KnownServers, KnownServersError};
use super::stream::{Stream, is_timeout, open_unix};
use super::tls::{HandshakeError, TlsStream};
use super::{dial, greeting};
use crate::app::event::First;
use crate::app::target::{Address, Node, Reached, TLS};

/// A server, each of whose connections is to the same one.
#[derive(Debug)]
pub(crate) struct Server {
    address: Address,
    proof: Proof,
    /// The IP address and port that accepted last.
    peer: Mutex<Option<SocketAddr>>,
}

/// What proves that a server which speaks TLS is the one that is meant.
#[derive(Debug)]
pub(crate) enum Proof {
    /// What its user demands: a key, or the word of an authority.
    Demanded(Trust),
    /// The key that it had the first time.
    SameKey {
        /// The keys of former runs; `None` where there is no place for them.
        known: Option<KnownServers>,
        /// The key that it had in this run.
        met: Mutex<Option<Fingerprint>>,
    },
}

/// Why a server is not trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    /// It has another key than the first time.
    #[error("its key has changed: it is {found}, and was {wanted}{place}", place = told(.place.as_ref()))]
    Changed {
        wanted: Fingerprint,
        found: Fingerprint,
        /// The line of the key that it had.
        place: Option<(PathBuf, usize)>,
    },
    /// It is not what its user demands.
    #[error(transparent)]
    Demanded(Untrusted),
    #[error("the servers that are known cannot be read")]
    Known(#[from] KnownServersError),
}

/// Names a line of a file behind a sentence.
fn told(place: Option<&(PathBuf, usize)>) -> String {
    let text = |(path, line): &(PathBuf, usize)| format!(" ({}, line {line})", path.display());
    place.map_or(String::new(), text)
}

impl Proof {
    /// Returns the proof for servers of which nothing is demanded.
    pub(crate) fn same_key(known: Option<KnownServers>) -> Self {
        let met = Mutex::default();
        Self::SameKey { known, met }
    }

    /// Returns the same for a server that has not been met.
    pub(super) fn anew(&self) -> Self {
        match self {
            Self::Demanded(trust) => Self::Demanded(trust.clone()),
            Self::SameKey { known, .. } => Self::same_key(known.clone()),
        }
    }
}

impl Server {
    pub(crate) fn new(address: Address, proof: Proof) -> Self {
        let peer = Mutex::default();
        Self {
            address,
            proof,
            peer,
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Connects to the server and waits for its greeting.
    ///
    /// # Errors
    /// There is no server within [`PATIENCE`], or one of another kind, or not the one that is meant.
    pub(crate) fn open(&self, first: First) -> Result<Connection, OpenError> {
        let (stream, at, deadline) = self.connect(first)?;
        let greeting = greeting::read(&stream, deadline)?;
        let note = self.remember(&stream);
        Ok(Connection::new(stream, at, greeting, note))
    }

    /// Connects to whatever listens there, if it is the server that is meant.
    ///
    /// # Errors
    /// Nobody accepts within [`PATIENCE`], or it is not the one.
    pub(crate) fn open_raw(&self) -> Result<Connection, OpenError> {
        let (stream, at, _) = self.connect(First::Same)?;
        stream.wait_for_ever()?;
        let note = self.remember(&stream);
        Ok(Connection::new(stream, at, Vec::new(), note))
    }

    /// Connects; returns the time by which the server is to have greeted, too.
    fn connect(&self, first: First) -> Result<(Stream, Reached, Instant), OpenError> {
        Ok(match &self.address {
            Address::Tcp { host, port } => {
                let (socket, at, deadline) = self.dial(host, *port, first)?;
                (Stream::Tcp(socket), at, deadline)
            }
            Address::Tls { host, port } => {
                let (name, trust) = (server_name(host)?, self.trust()?);
                let (socket, at, deadline) = self.dial(host, *port, first)?;
                let stream = TlsStream::open(socket, client_config(trust), name, deadline)
                    .map_err(|error| self.failed(error))?;
                (Stream::Tls(Box::new(stream)), at, deadline)
            }
            Address::Unix(path) => {
                let deadline = Instant::now() + PATIENCE;
                let at = self.reached(None, 1);
                (Stream::Unix(open_unix(path)?), at, deadline)
            }
        })
    }

    /// Connects to one of the addresses of a host, which may be as many servers.
    fn dial(
        &self,
        host: &str,
        port: u16,
        first: First,
    ) -> Result<(TcpStream, Reached, Instant), OpenError> {
        let mut addresses = dial::look_up(host, port)?;
        let deadline = Instant::now() + PATIENCE;
        let places = addresses.len();
        let mut peer = lock(&self.peer);
        // The others keep their order.
        addresses.sort_by_key(|address| (Some(*address) == *peer) == (first == First::Next));
        let socket = dial::dial(addresses, deadline)?;
        *peer = Some(socket.peer_addr()?);
        Ok((socket, self.reached(*peer, places), deadline))
    }

    /// Returns what is connected to, one of so many places.
    fn reached(&self, peer: Option<SocketAddr>, places: usize) -> Reached {
        let ip = peer.map(|peer| peer.ip()).filter(|_| places > 1);
        let address = self.address.clone();
        let (node, others) = (Node { address, ip }, places - 1);
        Reached { node, others }
    }

    fn trust(&self) -> Result<Trust, TrustError> {
        let (known, met) = match &self.proof {
            Proof::Demanded(trust) => return Ok(trust.clone()),
            Proof::SameKey { known, met } => (known, lock(met)),
        };
        let key = match (known, *met) {
            (_, Some(key)) => Some(key),
            (Some(known), None) => known.find(&self.written())?.map(|found| found.key),
            (None, None) => None,
        };
        Ok(key.map_or(Trust::Any, Trust::Key))
    }

    fn failed(&self, error: HandshakeError) -> OpenError {
        match error {
            HandshakeError::Io(error) if is_timeout(&error) => OpenError::Silent,
            HandshakeError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                OpenError::Stranger("it closed the connection".to_owned())
            }
            HandshakeError::Io(error) => error.into(),
            HandshakeError::Tls(error) => match Untrusted::of(&error) {
                Some(why) => self.untrusted(why).into(),
                None if is_plain_text(&error) => OpenError::SpeaksPlainText,
                None => OpenError::Tls(error),
            },
        }
    }

    fn untrusted(&self, why: &Untrusted) -> TrustError {
        match (&self.proof, why) {
            (Proof::SameKey { known, .. }, Untrusted::OtherKey { wanted, found }) => {
                let place = known.as_ref().and_then(|known| {
                    let line = known.find(&self.written()).ok()??.line;
                    Some((known.path().to_owned(), line))
                });
                let (wanted, found) = (*wanted, *found);
                TrustError::Changed {
                    wanted,
                    found,
                    place,
                }
            }
            _ => TrustError::Demanded(why.clone()),
        }
    }

    /// Keeps the key of a server that was not known; returns a note about it.
    fn remember(&self, stream: &Stream) -> Option<String> {
        let (Stream::Tls(stream), Proof::SameKey { known, met }) = (stream, &self.proof) else {
            return None;
        };
        let mut met = lock(met);
        if met.is_some() {
            return None;
        }
        let key = Fingerprint::of(&stream.certificate()).ok()?;
        *met = Some(key);
        let server = self.written();
        let is_known = |known: &KnownServers| matches!(known.find(&server), Ok(Some(_)));
        if known.as_ref().is_some_and(is_known) {
            return None;
        }
        let kept = known
            .as_ref()
            .map(|known| (known.path(), known.add(&server, key)));
        Some(format!(
            "the first connection to {server}: its key is {key}; {}",
            match kept {
                Some((path, Ok(()))) => format!("kept in {}", path.display()),
                Some((path, Err(error))) => format!("not kept: {}: {error}", path.display()),
                None => "not kept: there is no HOME for a file of known servers".to_owned(),
            }
        ))
    }

    /// Returns the server as it stands among the known ones.
    fn written(&self) -> String {
        let address = self.address.to_string();
        address.trim_start_matches(TLS).to_owned()
    }
}

fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    // The zone of an address is this machine's own affair.
    let host = host.split('%').next().unwrap_or_default().to_owned();
    ServerName::try_from(host).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
