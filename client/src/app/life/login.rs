//! Login, for the first time and again under the same name.

use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::{Audience, Life, Stage};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::app::{Action, Mode, messages};
use crate::protocol::clock::Now;

/// So long is a name tried again that may be held by the connection that was lost: the server frees
/// it within 30 s.
const NAME_HELD: Duration = Duration::from_secs(40);
/// Between two tries.
const NAME_RETRY: Duration = Duration::from_secs(2);

impl Life {
    pub(super) fn greeted(&mut self) {
        if let Stage::LoggingIn { greeted, .. } = &mut self.stage {
            *greeted = true;
        }
    }

    pub(super) fn awaits_answer(&self) -> bool {
        matches!(self.stage, Stage::LoggingIn { greeted: true, .. })
    }

    pub(super) fn notice(
        &mut self,
        notice: &Notice<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Audience {
        match notice {
            Notice::SlowDown => self.held = true,
            Notice::Closing(why) => self.closing = Some(why.to_string()),
            Notice::Welcome(name) if self.awaits_answer() => {
                if let Ok(name) = name.parse() {
                    return self.welcomed(name, now, out);
                }
            }
            _ => {}
        }
        if self.gap.is_some() && self.is_greeting(notice) {
            return Audience::Client;
        }
        Audience::User
    }

    /// Tells whether a notice is of a greeting that has been shown before.
    fn is_greeting(&self, notice: &Notice<'_>) -> bool {
        use Notice::{Gathered, Joined, Left};
        let greeting = matches!(self.stage, Stage::LoggingIn { greeted: false, .. });
        let of_the_room = matches!(notice, Joined(_) | Left(_) | Gathered { .. });
        greeting && !of_the_room
    }

    fn welcomed(&mut self, name: Name, now: Now, out: &mut Vec<Action>) -> Audience {
        self.stage = Stage::Online;
        self.online_since = now.elapsed;
        self.name_held_until = None;
        self.told = None;
        self.name = Some(name.clone());
        let gap = self.gap.take();
        if !self.chatted {
            self.chatted = true;
            out.push(Action::Chat(name));
            // A person is told more, once it is known.
            return match self.mode {
                Mode::Screen | Mode::Plain => Audience::Client,
                Mode::Pipe => Audience::User,
            };
        }
        if let Some(gap) = gap {
            out.push(Action::Show(Line::Back(messages::back(
                &name, gap.from, gap.to,
            ))));
        }
        Audience::Client
    }

    pub(super) fn refused(&mut self, why: &Refusal<'_>, now: Now, out: &mut Vec<Action>) {
        if !self.chatted {
            return self.refused_at_first(&why.to_string(), out);
        }
        if matches!(why, Refusal::Taken(_)) && self.may_be_ours(now, out) {
            self.stage = Stage::NameHeld {
                next: now.elapsed + NAME_RETRY,
            };
            return;
        }
        self.name_held_until = None;
        self.stage = Stage::NameLost;
        out.push(Action::Tell(messages::name_lost(&why.to_string())));
    }

    fn refused_at_first(&mut self, why: &str, out: &mut Vec<Action>) {
        self.name = None;
        self.stage = Stage::Unnamed;
        out.push(Action::Tell(messages::login_refused(why)));
        out.push(match self.mode {
            Mode::Screen | Mode::Plain => Action::Ask,
            Mode::Pipe => Action::End(ExitReason::LoginRefused),
        });
    }

    /// Tells whether the name may still be held by the connection we lost.
    fn may_be_ours(&mut self, now: Now, out: &mut Vec<Action>) -> bool {
        let until = *self.name_held_until.get_or_insert_with(|| {
            out.push(Action::Tell(messages::NAME_HELD.into()));
            now.elapsed + NAME_HELD
        });
        now.elapsed < until
    }
}
