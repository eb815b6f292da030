//! What a fake does wrong, and with which message.

use std::time::Duration;

/// What is done wrong with one message, for one reader: of those it is for, the one who has talked least so far, and
/// of several the first who came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not delivered.
    Drop,
    /// It is delivered twice.
    Double,
    /// It is delivered behind its sender's next.
    Swap,
    /// Its sender gets it, too.
    Echo,
    /// One letter of it is another.
    Corrupt,
    /// The connection ends in the middle of it, without a reason.
    Cut,
    /// A whisper is read by somebody else, too.
    Leak,
}

/// Nothing is delivered for a time, then everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The message it begins with: the first that is held.
    pub at: usize,
    /// How long it lasts, from the moment that message was read.
    pub lasts: Duration,
}

/// All that a fake does wrong. The default is nothing: a right server.
///
/// Messages are those of the room, in the order in which they were read, counted from 0; whispers are counted among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// What is done wrong with which message. A fault that can't be done with its message, such as a leak of what is
    /// no whisper, is done with the next that it can be done with.
    pub faults: Vec<(usize, Fault)>,
    /// How much later each delivery is written than it could be. Answers are not delayed, but overtake nothing.
    pub delay: Duration,
    /// A time in which nothing is delivered.
    pub pause: Option<Pause>,
    /// Nothing is delivered before so many messages were read, then everything.
    pub withhold: usize,
}
