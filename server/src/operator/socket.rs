//! Control socket: the way in for the operator's subcommands. A request is a line; the answer is lines that begin
//! with what they are.
//!
//! ```text
//!  reload                       or: reload plan
//!  say room-rate = "1MiB": changed
//!  end 0                        the exit code of the subcommand
//! ```
//!
//! Only the server's own user and root get an answer: the socket has mode 0600, and the kernel names the peer.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::config::identity::Identity;
use crate::config::listen::{ListenAddr, SocketOptions};
use crate::network::listeners::{BindError, BoundUnix, Listener, Listeners};
use crate::process::exit;
use crate::process::reload::{Reloader, Request};
use crate::process::terminal::say;

/// Permissions of the socket.
const MODE: u32 = 0o600;
/// The most bytes of a request.
const REQUEST_BYTES: u64 = 1024;
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
    pub(crate) async fn serve(self, reloader: Arc<Reloader>) -> io::Result<()> {
        let Some((listener, _bound)) = self.into_listener()? else {
            return Ok(());
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // A peer that leaves before it has its answer needs none.
                    let reloader = reloader.clone();
                    tokio::spawn(async move { answer(stream, &reloader).await });
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
async fn answer(mut stream: UnixStream, reloader: &Reloader) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let mut request = String::new();
    let mut input = tokio::io::BufReader::new((&mut stream).take(REQUEST_BYTES));
    timeout(PATIENCE, input.read_line(&mut request)).await??;
    let text = if may_ask(peer) {
        perform(request.trim_end(), reloader).await
    } else {
        tracing::warn!(peer.uid = peer, "a stranger at the control socket");
        format!(
            "say it answers its own user and root alone\nend {}\n",
            exit::FAILED
        )
    };
    timeout(PATIENCE, stream.write_all(text.as_bytes())).await?
}

fn may_ask(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// Does what a request asks for; returns the answer.
async fn perform(request: &str, reloader: &Reloader) -> String {
    let (lines, code) = match request {
        "reload" => reloaded(reloader, Request::Apply).await,
        "reload plan" => reloaded(reloader, Request::Plan).await,
        _ => (
            vec!["this server does not know that request".to_owned()],
            exit::FAILED,
        ),
    };
    let said: String = lines.iter().map(|line| format!("say {line}\n")).collect();
    format!("{said}end {code}\n")
}

async fn reloaded(reloader: &Reloader, request: Request) -> (Vec<String>, u8) {
    match reloader.reload(request).await {
        Ok(changes) if changes.is_empty() => (vec!["nothing differs".to_owned()], exit::DONE),
        Ok(changes) => (changes, exit::DONE),
        Err(problems) => {
            let told = problems.0.iter().flat_map(|problem| problem.lines());
            let mut lines: Vec<String> = told.map(|line| format!("refused: {line}")).collect();
            lines.push("nothing has changed; the server goes on as before".to_owned());
            (lines, exit::USAGE)
        }
    }
}

/// Sends a request to a server, prints the answer and returns its exit code.
///
/// # Errors
/// An I/O error if no server answers.
pub fn ask(path: &Path, request: &str) -> io::Result<u8> {
    let mut stream = StdStream::connect(path)?;
    writeln!(stream, "{request}")?;
    for line in BufReader::new(stream).lines() {
        match line?.split_once(' ') {
            Some(("say", text)) => say(text),
            Some(("end", code)) => return code.parse().map_err(io::Error::other),
            // A newer server may say more.
            _ => {}
        }
    }
    Err(io::Error::other("the server ended before it had answered"))
}
