//! Refusal of a connection: a line that says why, or an alert of TLS, and a close that does not lose it.

use std::io::{ErrorKind, IoSlice};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wac_core::admission::Refused;

use crate::room::peer::Peer;
use crate::room::shard::LINGER;
use crate::room::shared::Shared;
use crate::room::transport::{Socket, Transport};

/// Refused connections that may linger at one time; a further one is closed at once.
const LINGERING: usize = 16;

/// The refused connections.
#[derive(Debug)]
pub(super) struct Refusals {
    places: Arc<Semaphore>,
}

/// Counts a refusal, and logs it as noise.
pub(super) fn note(peer: Peer, refused: &Refused, shared: &Shared) {
    let reason = refused.reason();
    shared.refused.count(reason);
    if let Some(count) = shared.noise.refused.count(shared.now()) {
        let limit = refused.to_string();
        tracing::warn!(peer.addr = %peer, %reason, limit, refused = count, "connection refused");
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LINGERING)),
        }
    }
}

impl Refusals {
    /// Tells a connection its last words, and closes it.
    pub(super) fn close(&self, mut socket: Socket, peer: Peer, last_words: &[u8]) {
        // A new socket's buffer takes a line; if it does not, the peer is gone.
        let told = socket.write(&[IoSlice::new(last_words)]).is_ok();
        // Closing a Unix socket never loses written bytes.
        if told && peer != Peer::Unix {
            socket.shut_down();
            self.linger_with(socket);
        }
    }

    fn linger_with(&self, socket: Socket) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return;
        };
        let Ok(stream) = TcpStream::from_std(OwnedFd::from(socket).into()) else {
            return;
        };
        tokio::spawn(async move {
            linger(&stream).await;
            drop(place);
        });
    }
}

/// Reads and drops input until the peer closes, for a while, so that no reset swallows its last words.
pub(super) async fn linger(stream: &TcpStream) {
    let mut dropped = [0; 1024];
    let until_end = async {
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut dropped) {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    };
    let _ = timeout(LINGER, until_end).await;
}
