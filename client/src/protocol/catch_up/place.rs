//! Places in the room, the lines that came since, and those that the user said.

use std::collections::VecDeque;
use std::mem;

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;

use crate::protocol::outgoing::OutgoingMessage;

/// Capacity in bytes of the lines since a mark: 4 MiB, far more than a room says between two marks.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The most messages of the user since a mark.
const MAX_OWN: usize = 10_000;

/// A place in the room: a mark of the server, and what came of the room since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `None`: the beginning of the room.
    pub(crate) mark: Option<String>,
    pub(super) heard: Lines,
}

impl Place {
    pub(crate) fn new(mark: &str) -> Self {
        Self::with(Some(mark), [])
    }

    pub(super) fn beginning() -> Self {
        Self::with(None, [])
    }

    /// Returns a place after which these lines of the room have come.
    pub(crate) fn with(mark: Option<&str>, heard: impl IntoIterator<Item = String>) -> Self {
        let mut place = Self {
            mark: mark.map(str::to_owned),
            heard: Lines::default(),
        };
        heard.into_iter().for_each(|line| place.heard.push(line));
        place
    }
}

/// What is new about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is a mark behind all that was written out; `None`: the beginning of a room is a new place.
    Mark(Option<String>),
    /// A line of the room was written out.
    Line(String),
}

/// Lines in order; if they are too much, the first are only counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) last: VecDeque<String>,
    bytes: usize,
    /// The number of lines before those.
    pub(super) dropped: usize,
}

impl Lines {
    pub(super) fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.last.push_back(line);
        while self.bytes > MAX_BYTES {
            let oldest = self
                .last
                .pop_front()
                .expect("what is too much is not empty");
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
    }
}

impl From<Lines> for Vec<String> {
    fn from(lines: Lines) -> Self {
        lines.last.into()
    }
}

/// The user's own messages to everyone since the place, in order.
#[derive(Debug, Default)]
pub(super) struct OwnLines(VecDeque<OwnLine>);

#[derive(Debug)]
struct OwnLine {
    /// As everyone else reads it.
    line: String,
    message: OutgoingMessage,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// On its way, over the present connection.
    Sent,
    /// It was on its way when its connection was lost.
    InDoubt,
    /// It was in a replay.
    Accepted,
}

/// There are more messages than are remembered.
#[derive(Debug)]
pub(super) struct TooMany;

impl OwnLines {
    /// Adds a message.
    ///
    /// # Errors
    /// [`TooMany`]: the first is forgotten.
    pub(super) fn push(&mut self, me: &Name, message: &OutgoingMessage) -> Result<(), TooMany> {
        let line = ServerLine::Message {
            name: me.as_str(),
            text: &message.text,
        };
        self.0.push_back(OwnLine {
            line: line.to_text(),
            message: message.clone(),
            fate: Fate::Sent,
        });
        if self.0.len() > MAX_OWN {
            self.0.pop_front();
            return Err(TooMany);
        }
        Ok(())
    }

    /// Notes that the connection is lost. What it did not take was not said.
    pub(super) fn lost(&mut self, unsent: &[OutgoingMessage]) {
        for message in unsent.iter().rev() {
            self.0.pop_back_if(|own| own.message == *message);
        }
        for own in &mut self.0 {
            if own.fate == Fate::Sent {
                own.fate = Fate::InDoubt;
            }
        }
    }

    /// Finds a line in a replay, from an index on; returns the index behind it.
    pub(super) fn accept(&mut self, line: &str, from: usize) -> Option<usize> {
        let mut own = self.0.iter_mut().enumerate().skip(from);
        let (index, own) = own.find(|(_, own)| own.line == line)?;
        own.fate = Fate::Accepted;
        Some(index + 1)
    }

    /// Returns the lines, the last first.
    pub(super) fn latest_first(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().map(|own| own.line.as_str())
    }

    /// Forgets those that were in a replay, all others being in doubt.
    pub(super) fn forget_accepted(&mut self) {
        self.0.retain(|own| own.fate == Fate::InDoubt);
    }

    /// Takes the messages whose fate is in doubt.
    pub(super) fn take_doubtful(&mut self) -> Vec<OutgoingMessage> {
        let (doubtful, known): (VecDeque<OwnLine>, VecDeque<OwnLine>) = mem::take(&mut self.0)
            .into_iter()
            .partition(|own| own.fate == Fate::InDoubt);
        self.0 = known;
        doubtful.into_iter().map(|own| own.message).collect()
    }
}
