//! Verbs for scripts: `wac send`, `wac listen`, `wac who`, the pipe, `wac --raw`.
//!
//! ```text
//!  socket ─▶ net ─┐                           ┌─▶ outbox ─▶ sender ─▶ socket
//!                 ├─▶ Script::on(Event, Now) ──┼─▶ standard output, standard error
//!  input ─────────┘   ─▶ Vec<Action>          └─▶ the next line of the input, the clock
//! ```
//!
//! What each of them does is decided by a pure machine of its own; `stage` performs it. Every queue
//! is bounded: the input is held back while the server holds back, and the server's lines wait in the
//! socket while nobody takes the output, so that a script is told of every line or loses the
//! connection, and never has a hole in what it hears.

mod closing;
mod deadline;
pub(crate) mod driver;
pub(crate) mod filter;
pub(crate) mod format;
mod keepalive;
pub(crate) mod listen;
mod login;
pub(crate) mod pipe;
pub(crate) mod rate;
pub(crate) mod raw;
pub(crate) mod send;
pub(crate) mod who;

use std::time::Instant;

use jiff::Timestamp;

use crate::app::exit::ExitReason;
use crate::app::input::InputError;

/// Sent first: what comes behind its answer is no greeting.
const GREETED: &str = "wac greeted";

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The connection stands.
    Connected,
    /// The server sent a line; its ending is taken off.
    Line(String),
    /// The next line of the input, as [asked for](Action::Read).
    Input(String),
    /// The next line of the input cannot be taken.
    InputError(InputError),
    /// The input has no next line.
    InputEnded,
    /// The input cannot be read: what the system says.
    InputFailed(String),
    /// The time [asked for](Action::Wake) has come.
    Due,
    /// The server is gone: `None` where it closed in order, else what the system says.
    Lost(Option<String>),
}

/// What is to be done, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a line to the server; its ending is added.
    Send(String),
    /// Print a line to standard output; it has been [rendered](crate::terminal::render).
    Print(String),
    /// Print a word of our own to standard error.
    Tell(String),
    /// Read the next line of the input.
    Read,
    /// Say when it is so late; the last one asked for counts.
    Wake(Instant),
    /// End.
    End(ExitReason),
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For what lasts.
    instant: Instant,
    /// For what is shown.
    time: Timestamp,
}

/// A subcommand's mind.
pub(crate) trait Script {
    /// Takes note of what has happened, and returns what is to be done.
    fn on(&mut self, event: Event, now: Now) -> Vec<Action>;
}

#[cfg(test)]
mod tests;
