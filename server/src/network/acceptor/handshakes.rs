//! TLS handshakes: connections on their way into the room, on a thread of their own, so that accepting never waits for
//! them, and no shard does.
//!
//! A handshake is bounded in time, and all together in number: one more ends the oldest.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use wac_core::admission::Seat;
use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::refusal::linger;
use crate::room::locks::lock;
use crate::room::peer::Peer;
use crate::room::shared::Shared;
use crate::room::transport::{Input, Socket, Taken, TlsSocket, TlsState, Transport, Wire};

/// Handshakes at one time.
const AT_ONCE: usize = 256;
/// Connections that may wait for their handshake to begin: what the thread begins in a second.
const WAITING: usize = 2048;
/// The time that a handshake may take.
const TIME: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection: a record of the handshake.
const HANDSHAKE: u8 = 0x16;
/// A fatal alert, access denied (RFC 8446, 6.2): the answer to a connection that is refused.
pub(super) const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// The thread of handshakes, if there has been a connection for it.
#[derive(Debug)]
pub(super) struct Handshakes {
    shared: Arc<Shared>,
    thread: Mutex<Option<mpsc::Sender<Entrant>>>,
}

/// An admitted connection that is not in the room yet.
#[derive(Debug)]
struct Entrant {
    socket: Socket,
    place: Place,
}

/// The place of an entrant, given back unless it is taken.
#[derive(Debug)]
struct Place {
    peer: Peer,
    /// `None` once it is taken.
    shared: Option<Arc<Shared>>,
}

/// The reason for which a handshake failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it took longer than 10 s")]
    TooLong,
    #[error("too many others began after it")]
    Displaced,
    #[error("the peer does not speak TLS")]
    PlainText,
    #[error("there is no certificate any more")]
    NoCertificate,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Handshakes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            thread: Mutex::default(),
        }
    }

    /// Begins the handshake of an admitted connection, or refuses the connection if too many wait.
    pub(super) fn begin(&self, socket: Socket, peer: Peer) {
        let entrant = Entrant {
            socket,
            place: Place {
                peer,
                shared: Some(self.shared.clone()),
            },
        };
        if let Err(entrant) = self.pass_on(entrant) {
            refuse(entrant.socket);
        }
    }

    /// Passes a connection on to the thread, which is started for the first one.
    fn pass_on(&self, entrant: Entrant) -> Result<(), Entrant> {
        let mut thread = lock(&self.thread);
        if thread.is_none() {
            *thread = start()
                .inspect_err(
                    |error| tracing::warn!(%error, "cannot start the thread of TLS handshakes"),
                )
                .ok();
        }
        match &*thread {
            Some(running) => running.try_send(entrant).map_err(|full| full.into_inner()),
            None => Err(entrant),
        }
    }

    /// Ends all handshakes.
    pub(super) fn end(&self) {
        lock(&self.thread).take();
    }
}

impl Place {
    /// Takes the place, unless its address was banned meanwhile; returns the room.
    fn take(mut self) -> Option<Arc<Shared>> {
        let shared = self.shared.as_ref()?;
        let now = SystemTime::now();
        let passed = lock(&shared.admission).pass_bans(self.peer.ip(), now);
        passed.ok().and_then(|()| self.shared.take())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            lock(&shared.admission).release(self.peer.ip(), Seat::Kept);
        }
    }
}

/// Refuses a connection by an alert.
fn refuse(mut socket: Socket) {
    // A new socket's buffer takes it; if it does not, the peer is gone.
    let _ = socket.write(&[IoSlice::new(&ACCESS_DENIED)]);
    socket.shut_down();
}

fn start() -> io::Result<mpsc::Sender<Entrant>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (sender, entrants) = mpsc::channel(WAITING);
    thread::Builder::new()
        .name("handshakes".to_owned())
        .spawn(move || runtime.block_on(shake_hands_with(entrants)))?;
    Ok(sender)
}

async fn shake_hands_with(mut entrants: mpsc::Receiver<Entrant>) {
    let mut under_way: VecDeque<(AbortHandle, Peer)> = VecDeque::new();
    while let Some(entrant) = entrants.recv().await {
        under_way.retain(|(handshake, _)| !handshake.is_finished());
        if under_way.len() >= AT_ONCE
            && let Some((oldest, peer)) = under_way.pop_front()
            && let Some(shared) = &entrant.place.shared
        {
            oldest.abort();
            log_failure(shared, peer, &Failure::Displaced);
        }
        let peer = entrant.place.peer;
        under_way.push_back((tokio::spawn(enter(entrant)).abort_handle(), peer));
    }
}

async fn enter(Entrant { socket, place }: Entrant) {
    let peer = place.peer;
    let Some(shared) = place.shared.clone() else {
        return;
    };
    let entered = timeout(TIME, handshake(socket, &shared)).await;
    match entered.unwrap_or(Err(Failure::TooLong)) {
        Ok(socket) => {
            if let Some(shared) = place.take() {
                shared.hand_over(Wire::Tls(Box::new(socket)), peer);
            }
        }
        Err(error) => log_failure(&shared, peer, &error),
    }
}

/// Counts and logs that a handshake failed: noise.
fn log_failure(shared: &Shared, peer: Peer, error: &Failure) {
    if let Some(count) = shared.noise.handshakes.count(shared.now()) {
        tracing::info!(peer.addr = %peer, %error, failed = count, "TLS handshake failed");
    }
}

/// Shakes hands; returns a socket over which text may be sent.
async fn handshake(socket: Socket, shared: &Shared) -> Result<TlsSocket<Socket>, Failure> {
    let stream = TcpStream::from_std(OwnedFd::from(socket).into())?;
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
        let mut stream = Watched(stream);
        tell_in_plain_text(&mut stream);
        stream.close().await;
        return Err(Failure::PlainText);
    }
    let tls = lock(&shared.tls).clone().ok_or(Failure::NoCertificate)?;
    let mut tls = TlsSocket::new(Watched(stream), tls.server)?;
    if let Err(error) = until_open(&mut tls).await {
        tls.socket_mut().close().await;
        return Err(error.into());
    }
    let unwatched = |Watched(stream)| Ok(Socket::from(OwnedFd::from(stream.into_std()?)));
    Ok(tls.try_map(unwatched)?)
}

/// Goes on with a handshake until text may be sent.
async fn until_open(tls: &mut TlsSocket<Watched>) -> io::Result<()> {
    loop {
        match tls.shake_hands()? {
            TlsState::Open => return Ok(()),
            TlsState::Closed => return Err(io::ErrorKind::UnexpectedEof.into()),
            TlsState::Handshaking => {}
        }
        let interest = if tls.is_flushed() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        tls.socket_mut().0.ready(interest).await?;
    }
}

fn tell_in_plain_text(socket: &mut Watched) {
    let line = ServerLine::Notice(Notice::Closing(Closing::NeedsTls)).to_bytes();
    let _ = socket.write(&[IoSlice::new(&line)]);
}

/// A socket that this thread's reactor watches.
#[derive(Debug)]
struct Watched(TcpStream);

impl Watched {
    /// Closes it so that its last words arrive.
    async fn close(&mut self) {
        self.shut_down();
        linger(&self.0).await;
    }
}

impl Transport for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        Ok(Input::of(self.0.try_read(buffer)?, buffer))
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        Ok(Taken::of(self.0.try_write_vectored(slices)?, slices))
    }

    fn shut_down(&mut self) {
        let _ = SockRef::from(&self.0).shutdown(Shutdown::Write);
    }

    /// Not asked for in a handshake.
    fn is_delivered(&self) -> bool {
        false
    }
}
