//! What the lines of the server mean for the recipe.

use wac_core::unix_time::UnixSeconds;

use crate::protocol::outgoing::OutgoingMessage;

/// A line of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastLine {
    /// When it was said, to the minute or less exactly.
    pub(crate) at: UnixSeconds,
    /// As the server sent it.
    pub(crate) line: String,
}

/// The meaning of a line of the server for the recipe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A line of the room that has just been said.
    Room,
    /// The same, to be shown later, if at all.
    Held,
    /// A line of no meaning here.
    Other,
    /// A part of an answer, of no interest to the user.
    Internal,
    /// A new mark, behind all that was heard.
    Marked(String),
    /// There is no mark now: the server cannot write its history.
    Unmarked,
    /// The server does not know the place: its history began anew. What it holds is missed.
    Anew,
    /// What was missed, or the first part of it.
    Missed(Missed),
    /// The last lines before the user came.
    Newcomer(Vec<PastLine>),
    /// The room's last lines.
    Recalled(Vec<PastLine>),
    Refused(Refused),
}

/// What was missed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) lines: Vec<PastLine>,
    /// The time since which the server has kept everything, if that is later than the mark.
    pub(crate) kept_since: Option<UnixSeconds>,
    /// The server's history began anew: the lines are the last of it.
    pub(crate) is_anew: bool,
    /// The first part.
    pub(crate) begins: bool,
    /// The last part.
    pub(crate) ends: bool,
    /// The user's messages that the server did not accept.
    pub(crate) unaccepted: Vec<OutgoingMessage>,
    /// The user's messages of which nobody knows whether it did.
    pub(crate) in_doubt: Vec<OutgoingMessage>,
}

/// What is left of a request that a server without history refuses, or one that has none for who is not logged in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The room's lines that were held.
    pub(crate) held: Vec<String>,
    /// The user's messages of which nobody knows whether they were accepted.
    pub(crate) in_doubt: Vec<OutgoingMessage>,
}
