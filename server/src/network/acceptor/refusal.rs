//! Refusal of a connection: one line that says why, and a close that does not lose it.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use wac_core::admission::Refused;
use wac_core::wire::line::ServerLine;

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
    /// Tells a connection the reason, and closes it.
    pub(super) fn refuse(&self, mut socket: Socket, peer: Peer, refused: Refused, shared: &Shared) {
        note(peer, &refused, shared);
        let line = ServerLine::Notice(refused.announcement()).to_bytes();
        // A new socket's buffer takes a line; if it does not, the peer is gone.
        let told = socket.write(&[IoSlice::new(&line)]).is_ok();
        // Closing a Unix socket never loses written bytes.
        if told && peer != Peer::Unix {
            socket.shut_down();
            self.linger(socket);
        }
    }

    /// Reads and drops input until the peer closes, so that no reset swallows the line.
    fn linger(&self, socket: Socket) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return;
        };
        let Ok(mut stream) = TcpStream::from_std(OwnedFd::from(socket).into()) else {
            return;
        };
        tokio::spawn(async move {
            let mut dropped = [0; 1024];
            let until_end =
                async { while stream.read(&mut dropped).await.is_ok_and(|bytes| bytes > 0) {} };
            let _ = tokio::time::timeout(LINGER, until_end).await;
            drop(place);
        });
    }
}
