//! Acceptor: accepts connections, applies the limits, and hands each connection to the shard with
//! the fewest sessions.

mod handshakes;
mod refusal;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use nix::errno::Errno;
use socket2::SockRef;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;
use wac_core::wire::line::ServerLine;

use crate::config::Config;
use crate::config::listen::ListenAddr;
use crate::network::listeners::{BoundUnix, Listener, Listeners};
use crate::room::locks::lock;
use crate::room::peer::Peer;
use crate::room::shared::Shared;
use crate::room::transport::{Socket, Wire};
use handshakes::Handshakes;
use refusal::Refusals;

/// The shortest and longest pause after an accept failed for lack of resources; it doubles in between.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The listeners, each with the task that accepts its connections.
#[derive(Debug)]
pub(crate) struct Acceptor {
    shared: Arc<Shared>,
    refusals: Arc<Refusals>,
    handshakes: Arc<Handshakes>,
    /// `None` once the server accepts no more.
    doors: Mutex<Option<Vec<Door>>>,
}

/// A listener, and the task that accepts its connections.
#[derive(Debug)]
struct Door {
    /// The address as it was asked for; `None`: the socket was inherited, and stays.
    asked: Option<ListenAddr>,
    real: ListenAddr,
    listener: Arc<Awaited>,
    task: AbortHandle,
}

/// New listeners that are bound, but do not accept yet.
#[derive(Debug)]
pub(crate) struct Prepared(Vec<(Option<ListenAddr>, ListenAddr, Awaited)>);

impl Prepared {
    /// Registers listeners with this thread's reactor.
    fn new(listeners: Listeners) -> io::Result<Self> {
        let watched = listeners
            .into_sockets()
            .map(|bound| Ok((bound.asked, bound.real, Awaited::new(bound.listener)?)));
        watched.collect::<io::Result<_>>().map(Self)
    }
}

impl Acceptor {
    /// Starts to accept connections.
    pub(crate) fn open(listeners: Listeners, shared: Arc<Shared>) -> io::Result<Self> {
        let acceptor = Self {
            handshakes: Arc::new(Handshakes::new(shared.clone())),
            shared,
            refusals: Arc::default(),
            doors: Mutex::default(),
        };
        let doors = acceptor.start(Prepared::new(listeners)?);
        *lock(&acceptor.doors) = Some(doors);
        Ok(acceptor)
    }

    /// Binds the addresses that are listened on by no listener yet.
    ///
    /// # Errors
    /// The address that can't be bound, or that the server is stopping.
    pub(crate) fn prepare(&self, config: &Config) -> anyhow::Result<Prepared> {
        let doors = lock(&self.doors);
        let doors = doors.as_ref().context("the server is stopping")?;
        let mut prepared = Prepared(Vec::new());
        for address in &config.listen {
            if doors
                .iter()
                .any(|door| door.asked.as_ref() == Some(address))
            {
                continue;
            }
            let beside = doors
                .iter()
                .filter(|door| door.leaves(config))
                .filter(|door| door.shares_port_with(address));
            let mut options = config.socket_options();
            for door in beside {
                door.listener.share_port()?;
                options.shares_port = true;
            }
            let bound = Listeners::bind(std::slice::from_ref(address), &options)?;
            prepared.0.extend(Prepared::new(bound)?.0);
        }
        Ok(prepared)
    }

    /// Opens the prepared listeners, closes those that the configuration does not name, and changes the others.
    pub(crate) fn commit(&self, prepared: Prepared, config: &Config) {
        let mut doors = lock(&self.doors);
        let Some(doors) = doors.as_mut() else {
            return;
        };
        for door in doors.extract_if(.., |door| door.leaves(config)) {
            tracing::info!(listen = %door.real, "listener closed");
            door.task.abort();
        }
        for door in doors.iter() {
            if let Err(error) = door.listener.change(config) {
                tracing::warn!(listen = %door.real, %error, "the listener keeps its options");
            }
        }
        let opened = self.start(prepared);
        for door in &opened {
            tracing::info!(listen = %door.real, "listener opened");
        }
        doors.extend(opened);
    }

    fn start(&self, prepared: Prepared) -> Vec<Door> {
        let start = |(asked, real, listener): (_, _, Awaited)| {
            let listener = Arc::new(listener);
            let entry = Entry {
                shared: self.shared.clone(),
                refusals: self.refusals.clone(),
                handshakes: match real {
                    ListenAddr::Tls(_) => Some(self.handshakes.clone()),
                    ListenAddr::Tcp(_) | ListenAddr::Unix(_) => None,
                },
            };
            let task = tokio::spawn(entry.accept_all(listener.clone())).abort_handle();
            Door {
                asked,
                real,
                listener,
                task,
            }
        };
        prepared.0.into_iter().map(start).collect()
    }

    /// Stops accepting and closes the listeners.
    pub(crate) fn close(&self) {
        for door in lock(&self.doors).take().into_iter().flatten() {
            door.task.abort();
        }
        self.handshakes.end();
    }
}

