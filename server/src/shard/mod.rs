//! A shard: one thread, one current-thread runtime, one loop over the sessions that are ready.
//!
//! ```text
//!  rest ─▶ collect ▸ perform ▸ write ▸ judge ─▶ rest
//!          │         │         │       └ who is full and left the window?
//!          │         │         └ each session from its cursor
//!          │         └ lines to the room log; then answers and whispers get their positions
//!          └ every ready socket is read once, before anything is appended
//! ```
//!
//! A session is an entry in the shard's table, not a task: its socket's waker puts its slot on the
//! ready list. No step waits for a socket, a mailbox or a lock that is held for long.

mod bell;
mod collect;
mod connection;
mod gate;
mod perform;
#[cfg(test)]
mod tests;
mod timers;
mod write;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use slab::Slab;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Sleep;
use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::close::CloseReason;
use wac_core::log::{Position, View};
use wac_core::roster::SessionId;
use wac_core::session::Items;

use crate::drain::Phase;
use crate::peer::Peer;
use crate::shared::{Shared, lock};
use crate::transport::{Socket, Transport};
use bell::{ReadyList, SlotWaker};
use connection::{Connection, Life};
pub(crate) use gate::{Gate, Newcomer, Stream};
use perform::{Blocked, Placed};
use timers::Timers;

/// How long a closed connection is read, so that no reset swallows its last line.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// How long the last bytes of an ended session may take: what TCP_USER_TIMEOUT gives a socket.
const LAST_BYTES: Duration = Duration::from_secs(30);
/// With so many bytes of lines waiting to be appended, a shard reads no more.
const PENDING_BYTES: usize = 256 * 1024;

/// A shard's thread.
#[derive(Debug)]
pub(crate) struct ShardThread(JoinHandle<()>);

impl ShardThread {
    /// Starts a shard.
    pub(crate) fn spawn(id: usize, shared: Arc<Shared>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let id = u16::try_from(id).expect("there are at most 64 shards");
        let serve = move || {
            let _guard = AbortOnPanic;
            let shard = Shard::<Socket>::new(id, shared);
            // The loop yields by itself, and one turn reads all that is ready.
            runtime.block_on(tokio::task::unconstrained(shard.run()));
        };
        thread::Builder::new()
            .name(format!("shard-{id}"))
            .spawn(serve)
            .map(Self)
    }

    /// Waits until the shard has ended.
    pub(crate) fn join(self) {
        self.0.join().expect("a shard that panics ends the process");
    }
}

/// A shard that panicked has left its sessions in the middle of something: nothing can go on.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}

/// A shard's inner side.
struct Shard<T> {
    id: u16,
    shared: Arc<Shared>,
    gate: Arc<Gate>,
    ready: Arc<ReadyList>,
    table: Slab<Connection<T>>,
    view: View,
    items: Items,
    /// Private bytes, and ends, that get their position once the lines before them have theirs.
    placed: Vec<(u32, Placed)>,
    /// Sessions with private bytes to write, or whose sockets take bytes again.
    due: Vec<u32>,
    /// Sessions that are read when fewer lines are pending.
    unread: Vec<u32>,
    /// Sessions whose sockets are full.
    full: Vec<u32>,
    timers: Timers,
    /// When gathered notices are to be told.
    notices_due: Option<Duration>,
    /// The head up to which every session has been tried.
    passed: Position,
    /// Why items wait that are due.
    blocked: Option<Blocked>,
    /// The phase whose work has been done.
    phase: Phase,
    settled: bool,
    scratch: Box<[u8; MAX_CLIENT_LINE_BYTES]>,
    /// The slots looked at in a turn, kept for their memory.
    looked_at: Vec<u32>,
}

