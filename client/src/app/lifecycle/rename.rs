//! Renaming: a connection has one name for ever, so another name needs another connection.

use std::mem;

use wac_core::name::Name;

use super::{Attempt, HangUpReason, Lifecycle, Phase, State, User};
use crate::app::event::Actions;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;
use crate::protocol::session::Farewell;

impl Lifecycle {
    /// Logs a user who chats in under another name.
    pub(in crate::app) fn rename(&mut self, to: Name, now: Now, out: &mut Vec<Action>) {
        let Some(from) = self.name().cloned() else {
            return;
        };
        if from == to && self.is_online() {
            return out.tell(messages::named_already(&to));
        }
        out.tell(messages::renaming(&to));
        self.catch_up.renames(&from);
        self.user = User::Renaming { from, to };
        match self.state {
            State::Connected {
                phase: Phase::Online { .. } | Phase::LoggingIn { .. },
                ..
            } => self.part(now, out),
            _ => self.try_now(now, out),
        }
    }

    /// Sends the farewell: what was said under the old name is taken before the new login.
    fn part(&mut self, now: Now, out: &mut Vec<Action>) {
        if let State::Connected { mut session, phase } =
            mem::replace(&mut self.state, State::Closed)
        {
            self.note_stability(phase, now);
            out.push(Action::Send(session.leave(Farewell::Quit, now)));
            let reason = HangUpReason::Renaming;
            self.state = State::HangingUp { session, reason };
        }
    }

    /// Logs in again under the name that the user had.
    pub(super) fn keep_name(&mut self, name: Name, why: &str, now: Now, out: &mut Vec<Action>) {
        out.tell(messages::not_renamed(why, &name));
        self.user = User::Chatting(name);
        self.log_in(Attempt::First, now, out);
    }
}
