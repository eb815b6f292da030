//! Items that sessions hand to their shard, in the order they are to be performed.

use std::collections::VecDeque;
use std::fmt;

use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::name::Name;
use crate::password::Proof;
use crate::replay::Recall;
use crate::roster::Slot;
use crate::wire::line::ServerLine;

/// A task for the shard, on behalf of a session.
#[derive(Debug)]
pub enum Item {
    /// Append a line to the room log; the session skips it. Its bytes are the next
    /// of [`Items::lines`].
    Line {
        /// The length of the line, ending included.
        bytes: usize,
    },
    /// Claim a name.
    Claim(Name),
    /// Check a password, and claim the name that is its own.
    Prove(Box<Proof>),
    /// Tell everyone else that the session logged in.
    Joined,
    /// Whisper to a user.
    Whisper(Box<Whisper>),
    /// Write private bytes to the session.
    Answer(Private),
    /// Write private bytes to the session, once all that anybody was answered before can be read by everybody.
    Fence(Private),
    /// Write a shared text to the session.
    Show(CachedReply),
    /// Show the past to the session.
    Replay(Recall),
    /// Write a mark of the place to the session.
    Mark,
    /// Note that flood control begins to hold the session back.
    HeldBack,
    /// End the session: its last item.
    End(CloseReason),
}

/// A text that many sessions share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachedReply {
    /// The answer to `HELP`.
    Help,
    /// The answer to `WHO`.
    Who,
}

/// A whisper on its way.
pub struct Whisper {
    /// The addressee, as the sender wrote it.
    pub to: String,
    /// The line as the addressee reads it.
    pub line: Box<[u8]>,
}

/// Shows no private text.
impl fmt::Debug for Whisper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Whisper({} bytes)", self.line.len())
    }
}

/// The items of a shard's sessions, in order, with the lines they append, each encoded once.
#[derive(Debug, Default)]
pub struct Items {
    /// The slot of the session that is handing out items.
    pub current: Slot,
    queue: VecDeque<(Slot, Item)>,
    lines: Vec<u8>,
    /// The number of bytes of `lines` already taken.
    taken: usize,
}

impl Items {
    /// Adds an item of the session `from`.
    pub fn push(&mut self, item: Item) {
        self.queue.push_back((self.current, item));
    }

    /// Puts back an item that could not be performed yet.
    pub fn push_front(&mut self, from: Slot, item: Item) {
        self.queue.push_front((from, item));
    }

    /// Adds a line for everyone else.
    pub fn push_line(&mut self, line: &ServerLine<'_>) {
        let before = self.lines.len();
        line.write(&mut self.lines);
        self.push(Item::Line {
            bytes: self.lines.len() - before,
        });
    }

    /// Returns the next item and the slot of its session.
    pub fn front(&self) -> Option<&(Slot, Item)> {
        self.queue.front()
    }

    /// Takes the next item, which must not be a line.
    pub fn pop(&mut self) -> Option<(Slot, Item)> {
        debug_assert!(!matches!(self.queue.front(), Some((_, Item::Line { .. }))));
        self.queue.pop_front()
    }

    /// Returns the bytes of the adjacent lines at the front, as many as fit in
    /// `most` bytes, but at least one if there is one.
    pub fn lines(&self, most: usize) -> &[u8] {
        let mut length = 0;
        for (_, item) in &self.queue {
            match item {
                Item::Line { bytes } if length == 0 || length + bytes <= most => length += bytes,
                _ => break,
            }
        }
        &self.lines[self.taken..self.taken + length]
    }

    /// Takes one line off the front; returns its session's slot and its length.
    pub fn pop_line(&mut self) -> Option<(Slot, usize)> {
        let &(from, Item::Line { bytes }) = self.queue.front()? else {
            return None;
        };
        self.queue.pop_front();
        self.taken += bytes;
        if self.taken == self.lines.len() {
            self.lines.clear();
            self.taken = 0;
        }
        Some((from, bytes))
    }

    /// Returns the number of bytes of lines that wait to be appended.
    pub fn pending_bytes(&self) -> usize {
        self.lines.len() - self.taken
    }

    /// Tells whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
