//! Newcomers: what a user who comes is to see of the past.

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::place::{Lines, OwnLines};
use super::replay::is_about;
use super::{MOST_LINES, PastLine};

/// Lines asked for in place of each message that is wanted: 5, since there may be joins and leaves among them.
const LINES_A_MESSAGE: u64 = 5;

/// A user who is new.
#[derive(Debug)]
pub(super) struct Newcomer {
    /// The number of messages they want to see.
    messages: u64,
    /// The number of lines to ask for.
    pub(super) lines: u64,
    /// The room's lines that were shown as they came.
    pub(super) seen: Lines,
}

impl Newcomer {
    /// Returns a user who wants to see so many messages; `None` if they want none.
    pub(super) fn new(messages: u64) -> Option<Self> {
        (messages > 0).then(|| Self {
            messages,
            lines: messages.saturating_mul(LINES_A_MESSAGE).min(MOST_LINES),
            seen: Lines::default(),
        })
    }

    /// Asks for more lines if the server may have more than those it has shown, and these hold too few messages; returns whether it
    /// does.
    pub(super) fn asks_for_more(&mut self, lines: &[PastLine], shown: usize) -> bool {
        let asked = self.lines;
        let said = lines.iter().filter(|past| is_said(&past.line)).count();
        if (said as u64) < self.messages && shown as u64 >= asked {
            self.lines = MOST_LINES;
        }
        self.lines > asked
    }

    /// Returns what was said before all that the user has seen and said themselves. What they said too late for the replay is
    /// not in it.
    pub(super) fn before(
        &self,
        mut lines: Vec<PastLine>,
        me: Option<&Name>,
        own: &OwnLines,
    ) -> Vec<PastLine> {
        let seen = self.seen.last.iter().rev().map(String::as_str);
        let mut known: Vec<&str> = seen.chain(own.latest_first()).collect();
        lines.reverse();
        lines.retain(|past| !is_about(me, &past.line) && !take(&mut known, &past.line));
        lines.reverse();
        lines
    }
}

/// Returns whether people or the operator said a line.
fn is_said(line: &str) -> bool {
    matches!(
        ServerLine::parse(line),
        ServerLine::Message { .. } | ServerLine::Notice(Notice::Server(_))
    )
}

/// Removes a line from among others; returns whether it was there.
fn take(lines: &mut Vec<&str>, line: &str) -> bool {
    let found = lines.iter().position(|other| *other == line);
    found.map(|index| lines.remove(index)).is_some()
}
