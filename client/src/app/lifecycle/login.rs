//! Login, for the first time and again under the same name.

use std::time::Duration;

use wac_core::name::{Folded, Name};
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::outage::{Gap, Outage};
use super::{Attempt, Audience, Lifecycle, Phase, State, User};
use crate::app::event::Actions;
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::app::{Action, Mode, messages};
use crate::protocol::clock::Now;
use crate::protocol::session::{NAME_HELD, NAME_RETRY};

impl Lifecycle {
    /// Takes the name that the user wants.
    pub(in crate::app) fn named(&mut self, name: Name, now: Now, out: &mut Vec<Action>) {
        self.user = User::Named(name);
        match &self.state {
            State::Connected {
                phase: Phase::Unnamed,
                ..
            } => self.log_in(Attempt::First, now, out),
            _ => self.try_now(now, out),
        }
    }

    pub(super) fn log_in(&mut self, attempt: Attempt, now: Now, out: &mut Vec<Action>) {
        let Some(name) = self.name_at(attempt) else {
            return;
        };
        let login = self.passwords.login(name);
        if let State::Connected { session, phase } = &mut self.state {
            out.push(Action::Send(session.request()));
            out.push(Action::LogIn(login));
            let since = now.elapsed;
            *phase = Phase::LoggingIn { since, attempt };
        }
    }

    /// Returns the name that an attempt is under.
    pub(super) fn name_at(&self, attempt: Attempt) -> Option<&Name> {
        match (attempt, &self.user) {
            (Attempt::Alternative, _) => self.alternative.as_ref(),
            (_, User::Renaming { to, .. }) => Some(to),
            _ => self.name(),
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
        if !self.is_piped() {
            self.catch_up.logged_in(now.elapsed);
        }
        let outage = self.outage.take();
        let had_chatted = self.has_chatted();
        if !had_chatted || self.name() != Some(&name) {
            out.push(Action::Chat(name.clone()));
        }
        self.user = User::Chatting(name.clone());
        if !had_chatted {
            // A user is told more, once it is known.
            return match self.mode {
                Mode::Screen | Mode::Plain => Audience::Client,
                Mode::Pipe => Audience::User,
            };
        }
        if let Some(Outage { from, to, .. }) = outage {
            // What others say is heard from the connection on, and the name may be free only later.
            let (gap, after) = (Gap { from, to }, now.since(from.elapsed));
            out.show(Line::Back(if self.catch_up.has_place() {
                let from = self.gap.map_or(from, |gap| gap.from);
                self.gap = Some(Gap { from, to });
                messages::back(&name, after)
            } else {
                messages::back_without(&name, after, gap)
            }));
        }
        Audience::Client
    }

    pub(super) fn refused(
        &mut self,
        why: &Refusal<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Audience {
        if self.is_about_password(why, now, out) {
            return Audience::Client;
        }
        match (why, self.held_until(now)) {
            _ if self.other_name().is_some() => self.not_logged_in(&why.to_string(), now, out),
            (Refusal::Taken(_), Some(held_until)) if self.has_chatted() => {
                self.wait_for_name(held_until, now, out);
            }
            (Refusal::Taken(name), _) if self.has_alternative_to(name) => {
                out.extend(self.alternative.as_ref().map(|alternative| {
                    Action::Tell(messages::trying_alternative(name, alternative))
                }));
                self.log_in(Attempt::Alternative, now, out);
            }
            _ => self.not_logged_in(&why.to_string(), now, out),
        }
        Audience::Client
    }

    /// Does without a login that was refused for good.
    pub(super) fn not_logged_in(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        if let Some(from) = self.other_name() {
            let from = from.clone();
            self.keep_name(from, why, now, out);
        } else if self.has_chatted() {
            self.set_phase(Phase::NameLost);
            out.tell(messages::name_lost(why));
        } else {
            self.refused_at_first(why, out);
        }
    }

    /// Returns the name that a user who wants another has.
    fn other_name(&self) -> Option<&Name> {
        match &self.user {
            User::Renaming { from, to } if from.folded() != to.folded() => Some(from),
            _ => None,
        }
    }

    /// Returns until when a name that has just been refused as taken may be held by the connection
    /// that was lost, if it may be.
    fn held_until(&self, now: Now) -> Option<Duration> {
        let State::Connected {
            phase: Phase::LoggingIn { attempt, .. },
            ..
        } = self.state
        else {
            return None;
        };
        match attempt {
            Attempt::First => Some(now.elapsed + NAME_HELD),
            Attempt::Again { held_until } if now.elapsed < held_until => Some(held_until),
            Attempt::Again { .. } | Attempt::Alternative => None,
        }
    }

    fn wait_for_name(&mut self, held_until: Duration, now: Now, out: &mut Vec<Action>) {
        // The first refusal opens the wait, and is reported.
        if held_until == now.elapsed + NAME_HELD {
            out.tell(messages::NAME_HELD);
        }
        let next = now.elapsed + NAME_RETRY;
        self.set_phase(Phase::NameHeld { next, held_until });
    }

    fn has_alternative_to(&self, taken: &str) -> bool {
        let alternative = self.alternative.as_ref();
        alternative.is_some_and(|alternative| alternative.folded() != Folded::of(taken))
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

    pub(super) fn set_phase(&mut self, next: Phase) {
        if let State::Connected { phase, .. } = &mut self.state {
            *phase = next;
        }
    }
}