impl Shard<Socket> {
    /// Serves until the stop is complete.
    async fn run(mut self) {
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        while !self.is_over() {
            poll_fn(|cx| self.poll_work(cx, sleep.as_mut())).await;
            self.gate.bell.wake_up();
            // Once to the runtime: what has become ready by now is collected in the same turn,
            // which doubles the batches under load.
            tokio::task::yield_now().await;
            self.admit();
            self.turn(self.shared.now());
        }
    }

    fn poll_work(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        if self.has_work() {
            return Poll::Ready(());
        }
        if let Some(next) = self.next_deadline() {
            let at = self.shared.instant(next);
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            if sleep.poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        self.gate.bell.fall_asleep(cx.waker());
        if self.blocked.is_some() {
            self.gate.waits.set();
        }
        if self.has_work() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Takes in what the doorway handed on.
    fn admit(&mut self) {
        if !self.gate.has_newcomers() {
            return;
        }
        for Newcomer { id, peer, stream } in self.gate.take_newcomers() {
            let socket = match stream {
                Stream::Tcp(stream) => TcpStream::from_std(stream).map(Socket::Tcp),
                Stream::Unix(stream) => UnixStream::from_std(stream).map(Socket::Unix),
            };
            match socket {
                Ok(socket) => self.insert(id, peer, socket, self.shared.now()),
                Err(error) => {
                    tracing::warn!(peer.addr = %peer, %error, "cannot watch a connection; closed");
                    self.release(peer);
                }
            }
        }
    }
}

impl<T: Transport> Shard<T> {
    fn new(id: u16, shared: Arc<Shared>) -> Self {
        let gate = shared.gates[usize::from(id)].clone();
        Self {
            id,
            ready: ReadyList::new(gate.clone()),
            gate,
            table: Slab::new(),
            view: View::default(),
            items: Items::default(),
            placed: Vec::new(),
            due: Vec::new(),
            unread: Vec::new(),
            full: Vec::new(),
            timers: Timers::default(),
            notices_due: None,
            passed: Position::default(),
            blocked: None,
            phase: Phase::Serving,
            settled: false,
            scratch: Box::new([0; MAX_CLIENT_LINE_BYTES]),
            looked_at: Vec::new(),
            shared,
        }
    }

    /// Puts a connection into the table; it is looked at when its socket is ready.
    fn insert(&mut self, id: SessionId, peer: Peer, transport: T, now: Duration) {
        let entry = self.table.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("there are fewer sockets than that");
        let wake = SlotWaker::new(slot, self.ready.clone());
        entry.insert(Connection::new(id, peer, transport, wake, now));
    }

    /// One turn of the loop. Nothing in it waits.
    fn turn(&mut self, now: Duration) {
        self.take_in(now);
        self.give_out(now);
    }

    /// Collects and performs.
    fn take_in(&mut self, now: Duration) {
        self.follow_phase(now);
        self.fire_timers(now);
        self.collect(now);
        // Mail posted before a PING was read stands before its PONG.
        self.take_mail();
        self.perform(now);
    }

    /// Writes and judges. What other shards do between the two halves is seen here.
    fn give_out(&mut self, now: Duration) {
        self.catch_up();
        self.place(now);
        // Mail posted before a line was appended stands before that line.
        self.take_mail();
        self.write(now);
        self.judge();
        self.read_later();
        self.report();
    }

    fn has_work(&self) -> bool {
        !self.ready.is_empty()
            || self.shared.head() != self.view.head()
            || self.gate.has_mail()
            || self.gate.has_newcomers()
            || self.shared.phases.now() != self.phase
            || match &self.blocked {
                Some(blocked) => blocked.may_go(&self.shared),
                None => !self.items.is_empty(),
            }
    }

    fn next_deadline(&self) -> Option<Duration> {
        [self.timers.next(), self.notices_due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes over what was appended; other shards' appends are seen here.
    fn catch_up(&mut self) {
        if self.shared.head() != self.view.head() {
            let Self { shared, view, .. } = self;
            shared.with_room(|room| view.catch_up(&room.log));
        }
    }

    /// Does what a new phase asks for.
    fn follow_phase(&mut self, now: Duration) {
        let phase = self.shared.phases.now();
        if phase == self.phase {
            return;
        }
        self.phase = phase;
        match phase {
            Phase::Serving | Phase::Draining => {}
            Phase::Sealed => self.end_all(now),
            Phase::Cut => self.cut_all(),
        }
    }

    /// Ends every session at the end of the sealed log.
    fn end_all(&mut self, now: Duration) {
        self.notices_due = None;
        let slots: Vec<u32> = self.slots();
        for slot in slots {
            self.begin(slot);
            self.items.from = slot;
            match self.table.get_mut(slot as usize) {
                Some(Connection {
                    session: Some(session),
                    ..
                }) => session.end(CloseReason::Stopping, &mut self.items),
                Some(Connection {
                    life: Life::Arriving,
                    ..
                }) => self.remove(slot, CloseReason::Stopping, now),
                _ => {}
            }
        }
    }

    /// Cuts short who has not everything.
    fn cut_all(&mut self) {
        let now = self.shared.now();
        for slot in self.slots() {
            let reason = match self.table[slot as usize].life {
                Life::Lingering(reason) => reason,
                Life::Ending(reason) if reason != CloseReason::Stopping => reason,
                _ => CloseReason::CutShort,
            };
            self.remove(slot, reason, now);
        }
    }

    fn slots(&self) -> Vec<u32> {
        self.table.iter().map(|(slot, _)| slot as u32).collect()
    }

    /// Looks at who has waited long enough.
    fn fire_timers(&mut self, now: Duration) {
        while let Some((at, slot, id)) = self.timers.take_due(now) {
            let Some(connection) = self.table.get_mut(slot as usize) else {
                continue;
            };
            if connection.id != id || connection.timer != Some(at) {
                continue;
            }
            connection.timer = None;
            match connection.life {
                Life::Arriving | Life::Open => connection.look_again(),
                Life::Ending(reason) | Life::Lingering(reason) => self.remove(slot, reason, now),
            }
        }
    }

    /// Looks at a session again at a time, unless it is looked at before.
    fn set_timer(&mut self, slot: u32, at: Duration) {
        let Some(connection) = self.table.get_mut(slot as usize) else {
            return;
        };
        if connection.timer.is_none_or(|set| at < set) {
            connection.timer = Some(at);
            self.timers.set(at, slot, connection.id);
        }
    }

    /// Takes a connection out of the table, which closes its socket.
    fn remove(&mut self, slot: u32, reason: CloseReason, now: Duration) {
        let connection = self.table.remove(slot as usize);
        if self.table.is_empty() {
            // The memory of a full room goes back with its last session.
            self.table = Slab::new();
        }
        self.release(connection.peer);
        match reason {
            CloseReason::NotOurProtocol if self.shared.foreign.note(now).is_none() => return,
            CloseReason::Stopping => _ = self.shared.stopped.fetch_add(1, Ordering::Relaxed),
            CloseReason::CutShort => _ = self.shared.cut_short.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        let elapsed_ms = now.saturating_sub(connection.since).as_millis();
        tracing::info!(
            session.id = connection.id.0, peer.addr = %connection.peer, %reason, elapsed_ms, "session ended"
        );
    }

    fn release(&self, peer: Peer) {
        lock(&self.shared.admission).release(peer.ip());
        self.gate.session_ended();
    }

    /// Tells the stop how far this shard is.
    fn report(&mut self) {
        if self.phase == Phase::Draining
            && !self.settled
            && self.items.is_empty()
            && !self.gate.has_mail()
        {
            self.settled = true;
            self.shared.report_settled();
        }
        if self.is_over() {
            self.shared.report_empty();
        }
    }

    /// Tells whether the stop is complete here.
    fn is_over(&self) -> bool {
        self.phase >= Phase::Sealed
            && self.table.is_empty()
            && self.items.is_empty()
            && !self.gate.has_newcomers()
    }
}
