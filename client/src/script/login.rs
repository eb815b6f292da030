//! Login of a script: the lines sent, and the answer.

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::{Action, GREETED};
use crate::terminal::render::sanitize;

/// A login whose answer is awaited.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// The greeting is over: what comes now is the answer.
    greeted: bool,
}

/// The answer to a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LoginAnswer {
    /// It has not come.
    Awaited,
    /// One is in.
    Welcome,
    /// One is not, and why.
    Refused(String),
}

/// Returns what is sent to log in.
pub(super) fn lines(name: &Name) -> Vec<Action> {
    vec![
        Action::Send(format!("PING {GREETED}")),
        Action::Send(format!("LIN {name}")),
    ]
}

/// Says that the login was refused.
pub(super) fn refused(why: &str) -> String {
    format!("login refused: {why}")
}

impl Login {
    /// Tells what a line says about the login.
    pub(super) fn on(&mut self, line: &ServerLine<'_>) -> LoginAnswer {
        match line {
            ServerLine::Pong(Some(GREETED)) => self.greeted = true,
            ServerLine::Notice(Notice::Welcome(_)) if self.greeted => return LoginAnswer::Welcome,
            ServerLine::Refusal(why) if self.greeted => {
                return LoginAnswer::Refused(sanitize(&why.to_string()));
            }
            _ => {}
        }
        LoginAnswer::Awaited
    }
}
