//! Acceptor: accepts connections, applies the limits, and hands each connection to the shard with
//! the fewest sessions.

mod refusal;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use socket2::SockRef;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use crate::network::listeners::{BoundUnix, Listener, Listeners};
use crate::room::inbox::NewConnection;
use crate::room::locks::lock;
use crate::room::peer::Peer;
use crate::room::shared::Shared;
use crate::room::transport::Socket;
use refusal::Refusals;

/// The shortest and longest pause after an accept failed for lack of resources; it doubles in between.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The tasks that accept connections.
#[derive(Debug)]
pub(crate) struct Acceptor(JoinSet<()>);

/// Starts to accept connections.
pub(crate) fn open(listeners: Listeners, shared: Arc<Shared>) -> io::Result<Acceptor> {
    let refusals = Arc::new(Refusals::default());
    let mut tasks = JoinSet::new();
    for listener in listeners.into_sockets() {
        let listener = Watched::new(listener)?;
        tasks.spawn(accept_all(listener, shared.clone(), refusals.clone()));
    }
    Ok(Acceptor(tasks))
}

impl Acceptor {
    /// Stops accepting and closes the listeners.
    pub(crate) fn close(mut self) {
        self.0.abort_all();
    }
}

async fn accept_all(listener: Watched, shared: Arc<Shared>, refusals: Arc<Refusals>) {
    let mut pause = PAUSES.0;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                pause = PAUSES.0;
                let_in(socket, peer, &shared, &refusals);
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
fn let_in(socket: Socket, peer: Peer, shared: &Shared, refusals: &Arc<Refusals>) {
    let admitted = lock(&shared.admission).admit(peer.ip(), shared.now());
    match admitted {
        Ok(()) => {
            let inbox = shared.inboxes.iter().min_by_key(|inbox| inbox.sessions());
            let connection = NewConnection {
                id: shared.next_session(),
                peer,
                socket,
            };
            inbox
                .expect("there is at least one shard")
                .admit(connection);
        }
        Err(refused) => refusals.refuse(socket, peer, refused, shared),
    }
}

/// A listener, registered with the runtime.
#[derive(Debug)]
enum Watched {
    Tcp(TcpListener),
    Unix {
        socket: UnixListener,
        bound: BoundUnix,
    },
}

impl Watched {
    fn new(listener: Listener) -> io::Result<Self> {
        Ok(match listener {
            Listener::Tcp(socket) => Self::Tcp(TcpListener::from_std(socket)?),
            Listener::Unix(socket, bound) => Self::Unix {
                socket: UnixListener::from_std(socket)?,
                bound,
            },
        })
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
                SockRef::from(&stream).set_send_buffer_size(bound.send_buffer_bytes)?;
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
