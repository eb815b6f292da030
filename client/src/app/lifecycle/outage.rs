//! Outages: the loss of the connection, and the response to it.

use std::mem;
use std::time::Duration;

use wac_core::wire::closing::Closing;

use super::{HangUpReason, Lifecycle, Phase, State};
use crate::app::event::{Actions, First};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::app::{Action, messages};
use crate::protocol::clock::Now;
use crate::protocol::session::Session;

/// Age at which a connection counts as good, and the waits begin anew: 5 s. A server that fails sooner is not to be tried twice a
/// second.
const STABLE: Duration = Duration::from_secs(5);

/// The time in which nothing can be received.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) from: Now,
    /// When the last connection was made.
    pub(super) to: Now,
    /// The last reason shown: a night without a server is one line, not a thousand.
    pub(super) reported: Option<String>,
}

/// The time of an outage that is over.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Gap {
    pub(in crate::app) from: Now,
    pub(in crate::app) to: Now,
}

impl Gap {
    pub(in crate::app) fn length(&self) -> Duration {
        self.to.since(self.from.elapsed)
    }
}

impl Lifecycle {
    /// Responds to the end of the connection; `why` is what the system says of it.
    pub(in crate::app) fn lost(&mut self, why: Option<String>, now: Now, out: &mut Vec<Action>) {
        match mem::replace(&mut self.state, State::Closed) {
            State::Connected { session, phase } => {
                self.note_stability(phase, now);
                self.lost_session(&session, None, why, now, out);
            }
            State::HangingUp { session, reason } => {
                self.lost_session(&session, Some(reason), why, now, out);
            }
            State::Leaving {
                session, hung_up, ..
            } => self.lost_while_leaving(&session, hung_up, why, out),
            // There is no connection to lose.
            state => self.state = state,
        }
    }

    fn lost_session(
        &mut self,
        session: &Session,
        hung_up: Option<HangUpReason>,
        why: Option<String>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        // All that is known of a dead connection is when it was last alive.
        let from = match hung_up {
            Some(HangUpReason::NoAnswer(_)) => session.keepalive.last_heard(),
            _ => now,
        };
        self.outage.get_or_insert(Outage {
            from,
            to: now,
            reported: None,
        });
        match (session.closing(), hung_up) {
            // Two clients of one user would take the name from each other for ever.
            (Some(Closing::Kicked(_) | Closing::Banned(_) | Closing::LoggedInElsewhere), _) => {
                self.give_up(&session.loss(None), out)
            }
            (_, Some(HangUpReason::Requested)) => self.dial(First::Next, out),
            (_, Some(HangUpReason::Renaming)) => self.dial(First::Same, out),
            (_, Some(HangUpReason::NoAnswer(after))) => {
                self.back_off(&messages::no_answer(after), now, out);
            }
            (_, None) => self.back_off(&session.loss(why), now, out),
        }
    }

    /// Ends the client. A user who leaves has what they wanted; a program must know whether the server
    /// took everything, which only the goodbye proves.
    fn lost_while_leaving(
        &mut self,
        session: &Session,
        hung_up: Option<HangUpReason>,
        why: Option<String>,
        out: &mut Vec<Action>,
    ) {
        if !self.is_piped() || session.closing() == Some(Closing::Goodbye) {
            return out.push(Action::End(ExitReason::Done));
        }
        match hung_up {
            Some(HangUpReason::NoAnswer(after)) => self.give_up(&messages::no_answer(after), out),
            _ => self.give_up(&session.loss(why), out),
        }
    }

    /// Responds to a connection that could be made to no server.
    pub(in crate::app) fn unreachable(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        if !self.is_closed() {
            self.backoff.all_tried();
            self.back_off(why, now, out);
        }
    }

    /// Ends the client: who answers in the server's place may answer again.
    pub(in crate::app) fn untrusted(&mut self, why: &str, out: &mut Vec<Action>) {
        self.state = State::Closed;
        out.show(Line::Lost(messages::untrusted(why)));
        out.push(Action::End(ExitReason::Untrusted));
    }

    /// Ends the connection from our side.
    pub(super) fn hang_up(&mut self, reason: HangUpReason, now: Now, out: &mut Vec<Action>) {
        self.state = match mem::replace(&mut self.state, State::Closed) {
            State::Connected { session, phase } => {
                self.note_stability(phase, now);
                out.push(Action::HangUp);
                State::HangingUp { session, reason }
            }
            state => state,
        };
    }

    pub(super) fn note_stability(&mut self, phase: Phase, now: Now) {
        if matches!(phase, Phase::Online { since } if now.since(since) >= STABLE) {
            self.backoff.reset();
        }
    }

    fn back_off(&mut self, why: &str, now: Now, out: &mut Vec<Action>) {
        let Some(wait) = self.backoff.next_wait() else {
            return self.give_up(why, out);
        };
        self.state = State::Backoff {
            until: now.elapsed + wait,
        };
        let reported = self.outage.as_mut().map(|outage| &mut outage.reported);
        if let Some(reported) = reported
            && reported.as_deref() != Some(why)
        {
            let away = messages::away(why, self.backoff.tries(), wait);
            out.show(Line::Lost(away));
            *reported = Some(why.to_owned());
        }
    }

    pub(super) fn give_up(&mut self, why: &str, out: &mut Vec<Action>) {
        self.state = State::Closed;
        out.show(Line::Lost(messages::lost(why)));
        out.push(Action::End(ExitReason::Lost));
    }
}