impl Door {
    /// Tells whether a configuration does without it.
    fn leaves(&self, config: &Config) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|asked| !config.listen.contains(asked))
    }

    fn shares_port_with(&self, address: &ListenAddr) -> bool {
        let ports = (self.real.ip(), address.ip());
        matches!(ports, (Some(one), Some(other)) if one.port() == other.port())
    }
}

/// The way from a listener into the room.
struct Entry {
    shared: Arc<Shared>,
    refusals: Arc<Refusals>,
    /// Where the connections shake hands first; `None`: they are in plain text.
    handshakes: Option<Arc<Handshakes>>,
}

impl Entry {
    async fn accept_all(self, listener: Arc<Awaited>) {
        let shared = &self.shared;
        let mut pause = PAUSES.0;
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => {
                    pause = PAUSES.0;
                    self.let_in(socket, peer);
                }
                Err(error) => match kind(&error) {
                    AcceptError::OfOneConnection => {
                        tracing::debug!(%error, "a connection was gone before it was accepted")
                    }
                    AcceptError::OfResources => {
                        if let Some(count) = shared.noise.unaccepted.count(shared.now()) {
                            tracing::warn!(%error, unaccepted = count, "cannot accept; pausing");
                        }
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(PAUSES.1);
                    }
                    AcceptError::Fatal => {
                        tracing::error!(%error, "cannot accept any more; restart the server");
                        return;
                    }
                },
            }
        }
    }

    /// Admits a connection, or refuses it with a reason.
    fn let_in(&self, socket: Socket, peer: Peer) {
        let shared = &self.shared;
        let admitted = {
            let mut admission = lock(&shared.admission);
            let passed = admission.pass_bans(peer.ip(), SystemTime::now());
            passed.and_then(|()| admission.admit(peer.ip(), shared.now()))
        };
        match (admitted, &self.handshakes) {
            (Ok(()), None) => shared.hand_over(Wire::Plain(socket), peer),
            (Ok(()), Some(handshakes)) => handshakes.begin(socket, peer),
            (Err(refused), handshakes) => {
                refusal::note(peer, &refused, shared);
                let last_words = match handshakes {
                    None => ServerLine::Notice(refused.announcement()).to_bytes(),
                    Some(_) => handshakes::ACCESS_DENIED.into(),
                };
                self.refusals.close(socket, peer, &last_words);
            }
        }
    }
}

/// A listener, registered with the runtime.
#[derive(Debug)]
enum Awaited {
    Tcp(TcpListener),
    Unix {
        socket: UnixListener,
        bound: BoundUnix,
    },
}

impl Awaited {
    fn new(listener: Listener) -> io::Result<Self> {
        Ok(match listener {
            Listener::Tcp(socket) => Self::Tcp(TcpListener::from_std(socket)?),
            Listener::Unix(socket, bound) => Self::Unix {
                socket: UnixListener::from_std(socket)?,
                bound,
            },
        })
    }

    /// Lets the next listener of this process have the same port, with an address that overlaps with this one's.
    fn share_port(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => SockRef::from(listener).set_reuse_port(true),
            Self::Unix { .. } => Ok(()),
        }
    }

    /// Changes the options that a configuration gives, for connections accepted from now on.
    fn change(&self, config: &Config) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => {
                SockRef::from(listener).set_send_buffer_size(config.send_buffer_bytes)
            }
            Self::Unix { bound, .. } => {
                bound
                    .send_buffer_bytes
                    .store(config.send_buffer_bytes, Ordering::Relaxed);
                bound.set_mode(config.unix_mode)
            }
        }
    }

    /// Accepts a connection and deregisters it from this thread's reactor, because it goes to a shard.
    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((
                    Socket::from(OwnedFd::from(stream.into_std()?)),
                    Peer::Tcp(address),
                ))
            }
            Self::Unix { socket, bound } => {
                let (stream, _) = socket.accept().await?;
                let stream = stream.into_std()?;
                let bytes = bound.send_buffer_bytes.load(Ordering::Relaxed);
                SockRef::from(&stream).set_send_buffer_size(bytes)?;
                Ok((Socket::from(OwnedFd::from(stream)), Peer::Unix))
            }
        }
    }
}

/// The scope of an accept error.
#[derive(Debug, PartialEq, Eq)]
enum AcceptError {
    OfOneConnection,
    OfResources,
    Fatal,
}

fn kind(error: &io::Error) -> AcceptError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM) => {
            AcceptError::OfResources
        }
        Some(
            Errno::EBADF | Errno::EINVAL | Errno::ENOTSOCK | Errno::EOPNOTSUPP | Errno::EFAULT,
        ) => AcceptError::Fatal,
        // accept(2): network errors of the new connection are reported here, and affect it alone.
        _ => AcceptError::OfOneConnection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_errors_are_classified() {
        let of = |errno: Errno| kind(&io::Error::from_raw_os_error(errno as i32));
        assert_eq!(of(Errno::EMFILE), AcceptError::OfResources);
        assert_eq!(of(Errno::ECONNABORTED), AcceptError::OfOneConnection);
        assert_eq!(of(Errno::EBADF), AcceptError::Fatal);
    }
}
