//! Password of the name: sent when the server asks for it, and the user asked where it is not known.

use wac_core::wire::refusal::Refusal;

use super::{Lifecycle, Phase, State};
use crate::app::event::Actions;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;
use crate::protocol::password::{Demand, Password};

impl Lifecycle {
    /// Responds to a refusal that is about the password; returns whether it is.
    pub(super) fn is_about_password(
        &mut self,
        why: &Refusal<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> bool {
        let State::Connected {
            phase: Phase::LoggingIn { attempt, .. },
            ..
        } = self.state
        else {
            return false;
        };
        let name = self.name_at(attempt).cloned();
        let demand = name.and_then(|name| Some((self.passwords.refused(&name, why)?, name)));
        let Some((demand, name)) = demand else {
            return false;
        };
        match demand {
            Demand::Known => self.log_in(attempt, now, out),
            Demand::Missing | Demand::Wrong if !self.is_piped() => {
                if demand == Demand::Wrong {
                    out.tell(messages::login_refused(&why.to_string()));
                }
                out.tell(messages::password_of(name.as_str()));
                self.set_phase(Phase::PasswordAsked { attempt });
                out.push(Action::AskPassword);
            }
            _ => {
                let why = messages::no_password(demand, &why.to_string());
                self.not_logged_in(&why, now, out);
            }
        }
        true
    }

    /// Logs in with the password that the user was asked for, or goes on asking.
    pub(in crate::app) fn password(
        &mut self,
        password: Option<Password>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let State::Connected {
            phase: Phase::PasswordAsked { attempt },
            ..
        } = self.state
        else {
            return;
        };
        match (self.name_at(attempt).cloned(), password) {
            (Some(name), Some(password)) => {
                self.passwords.give(&name, password);
                self.log_in(attempt, now, out);
            }
            _ => out.push(Action::AskPassword),
        }
    }

    /// Does without a name that the user gives no password for.
    pub(in crate::app) fn withhold_password(&mut self, now: Now, out: &mut Vec<Action>) {
        self.not_logged_in(messages::PASSWORD_WITHHELD, now, out);
    }
}
