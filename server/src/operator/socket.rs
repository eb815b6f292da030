//! Control socket: the operator's way into a running server. Only the server's own user and root get an answer: the
//! socket has mode 0600, and the kernel names the peer.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::config::identity::Identity;
use crate::config::listen::{ListenAddr, SocketOptions};
use crate::network::listeners::{BindError, BoundUnix, Listener, Listeners};
use crate::operator::desk::Desk;
use crate::operator::protocol::{Answer, Request};

/// Permissions of the socket.
const MODE: u32 = 0o600;
/// The most bytes of a request: a text of 4 KiB, of which JSON may make four times as much.
const REQUEST_BYTES: u64 = 32 * 1024;
/// The time that a peer has for its request, and later to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after an accept that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A bound control socket.
#[derive(Debug)]
pub struct ControlSocket(Listeners);

impl ControlSocket {
    /// Binds a path; the socket belongs to `server`, if that is another user.
    ///
    /// # Errors
    /// [`BindError`], if another server has it.
    pub fn bind(path: &Path, server: Option<&Identity>) -> Result<Self, BindError> {
        let options = SocketOptions {
            unix_mode: MODE,
            server,
            ..SocketOptions::default()
        };
        Listeners::bind(&[ListenAddr::Unix(path.to_owned())], &options).map(Self)
    }

    /// Answers requests, to the end.
    pub(crate) async fn serve(self, desk: Arc<Desk>) -> io::Result<()> {
        let Some((listener, _bound)) = self.into_listener()? else {
            return Ok(());
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // A peer that leaves before it has its answer needs none.
                    let desk = desk.clone();
                    tokio::spawn(async move { answer(stream, &desk).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept on the control socket; pausing");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn into_listener(self) -> io::Result<Option<(UnixListener, BoundUnix)>> {
        let bound = self.0.into_sockets().next();
        match bound.map(|bound| bound.listener) {
            Some(Listener::Unix(socket, bound)) => {
                Ok(Some((UnixListener::from_std(socket)?, bound)))
            }
            _ => Ok(None),
        }
    }
}

/// Answers one request.
async fn answer(mut stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let mut request = String::new();
    let mut input = tokio::io::BufReader::new((&mut stream).take(REQUEST_BYTES));
    timeout(PATIENCE, input.read_line(&mut request)).await??;
    let answer = if may_ask(peer) {
        perform(request.trim_end(), desk).await
    } else {
        tracing::warn!(peer.uid = peer, "a stranger at the control socket");
        Answer::failed("it answers its own user and root alone")
    };
    timeout(PATIENCE, stream.write_all(answer.to_text().as_bytes())).await?
}

fn may_ask(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

async fn perform(request: &str, desk: &Desk) -> Answer {
    match Request::parse(request) {
        Ok(request) => desk.perform(request).await,
        Err(error) => Answer::failed(format!(
            "this server does not know that request ({error}); it is wacd {}, use its own program",
            wac_settings::VERSION
        )),
    }
}
