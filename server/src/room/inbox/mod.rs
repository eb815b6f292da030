//! A shard's outer side: where the acceptor and the other shards leave what is for it.

mod progress;
mod waker;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use wac_core::log::Position;
use wac_core::roster::{Address, SessionId};

use crate::room::peer::Peer;
use crate::room::sync::{Flag, lock};
use crate::room::transport::Socket;
use progress::Progress;
pub(crate) use progress::Step;
use waker::Waker;

/// Letters a mailbox holds; a full one pauses the sending shard.
pub(crate) const INBOX_CAPACITY: usize = 4096;

/// A whisper on its way to the shard of its addressee.
pub(crate) struct DirectMessage {
    pub(crate) to: Address,
    /// Where in the room it was posted: it is read no earlier than what stands before.
    pub(crate) at: Position,
    pub(crate) line: Box<[u8]>,
}

/// A private text stands in no `Debug` output.
impl fmt::Debug for DirectMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("to", &self.to)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A connection that the acceptor let in.
#[derive(Debug)]
pub(crate) struct NewConnection {
    pub(crate) id: SessionId,
    pub(crate) peer: Peer,
    pub(crate) socket: Socket,
}

/// A shard's outer side.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) waker: Waker,
    capacity: usize,
    messages: Mutex<VecDeque<DirectMessage>>,
    /// Letters in the mailbox, to be looked at before the lock is taken.
    waiting: AtomicUsize,
    new_connections: Mutex<Vec<NewConnection>>,
    arrivals: AtomicUsize,
    /// Sessions the shard has or will have.
    sessions: AtomicUsize,
    /// The position up to which every session has been tried.
    tried: AtomicU64,
    /// How far the shard is in its turn.
    pub(crate) progress: Progress,
    /// The shard waits for another shard's turn.
    pub(crate) waits: Flag,
}

impl Inbox {
    /// Makes a inbox whose mailbox holds so many letters.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            waker: Waker::default(),
            capacity,
            messages: Mutex::default(),
            waiting: AtomicUsize::new(0),
            new_connections: Mutex::default(),
            arrivals: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            tried: AtomicU64::new(0),
            progress: Progress::default(),
            waits: Flag::default(),
        }
    }

    /// Posts a letter.
    ///
    /// # Errors
    /// The letter, if the mailbox is full.
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

    /// Hands a connection on to the shard.
    pub(crate) fn admit(&self, connection: NewConnection) {
        self.session_began();
        let mut new_connections = lock(&self.new_connections);
        new_connections.push(connection);
        self.arrivals.store(new_connections.len(), Ordering::SeqCst);
        drop(new_connections);
        self.waker.wake();
    }

    pub(crate) fn has_new_connections(&self) -> bool {
        self.arrivals.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn take_new_connections(&self) -> Vec<NewConnection> {
        let mut new_connections = lock(&self.new_connections);
        self.arrivals.store(0, Ordering::SeqCst);
        std::mem::take(&mut new_connections)
    }

    /// Returns how many sessions the shard has or will have.
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
}
