//! Inquiry: after a loss, the server is asked over another connection which messages it has accepted.

use std::mem;
use std::time::Duration;

use wac_core::wire::refusal::Refusal;

use super::{SendScript, SendState};
use crate::app::event::{Action, First};
use crate::app::exit::ExitReason;
use crate::protocol::catch_up::{CatchUp, Missed};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::session::{NAME_HELD, NAME_RETRY, Session};
use crate::script::loss;

/// Time in which another connection is tried: 10 s. A server that is started again is back in about one, unless it reads a long
/// history.
const DIALLED: Duration = Duration::from_secs(10);
/// Wait between two tries.
const DIAL_RETRY: Duration = Duration::from_millis(500);

/// The question to the server, over another connection, what it has accepted.
#[derive(Debug)]
pub(super) struct Inquiry {
    /// The loss that made it necessary.
    pub(super) loss: String,
    pub(super) rest: Rest,
    /// What is to be tried again, and when.
    pub(super) retry: Option<(Duration, Retry)>,
    /// When it is no longer the lost connection that holds the name.
    held_until: Duration,
    /// When no other connection is tried any more.
    dialled_until: Duration,
}

/// A step of an inquiry that may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// The server may be about to be back.
    Dial,
    /// The lost connection may hold the name.
    LogIn,
}

/// What is left of the input.
#[derive(Debug)]
pub(super) enum Rest {
    /// It was asked for the next line.
    Requested,
    Message(OutgoingMessage),
    Nothing,
}

impl SendScript {
    /// Asks what is due in an inquiry.
    pub(super) fn asks(&mut self, now: Now) -> Vec<Action> {
        let SendState::Inquiring(inquiry) = &mut self.state else {
            return Vec::new();
        };
        match inquiry.retry.take_if(|(at, _)| *at <= now.elapsed) {
            Some((_, Retry::Dial)) => return vec![Action::Dial(First::Next)],
            Some((_, Retry::LogIn)) => return self.plan.names.log_in(&mut self.session),
            None => {}
        }
        let catch_up = self.catch_up.as_mut();
        let request = catch_up.and_then(|it| it.tick(now.elapsed));
        request.map(Action::Send).into_iter().collect()
    }

    /// Ends a connection that is dead; its end is reported before there is another.
    pub(super) fn dead(&mut self, why: String, now: Now) -> Vec<Action> {
        if matches!(self.state, SendState::Inquiring(_)) {
            return self.not_confirmed();
        }
        if !self.may_inquire() {
            return self.lost(Some(why), now);
        }
        let rest = self.take_rest();
        self.state = SendState::HangingUp { why, rest };
        vec![Action::HangUp]
    }

    /// Returns whether the server can be asked what it has accepted; it is asked once.
    pub(super) fn may_inquire(&self) -> bool {
        self.sent > 0 && self.catch_up.as_ref().is_some_and(CatchUp::has_place)
    }

    pub(super) fn inquire(&mut self, why: Option<String>, now: Now) -> Vec<Action> {
        let rest = self.take_rest();
        let why = match &mut self.state {
            SendState::HangingUp { why, .. } => Some(mem::take(why)),
            _ => why,
        };
        self.state = SendState::Inquiring(Inquiry {
            loss: loss(&self.session, why),
            rest,
            retry: None,
            held_until: now.elapsed + NAME_HELD,
            dialled_until: now.elapsed + DIALLED,
        });
        self.disconnected(now);
        vec![Action::Dial(First::Next)]
    }

    /// Tries another connection a little later, or ends.
    pub(super) fn dials_again(&mut self, now: Now) -> Vec<Action> {
        self.disconnected(now);
        let at = now.elapsed + DIAL_RETRY;
        match &mut self.state {
            SendState::Inquiring(inquiry) if at <= inquiry.dialled_until => {
                inquiry.retry = Some((at, Retry::Dial));
                Vec::new()
            }
            _ => self.not_confirmed(),
        }
    }

    fn disconnected(&mut self, now: Now) {
        self.session = Session::new(now);
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.lost(&[]);
        }
    }

    pub(super) fn take_rest(&mut self) -> Rest {
        match &mut self.state {
            SendState::Sending { waiting, .. } => {
                waiting.take().map_or(Rest::Requested, Rest::Message)
            }
            SendState::HangingUp { rest, .. } | SendState::Inquiring(Inquiry { rest, .. }) => {
                mem::replace(rest, Rest::Nothing)
            }
            _ => Rest::Nothing,
        }
    }

    /// Goes on if the server has accepted everything; ends if not.
    pub(super) fn answered(&mut self, missed: &Missed, now: Now) -> Vec<Action> {
        let SendState::Inquiring(inquiry) = &self.state else {
            return Vec::new();
        };
        let (loss, sent) = (&inquiry.loss, self.sent);
        match missed.unaccepted.len() {
            _ if !missed.in_doubt.is_empty() => self.not_confirmed(),
            0 => {
                let told = format!("{loss}; connected again, and all is in the room ({sent} sent)");
                let mut actions = vec![Action::Tell(told)];
                actions.extend(self.go_on(now));
                actions
            }
            lost if lost == sent => {
                let told = format!("nothing of it is in the room ({sent} sent): {loss}");
                vec![Action::Tell(told), Action::End(ExitReason::Lost)]
            }
            lost => {
                let in_room = sent.saturating_sub(lost);
                let told = format!("not confirmed: {in_room} of {sent} in the room: {loss}");
                vec![Action::Tell(told), Action::End(ExitReason::NotConfirmed)]
            }
        }
    }

    /// Goes on with the rest of the input, over the new connection. After its loss nobody is asked.
    pub(super) fn go_on(&mut self, now: Now) -> Vec<Action> {
        self.catch_up = Some(CatchUp::new(0));
        let rest = self.take_rest();
        self.begin(now);
        match rest {
            Rest::Requested => Vec::new(),
            Rest::Message(message) => self.send_in_time(message, now),
            Rest::Nothing => self.leave(now),
        }
    }

    /// Ends without an answer of the server.
    pub(super) fn not_confirmed(&mut self) -> Vec<Action> {
        let SendState::Inquiring(inquiry) = &mut self.state else {
            return Vec::new();
        };
        let loss = mem::take(&mut inquiry.loss);
        self.end_not_confirmed(&loss)
    }

    pub(super) fn refused(&mut self, why: &Refusal<'_>, now: Now) -> Vec<Action> {
        let SendState::Inquiring(inquiry) = &mut self.state else {
            return self.plan.names.refused(why, &mut self.session);
        };
        if matches!(why, Refusal::Taken(_)) && now.elapsed < inquiry.held_until {
            inquiry.retry = Some((now.elapsed + NAME_RETRY, Retry::LogIn));
            return Vec::new();
        }
        let actions = self.plan.names.refused(why, &mut self.session);
        match actions.last() {
            Some(Action::End(_)) => self.not_confirmed(),
            _ => actions,
        }
    }
}
