//! Events and actions of the state machines: the chat, and the scripts.

use std::fmt;

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::name::Name;

use super::attention::{Focus, Unread};
use super::exit::ExitReason;
use super::line::Line;
use super::settings::{Settings, TimeDisplay};
use super::target::Reached;
use crate::protocol::catch_up::Progress;
use crate::protocol::password::{Login, Password};

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Connected(Reached),
    /// A connection could not be made, for this reason.
    Unreachable(String),
    /// A server answered that is not the one that is meant, for this reason.
    Untrusted(String),
    /// The server sent a line, without its line ending.
    Line(String),
    /// The user entered a line, or a paste of several; the input has a line.
    Entered(String),
    /// The user entered a password, or a blank row in its place.
    Password(Option<Password>),
    /// The input has a line that cannot be used.
    InputError(InputError),
    /// Ctrl-C on an empty row.
    Interrupted,
    /// Ctrl-C on a row with text.
    Cleared,
    /// Ctrl-D on an empty row, or the end of the input.
    InputEnded,
    /// The connection has ended.
    Lost {
        /// The system's error, unless it was closed in order.
        why: Option<String>,
        /// The lines that it did not accept.
        unsent: Vec<String>,
    },
    /// Nobody reads the output any more.
    OutputClosed,
    /// The terminal has gained or lost the focus.
    Focus(Focus),
    /// A key was pressed.
    Key,
    /// Time has passed.
    Tick,
}

/// An effect to perform. A machine's actions are performed in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a line to the server; its line ending is added.
    Send(String),
    /// Log in, which is a line that nothing shows.
    LogIn(Login),
    /// Show a line.
    Show(Line),
    /// Show a line, and ring the bell.
    Ring(Line),
    /// Log a line that is not to be shown.
    Log(Line),
    /// Show a note of the client.
    Tell(String),
    /// Ask for a name.
    Ask,
    /// Ask for a password.
    AskPassword,
    /// Let the user chat under this name, from now on.
    Chat(Name),
    /// Read the next line of the input, where lines are read on request.
    Read,
    /// Mark the row.
    Mark(PromptState),
    /// Show this number of unread lines.
    CountUnread(Unread),
    /// Notify a user who does not look.
    Notify(String),
    /// Show the time this way from now on.
    Time(TimeDisplay),
    /// Save the settings for the next run.
    Save(Settings),
    /// Leave the entered text in the row.
    Keep,
    /// Keep the place in the room, once everything before is written out.
    KeepPlace(Progress),
    /// Make a connection, to this server first.
    Dial(First),
    /// End the connection.
    HangUp,
    /// End the client.
    End(ExitReason),
}

#[cfg(test)]
impl Event {
    /// A connection to a server that is alone.
    pub(crate) fn connected() -> Self {
        Self::connected_to("127.0.0.1", 0)
    }

    pub(crate) fn connected_to(host: &str, others: usize) -> Self {
        let (address, ip) = (host.parse().expect("a test knows its hosts"), None);
        let node = super::target::Node { address, ip };
        Self::Connected(Reached { node, others })
    }
}

/// The server of a room that is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// The one that was connected to last.
    Same,
    /// The one behind it, and itself last of all.
    Next,
}

/// Shorthands for the actions that most events lead to.
pub(super) trait Actions {
    fn show(&mut self, line: Line);
    fn tell(&mut self, note: impl Into<String>);
}

impl Actions for Vec<Action> {
    fn show(&mut self, line: Line) {
        self.push(Action::Show(line));
    }

    fn tell(&mut self, note: impl Into<String>) {
        self.push(Action::Tell(note.into()));
    }
}

/// The mark of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptState {
    /// Entered text is sent at once.
    Here,
    /// There is no connection: entered text waits.
    Away,
    /// Entered text answers a question.
    Asked,
    /// Entered text is a password, and not shown.
    Password,
}

/// A line of the input that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputError {
    NotUtf8,
    /// It is far longer than the longest line of the protocol.
    TooLong,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("a line of the input is not UTF-8"),
            Self::TooLong => write!(
                f,
                "a line of the input is longer than {MAX_CLIENT_LINE_BYTES} bytes"
            ),
        }
    }
}
