//! The client in a script: `wac send`, `wac listen`, `wac who`.
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
pub mod filter;
pub mod form;
mod listen;
mod login;
pub mod rate;
mod send;
mod silence;
mod stage;
mod who;

use std::io::{self, BufRead, BufReader, Cursor};
use std::time::Instant;

use jiff::Timestamp;
use wac_core::name::Name;
use wac_core::text::{clean, is_blank};

use crate::args::script::{ListenArgs, SendArgs};
use crate::exit::Ending;
use crate::failure::Failure;
use crate::input::Unusable;
use crate::link::Link;
use crate::target::Address;

/// Sent first: what comes behind its answer is no greeting.
const GREETED: &str = "wac greeted";

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The connection stands.
    Connected,
    /// The server sent a line; its ending is taken off.
    Line(String),
    /// The next line of the input, as [asked for](Action::Read).
    Input(String),
    /// The next line of the input cannot be taken.
    Unusable(Unusable),
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
enum Action {
    /// Send a line to the server; its ending is added.
    Send(String),
    /// Print a line to standard output; it has been [rendered](crate::render).
    Print(String),
    /// Print a word of our own to standard error.
    Tell(String),
    /// Read the next line of the input.
    Read,
    /// Say when it is so late; the last one asked for counts.
    Wake(Instant),
    /// End.
    End(Ending),
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
struct Now {
    /// For what lasts.
    instant: Instant,
    /// For what is shown.
    time: Timestamp,
}

/// A subcommand's mind.
trait Script {
    /// Takes note of what has happened, and returns what is to be done.
    fn on(&mut self, event: Event, now: Now) -> Vec<Action>;
}

/// Sends one message, or each line of the input as one.
///
/// # Errors
/// Why it does not start.
pub(crate) fn send(args: &SendArgs, at: &Address, name: Option<&Name>) -> Result<Ending, Failure> {
    let name = name.cloned().ok_or(Failure::NoNameTo("send"))?;
    let input: Box<dyn BufRead + Send> = match args.message() {
        // A variable that is not set is no message that was confirmed.
        Some(message) if is_blank(&clean(&message)) => return Err(Failure::Blank),
        Some(message) => Box::new(Cursor::new(message)),
        None => Box::new(BufReader::new(io::stdin())),
    };
    play(send::Send::new(send::Plan::new(args, name)), at, input)
}

/// Prints what is said.
///
/// # Errors
/// Why it does not start.
pub(crate) fn listen(
    args: &ListenArgs,
    at: &Address,
    name: Option<&Name>,
) -> Result<Ending, Failure> {
    if args.whispers && name.is_none() {
        return Err(Failure::NoNameTo("hear whispers"));
    }
    let plan = listen::Plan::new(args, name.cloned());
    play(listen::Listen::new(plan), at, io::empty())
}

/// Prints who is there.
///
/// # Errors
/// Why it does not start.
pub(crate) fn who(at: &Address) -> Result<Ending, Failure> {
    play(who::Who::default(), at, io::empty())
}

fn play(
    script: impl Script,
    at: &Address,
    input: impl BufRead + Send + 'static,
) -> Result<Ending, Failure> {
    let link = Link::open(at).map_err(|source| Failure::Connect {
        address: at.clone(),
        source,
    })?;
    Ok(stage::play(script, link, input)?)
}

#[cfg(test)]
mod tests;
