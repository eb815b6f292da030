//! Keepalive: probes a silent server, and does what is due.

use std::time::Duration;

use super::{ALIVE, HangUpReason, Life, Stage};
use crate::app::exit::ExitReason;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;

/// Between two ticks, at most.
const TICK: Duration = Duration::from_secs(1);
/// So much silence is looked into.
const SILENCE: Duration = Duration::from_secs(30);
/// So long may an answer take.
const PATIENCE: Duration = Duration::from_secs(10);
/// So long may an answer take where the server holds us back: it closes whom it held for 120 s.
const HELD_PATIENCE: Duration = Duration::from_secs(130);
/// More than this between two ticks, and the machine or we were asleep.
const SUSPENDED: Duration = Duration::from_secs(5);

impl Life {
    /// Returns when the next tick is wanted.
    pub(in crate::app) fn due(&self) -> Duration {
        let tick = self.ticked + TICK;
        let due = match (self.stage, self.heard) {
            _ if self.hung_up.is_some() => tick,
            (Stage::Backoff { until: due } | Stage::NameHeld { next: due }, _) => due,
            (Stage::Online, Some(heard)) => heard.elapsed + SILENCE,
            (Stage::Probing { since } | Stage::LoggingIn { since, .. }, _) => {
                since + self.patience()
            }
            _ => tick,
        };
        due.min(tick)
    }

    pub(in crate::app) fn tick(&mut self, now: Now, out: &mut Vec<Action>) {
        let slept = now.elapsed.saturating_sub(self.ticked) > SUSPENDED && !self.ticked.is_zero();
        self.ticked = now.elapsed;
        let age = |since: Duration| now.elapsed.saturating_sub(since);
        match self.stage {
            _ if self.hung_up.is_some() => {}
            Stage::Probing { .. } if slept => {
                self.stage = Stage::Probing { since: now.elapsed };
            }
            Stage::LoggingIn { greeted, .. } if slept => {
                let since = now.elapsed;
                self.stage = Stage::LoggingIn { greeted, since };
            }
            Stage::Backoff { until } if slept || until <= now.elapsed => self.dial(out),
            Stage::NameHeld { next } if next <= now.elapsed => self.log_in(now, out),
            Stage::Online if slept || self.silence(now) >= SILENCE => self.probe(now, out),
            Stage::Probing { since } | Stage::LoggingIn { since, .. }
                if age(since) >= self.patience() =>
            {
                self.hang_up(HangUpReason::NoAnswer(self.patience()), out);
            }
            Stage::Closed { since, .. } if age(since).min(self.silence(now)) >= self.patience() => {
                self.left_without_answer(now, out);
            }
            Stage::Closed { since, told: false } if age(since) >= TICK && !self.is_piped() => {
                self.stage = Stage::Closed { since, told: true };
                out.push(Action::Tell(messages::LEAVING.into()));
            }
            _ => {}
        }
    }

    /// A person has left; a program is to know that what it said last may be lost.
    fn left_without_answer(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.is_piped() {
            self.give_up(&messages::no_answer(self.patience()), now, out);
        } else {
            out.push(Action::End(ExitReason::Done));
        }
    }

    pub(super) fn silence(&self, now: Now) -> Duration {
        let heard = self.heard.map_or(now.elapsed, |heard| heard.elapsed);
        now.elapsed.saturating_sub(heard)
    }

    fn patience(&self) -> Duration {
        if self.held { HELD_PATIENCE } else { PATIENCE }
    }

    fn probe(&mut self, now: Now, out: &mut Vec<Action>) {
        self.stage = Stage::Probing { since: now.elapsed };
        out.push(Action::Send(format!("PING {ALIVE}")));
    }

    pub(super) fn hang_up(&mut self, why: HangUpReason, out: &mut Vec<Action>) {
        self.hung_up = Some(why);
        out.push(Action::HangUp);
    }
}
