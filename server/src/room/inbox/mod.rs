//! Inbox of a shard: messages from other shards, new connections from the acceptor, news of logins, requests of the
//! operator, and the waker.

mod progress;
mod tray;
mod waker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::oneshot;
use wac_core::log::Position;
use wac_core::roster::{SessionAddress, SessionId};

use crate::room::figures::ShardFigures;
use crate::room::locks::{Flag, lock};
use crate::room::logins::LoginMessage;
use crate::room::outbox::Delivery;
use crate::room::peer::Peer;
use crate::room::requests::{Person, ShardRequest, Wish};
use crate::room::transport::Wire;
use progress::Progress;
pub(crate) use progress::TurnStep;
use tray::Tray;
use waker::Waker;

/// Messages an inbox holds; a full one pauses the sending shard.
pub(crate) const INBOX_CAPACITY: usize = 4096;

/// A whisper on its way to the shard of its addressee.
pub(crate) struct DirectMessage {
    pub(crate) to: SessionAddress,
    /// The position at which it was posted: it is read no earlier than the lines before.
    pub(crate) at: Position,
    pub(crate) line: Box<[u8]>,
}

/// Leaves the private text out.
impl fmt::Debug for DirectMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectMessage")
            .field("to", &self.to)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A connection that the acceptor admitted.
#[derive(Debug)]
pub(crate) struct NewConnection {
    pub(crate) id: SessionId,
    pub(crate) peer: Peer,
    pub(crate) wire: Wire,
}

/// The part of a shard that other threads see.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) waker: Waker,
    capacity: usize,
    messages: Mutex<VecDeque<DirectMessage>>,
    /// The number of messages, checked before the lock is taken.
    waiting: AtomicUsize,
    pub(crate) new_connections: Tray<NewConnection>,
    /// A session of the shard, or one that waits for the name of such a session, has one message here at most.
    pub(crate) logins: Tray<LoginMessage>,
    /// What became of whispers to other nodes, each with its sender and the addressee as the sender wrote it; `None`: it waits.
    pub(crate) deliveries: Tray<(SessionAddress, String, Option<Delivery>)>,
    /// `None` once the shard has ended.
    requests: Mutex<Option<Vec<ShardRequest>>>,
    asked: AtomicUsize,
    /// The number of sessions that the shard has or will have.
    sessions: AtomicUsize,
    /// The position up to which every session has been tried.
    tried: AtomicU64,
    /// The shard's progress in its turn.
    pub(crate) progress: Progress,
    /// The shard waits for another shard's turn.
    pub(crate) waits: Flag,
    /// The watchdog has found that it hangs.
    hangs: AtomicBool,
    /// Something has come back from the stream of a cluster.
    pub(crate) returns: Flag,
    /// The number of cuts from a cluster's room after which the shard has ended its sessions.
    cuts_seen: AtomicU64,
    /// What the shard has done.
    pub(crate) figures: ShardFigures,
}

impl Inbox {
    /// Creates an inbox that holds `capacity` messages.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            waker: Waker::default(),
            capacity,
            messages: Mutex::default(),
            waiting: AtomicUsize::new(0),
            new_connections: Tray::default(),
            logins: Tray::default(),
            deliveries: Tray::default(),
            requests: Mutex::new(Some(Vec::new())),
            asked: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            tried: AtomicU64::new(0),
            progress: Progress::default(),
            waits: Flag::default(),
            hangs: AtomicBool::new(false),
            returns: Flag::default(),
            cuts_seen: AtomicU64::new(0),
            figures: ShardFigures::default(),
        }
    }

    /// Posts a message.
    ///
    /// # Errors
    /// The message, if the inbox is full.
    pub(crate) fn post(&self, message: DirectMessage) -> Result<(), DirectMessage> {
        let mut messages = lock(&self.messages);
        if messages.len() >= self.capacity {
            return Err(message);
        }
        messages.push_back(message);
        self.waiting.store(messages.len(), Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn has_messages(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) >= self.capacity
    }

    pub(crate) fn take_messages(&self) -> VecDeque<DirectMessage> {
        let mut messages = lock(&self.messages);
        self.waiting.store(0, Ordering::SeqCst);
        std::mem::take(&mut messages)
    }

    /// Hands a connection over to the shard.
    pub(crate) fn admit(&self, connection: NewConnection) {
        self.session_began();
        self.new_connections.put(connection);
        self.waker.wake();
    }

    /// Tells the shard about a login.
    pub(crate) fn tell(&self, message: LoginMessage) {
        self.logins.put(message);
        self.waker.wake();
    }

    /// Asks the shard for something; returns where its answer comes. A shard that has ended sends none.
    pub(crate) fn ask(&self, wish: Wish) -> oneshot::Receiver<Vec<Person>> {
        let (answer, receiver) = oneshot::channel();
        if let Some(requests) = &mut *lock(&self.requests) {
            requests.push(ShardRequest { wish, answer });
            self.asked.store(requests.len(), Ordering::SeqCst);
        }
        self.waker.wake();
        receiver
    }

    pub(crate) fn has_requests(&self) -> bool {
        self.asked.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn take_requests(&self) -> Vec<ShardRequest> {
        let mut requests = lock(&self.requests);
        self.asked.store(0, Ordering::SeqCst);
        requests.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes no more requests: the shard has ended.
    pub(crate) fn end_requests(&self) {
        *lock(&self.requests) = None;
    }

    /// Returns the number of sessions that the shard has or will have.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    pub(crate) fn session_began(&self) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn session_ended(&self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the position up to which the shard has tried every session.
    pub(crate) fn tried(&self) -> Position {
        Position(self.tried.load(Ordering::SeqCst))
    }

    pub(crate) fn set_tried(&self, tried: Position) {
        self.tried.store(tried.0, Ordering::SeqCst);
    }

    /// Returns the number of cuts from a cluster's room after which the shard has ended its sessions.
    pub(crate) fn cuts_seen(&self) -> u64 {
        self.cuts_seen.load(Ordering::SeqCst)
    }

    pub(crate) fn set_cuts_seen(&self, cuts: u64) {
        self.cuts_seen.store(cuts, Ordering::SeqCst);
    }

    /// Tells whether the shard does not come back from its turn.
    pub(crate) fn hangs(&self) -> bool {
        self.hangs.load(Ordering::Relaxed)
    }

    pub(crate) fn set_hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }
}
