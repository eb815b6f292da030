//! Login, for the first time and again under the same name.

use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::outage::Outage;
use super::{Audience, Lifecycle, Phase, State, User};
use crate::app::event::Actions;
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::app::{Action, Mode, messages};
use crate::protocol::clock::Now;

/// Time in which a taken name is tried again, as our own dead connection may hold it: the server
/// frees it within 30 s.
const NAME_HELD: Duration = Duration::from_secs(40);
/// Wait between two tries.
const NAME_RETRY: Duration = Duration::from_secs(2);

impl Lifecycle {
    /// Takes the name that the user wants.
    pub(in crate::app) fn named(&mut self, name: Name, now: Now, out: &mut Vec<Action>) {
        self.user = User::Named(name);
        match &self.state {
            State::Connected {
                phase: Phase::Unnamed,
                ..
            } => self.log_in(None, now, out),
            _ => self.try_now(now, out),
        }
    }

    pub(super) fn log_in(&mut self, held_until: Option<Duration>, now: Now, out: &mut Vec<Action>) {
        let State::Connected { session, phase } = &mut self.state else {
            return;
        };
        if let User::Named(name) | User::Chatting(name) = &self.user {
            out.extend(session.log_in(name).map(Action::Send));
            let since = now.elapsed;
            *phase = Phase::LoggingIn { since, held_until };
        }
    }

    /// Returns the reader of a notice that came before the login: a greeting is shown once.
    pub(super) fn greeting(&self, notice: &Notice<'_>) -> Audience {
        use Notice::{Gathered, Joined, Left};
        let is_of_the_room = matches!(notice, Joined(_) | Left(_) | Gathered { .. });
        if self.outage.is_some() && !is_of_the_room {
            Audience::Client
        } else {
            Audience::User
        }
    }

    pub(super) fn welcomed(&mut self, name: Name, now: Now, out: &mut Vec<Action>) -> Audience {
        self.set_phase(Phase::Online { since: now.elapsed });
        let outage = self.outage.take();
        let had_chatted = self.has_chatted();
        self.user = User::Chatting(name.clone());
        if !had_chatted {
            out.push(Action::Chat(name));
            // A user is told more, once it is known.
            return match self.mode {
                Mode::Screen | Mode::Plain => Audience::Client,
                Mode::Pipe => Audience::User,
            };
        }
        if let Some(Outage { from, to, .. }) = outage {
            out.show(Line::Back(messages::back(&name, from, to)));
        }
        Audience::Client
    }

    pub(super) fn refused(
        &mut self,
        why: &Refusal<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Audience {
        if !self.has_chatted() {
            self.refused_at_first(&why.to_string(), out);
            return Audience::Client;
        }
        let held_until = match why {
            Refusal::Taken(_) => self.held_until(now, out),
            _ => now.elapsed,
        };
        if now.elapsed < held_until {
            let next = now.elapsed + NAME_RETRY;
            self.set_phase(Phase::NameHeld { next, held_until });
        } else {
            self.set_phase(Phase::NameLost);
            out.tell(messages::name_lost(&why.to_string()));
        }
        Audience::Client
    }

    fn refused_at_first(&mut self, why: &str, out: &mut Vec<Action>) {
        self.user = User::Unnamed;
        self.set_phase(Phase::Unnamed);
        out.tell(messages::login_refused(why));
        out.push(match self.mode {
            Mode::Screen | Mode::Plain => Action::Ask,
            Mode::Pipe => Action::End(ExitReason::LoginRefused),
        });
    }

    /// Returns until when a taken name may be held by the connection that was lost.
    fn held_until(&self, now: Now, out: &mut Vec<Action>) -> Duration {
        match &self.state {
            State::Connected {
                phase:
                    Phase::LoggingIn {
                        held_until: Some(until),
                        ..
                    },
                ..
            } => *until,
            _ => {
                out.tell(messages::NAME_HELD);
                now.elapsed + NAME_HELD
            }
        }
    }

    fn set_phase(&mut self, next: Phase) {
        if let State::Connected { phase, .. } = &mut self.state {
            *phase = next;
        }
    }
}
