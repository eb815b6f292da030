//! A shard's outer side: where the doorway and the other shards leave what is for it.

mod bell;
mod progress;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use wac_core::log::Position;
use wac_core::roster::{Address, SessionId};

use crate::peer::Peer;
use crate::sync::{Flag, lock};
use crate::transport::Socket;
use bell::Bell;
use progress::Progress;
pub(crate) use progress::Step;

/// Letters a mailbox holds; a full one pauses the sending shard.
pub(crate) const MAILBOX_LETTERS: usize = 4096;

/// A whisper on its way to the shard of its addressee.
pub(crate) struct Letter {
    pub(crate) to: Address,
    /// Where in the room it was posted: it is read no earlier than what stands before.
    pub(crate) at: Position,
    pub(crate) line: Box<[u8]>,
}

/// A private text stands in no `Debug` output.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("to", &self.to)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A connection that the doorway let in.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) id: SessionId,
    pub(crate) peer: Peer,
    pub(crate) socket: Socket,
}

/// A shard's outer side.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) bell: Bell,
    mailbox_letters: usize,
    mailbox: Mutex<VecDeque<Letter>>,
    /// Letters in the mailbox, to be looked at before the lock is taken.
    letters: AtomicUsize,
    newcomers: Mutex<Vec<Newcomer>>,
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

impl Gate {
    /// Makes a gate whose mailbox holds so many letters.
    pub(crate) fn new(mailbox_letters: usize) -> Self {
        Self {
            bell: Bell::default(),
            mailbox_letters,
            mailbox: Mutex::default(),
            letters: AtomicUsize::new(0),
            newcomers: Mutex::default(),
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
    pub(crate) fn post(&self, letter: Letter) -> Result<(), Letter> {
        let mut mailbox = lock(&self.mailbox);
        if mailbox.len() >= self.mailbox_letters {
            return Err(letter);
        }
        mailbox.push_back(letter);
        self.letters.store(mailbox.len(), Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn has_mail(&self) -> bool {
        self.letters.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn has_full_mailbox(&self) -> bool {
        self.letters.load(Ordering::SeqCst) >= self.mailbox_letters
    }

    pub(crate) fn take_mail(&self) -> VecDeque<Letter> {
        let mut mailbox = lock(&self.mailbox);
        self.letters.store(0, Ordering::SeqCst);
        std::mem::take(&mut mailbox)
    }

    /// Hands a connection on to the shard.
    pub(crate) fn admit(&self, newcomer: Newcomer) {
        self.session_began();
        let mut newcomers = lock(&self.newcomers);
        newcomers.push(newcomer);
        self.arrivals.store(newcomers.len(), Ordering::SeqCst);
        drop(newcomers);
        self.bell.ring();
    }

    pub(crate) fn has_newcomers(&self) -> bool {
        self.arrivals.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn take_newcomers(&self) -> Vec<Newcomer> {
        let mut newcomers = lock(&self.newcomers);
        self.arrivals.store(0, Ordering::SeqCst);
        std::mem::take(&mut newcomers)
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
