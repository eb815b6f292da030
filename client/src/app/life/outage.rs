//! Outages: the loss of the connection, and the response to it.

use std::time::Duration;

use wac_core::wire::closing::Closing;

use super::{Gap, HangUpReason, Life, Stage};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::app::settings::Reconnect;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;

/// A connection that lived so long was a good one: the waits begin anew.
const STABLE: Duration = Duration::from_secs(30);

impl Life {
    pub(in crate::app) fn lost(&mut self, why: Option<String>, now: Now, out: &mut Vec<Action>) {
        if self.is_closed() {
            return self.lost_while_leaving(why, out);
        }
        let hung_up = self.hung_up.take();
        // Where the link was dead, all that can be known is when it was last alive.
        let from = match hung_up {
            Some(HangUpReason::NoAnswer(_)) => self.heard.unwrap_or(now),
            _ => now,
        };
        self.gap.get_or_insert(Gap { from, to: now });
        if self.was_stable(now) {
            self.tries = 0;
        }
        self.name_held_until = None;
        let closing = self.closing.take();
        let kicked = matches!(
            closing.as_deref().map(Closing::parse),
            Some(Closing::Kicked(_))
        );
        let why = messages::closed(closing.or(why).as_deref());
        match hung_up {
            _ if kicked => self.give_up(&why, now, out),
            Some(HangUpReason::Asked) => self.dial(out),
            Some(HangUpReason::NoAnswer(after)) => {
                self.back_off(&messages::no_answer(after), now, out)
            }
            None => self.back_off(&why, now, out),
        }
    }

    /// A person who leaves has what was wanted; a program is to know whether the server took all that
    /// it was given, which is what its goodbye says.
    fn lost_while_leaving(&mut self, why: Option<String>, out: &mut Vec<Action>) {
        let closing = self.closing.take();
        if !self.is_piped() || closing.as_deref().map(Closing::parse) == Some(Closing::Goodbye) {
            return out.push(Action::End(ExitReason::Done));
        }
        let why = match self.hung_up {
            Some(HangUpReason::NoAnswer(after)) => messages::no_answer(after),
            _ => messages::closed(closing.or(why).as_deref()),
        };
        out.push(Action::Show(Line::Lost(messages::lost(&why))));
        out.push(Action::End(ExitReason::Lost));
    }

    /// Told of a connection that could not be made.
    pub(in crate::app) fn unreachable(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        if !self.is_closed() {
            self.back_off(why, now, out);
        }
    }

    fn was_stable(&self, now: Now) -> bool {
        matches!(self.stage, Stage::Online | Stage::Probing { .. })
            && now.elapsed.saturating_sub(self.online_since) >= STABLE
    }

    fn back_off(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        if matches!(self.reconnect, Reconnect::Times(times) if self.tries >= times) {
            return self.give_up(why, now, out);
        }
        let wait = self.jitter.wait(self.tries);
        self.tries += 1;
        self.stage = Stage::Backoff {
            until: now.elapsed + wait,
        };
        // A night without a server is one line, not a thousand.
        if self.told.as_deref() != Some(why) {
            out.push(Action::Show(Line::Lost(messages::away(
                why, self.tries, wait,
            ))));
            self.told = Some(why.to_owned());
        }
    }

    pub(super) fn give_up(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        self.stage = Stage::closed(now);
        out.push(Action::Show(Line::Lost(messages::lost(why))));
        out.push(Action::End(ExitReason::Lost));
    }
}
