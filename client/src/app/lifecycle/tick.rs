//! Passage of time: probes a silent server, and does what is due.

use std::time::Duration;

use super::{Attempt, HangUpReason, Lifecycle, Phase, State};
use crate::app::event::{Actions, First};
use crate::app::exit::ExitReason;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;
use crate::protocol::keepalive::{Liveness, PROBE};

/// Longest time between two ticks.
const TICK: Duration = Duration::from_secs(1);
/// Time between two ticks that shows that the machine or the client was asleep.
const SUSPENDED: Duration = Duration::from_secs(5);

impl Lifecycle {
    /// Returns when the next tick is due.
    pub(in crate::app) fn due(&self) -> Duration {
        let tick = self.ticked + TICK;
        let due = match &self.state {
            State::Backoff { until } => *until,
            State::Connected { session, phase } => match *phase {
                Phase::NameHeld { next, .. } => next,
                Phase::Online { .. } => session.keepalive.due(),
                Phase::LoggingIn { since, .. } => since + session.keepalive.patience(),
                Phase::Unnamed | Phase::NameLost | Phase::PasswordAsked { .. } => tick,
            },
            _ => tick,
        };
        due.min(tick)
    }

    pub(in crate::app) fn tick(&mut self, now: Now, out: &mut Vec<Action>) {
        let slept = now.since(self.ticked) > SUSPENDED && !self.ticked.is_zero();
        self.ticked = now.elapsed;
        match &mut self.state {
            State::Backoff { until } if slept || *until <= now.elapsed => {
                self.dial(First::Next, out)
            }
            State::Connected { .. } => self.tick_connected(slept, now, out),
            State::HangingUp { session, reason } => {
                let patience = session.keepalive.patience();
                let is_due = session.keepalive.silence(now) >= patience;
                if is_due && matches!(reason, HangUpReason::Renaming) {
                    *reason = HangUpReason::NoAnswer(patience);
                    out.push(Action::HangUp);
                }
            }
            State::Leaving { .. } => self.tick_leaving(now, out),
            _ => {}
        }
    }

    fn tick_connected(&mut self, slept: bool, now: Now, out: &mut Vec<Action>) {
        let State::Connected { session, phase } = &mut self.state else {
            return;
        };
        let keepalive = &mut session.keepalive;
        let liveness = match phase {
            Phase::NameHeld { next, held_until } if *next <= now.elapsed => {
                let held_until = *held_until;
                return self.log_in(Attempt::Again { held_until }, now, out);
            }
            Phase::LoggingIn { since, .. } if slept => {
                *since = now.elapsed;
                Liveness::Alive
            }
            Phase::LoggingIn { since, .. } if now.since(*since) >= keepalive.patience() => {
                Liveness::Dead(keepalive.patience())
            }
            Phase::Online { .. } if slept => keepalive.check_after_suspend(now),
            Phase::Online { .. } => keepalive.check(now),
            _ => Liveness::Alive,
        };
        match liveness {
            Liveness::Alive => {}
            Liveness::Doubtful => out.push(Action::Send(PROBE.to_owned())),
            Liveness::Dead(after) => self.hang_up(HangUpReason::NoAnswer(after), now, out),
        }
    }

    /// Ends the client if the server does not answer: a user has left, but a program must know that
    /// its last lines may be lost.
    fn tick_leaving(&mut self, now: Now, out: &mut Vec<Action>) {
        let is_piped = self.is_piped();
        let State::Leaving {
            session,
            since,
            told,
            hung_up: None,
        } = &mut self.state
        else {
            return;
        };
        let patience = session.keepalive.patience();
        if session.keepalive.silence(now) < patience {
            if !*told && now.since(*since) >= TICK && !is_piped {
                *told = true;
                out.tell(messages::LEAVING);
            }
        } else if is_piped {
            self.give_up(&messages::no_answer(patience), out);
        } else {
            self.state = State::Closed;
            out.push(Action::End(ExitReason::Done));
        }
    }
}
