//! Verbs for scripts: `wac send`, `wac listen`, `wac who`, the pipe, `wac --raw`.
//!
//! ```text
//!  socket ─▶ reader ─┐                          ┌─▶ outbox ─▶ sender ─▶ socket
//!                    ├─▶ Script::on(Event, Now) ─┼─▶ standard output, standard error
//!  input ────────────┘   ─▶ Vec<Action>         └─▶ the next line of the input
//! ```
//!
//! Send, listen and who are pure state machines, which the [`driver`] runs. Every queue is bounded:
//! the input is held back while the server holds back, and the server's lines wait in the socket
//! while nobody reads the output. So a script gets every line or loses the connection; no line is ever
//! left out.

pub(crate) mod driver;
pub(crate) mod filter;
pub(crate) mod format;
pub(crate) mod listen;
pub(crate) mod pipe;
pub(crate) mod rate;
pub(crate) mod raw;
pub(crate) mod send;
pub(crate) mod who;

use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::refusal::Refusal;

use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::app::messages;
use crate::protocol::clock::Now;
use crate::protocol::keepalive::{Liveness, PROBE};
use crate::protocol::password::{Demand, Passwords};
use crate::protocol::session::Session;
use crate::terminal::render::sanitize;

/// The state machine of a verb.
pub(crate) trait Script {
    /// Takes an event; returns the actions to perform.
    fn on(&mut self, event: Event, now: Now) -> Vec<Action>;

    /// Returns when the next [`Event::Tick`] is due; `None` if none is.
    fn due(&self) -> Option<Duration>;
}

/// Probes a silent server.
///
/// # Errors
/// The connection is dead, for this reason.
fn keep_alive(session: &mut Session, now: Now) -> Result<Vec<Action>, String> {
    match session.keepalive.check(now) {
        Liveness::Alive => Ok(Vec::new()),
        Liveness::Doubtful => Ok(vec![Action::Send(PROBE.to_owned())]),
        Liveness::Dead(after) => Err(messages::no_answer(after)),
    }
}

/// Describes the loss of a connection.
fn loss(session: &Session, why: Option<String>) -> String {
    messages::lost(&sanitize(&session.loss(why)))
}

/// Ends a script without a name, which the server wants.
fn end_nameless(why: &Refusal<'_>) -> Vec<Action> {
    let refused = messages::login_refused(&messages::no_name(&sanitize(&why.to_string())));
    vec![Action::Tell(refused), Action::End(ExitReason::LoginRefused)]
}

/// Ends a script that has lost its connection.
fn end_lost(session: &Session, why: Option<String>) -> Vec<Action> {
    let lost = Action::Tell(loss(session, why));
    vec![lost, Action::End(ExitReason::Lost)]
}

/// The names to log in under, the second if the first is taken, and what proves them.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) name: Name,
    pub(crate) alternative: Option<Name>,
    pub(crate) passwords: Passwords,
}

impl Names {
    fn log_in(&self, session: &mut Session) -> Vec<Action> {
        vec![
            Action::Send(session.request()),
            Action::LogIn(self.passwords.login(&self.name)),
        ]
    }

    /// Tries the second name, once, or ends the script.
    fn refused(&mut self, why: &Refusal<'_>, session: &mut Session) -> Vec<Action> {
        if let Refusal::Taken(taken) = why
            && let Some(next) = self.alternative.take()
            && next.folded() != self.name.folded()
        {
            let trying = messages::trying_alternative(&sanitize(taken), &next);
            self.name = next;
            let mut actions = vec![Action::Tell(trying)];
            actions.extend(self.log_in(session));
            return actions;
        }
        let demand = self.passwords.refused(&self.name, why);
        if demand == Some(Demand::Known) {
            return self.log_in(session);
        }
        let why = sanitize(&why.to_string());
        let why = demand.map_or(why.clone(), |demand| messages::no_password(demand, &why));
        let refused = Action::Tell(messages::login_refused(&why));
        vec![refused, Action::End(ExitReason::LoginRefused)]
    }
}

#[cfg(test)]
mod tests;
