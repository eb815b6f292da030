//! `wac send`: sends each line of the input, and leaves in order.
//!
//! ```text
//!             welcome           input ended          mark, PONG or goodbye
//!  LoggingIn ─────────▶ Sending ───────────▶ Leaving ───────────────────▶ the end
//!    welcome │            ▲  │ lost             │ lost         not all accepted ▲
//!            ▼    mark    │  ▼                  ▼                              │
//!          Marking ───────┘ Inquiring ◀──────────        ──────────────────────┘
//! ```
//! With `--confirm` there is a mark before the first message, and after a loss the server is asked over one more connection what
//! was said since. If it has taken everything, the script goes on. A mark behind the last message proves that all is in the
//! history; whispers, and servers without marks, are left with a fence.
//!
//! The next line is requested when the one before is on its way, so at most one line waits here: one
//! that comes sooner than the rate allows.

mod inquiry;

use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use self::inquiry::{Inquiry, Rest};
use super::rate::Rate;
use super::{Names, Script, end_lost, keep_alive, loss};
use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::protocol::catch_up::{CatchUp, Heard};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::{MessageError, OutgoingMessage};
use crate::protocol::session::{Farewell, Reply, Session};
use crate::terminal::render::sanitize;

/// Why messages that the server has taken are not confirmed.
const NOT_WRITTEN: &str = "in the room, but its history is not being written now";

/// The task of `wac send`.
#[derive(Debug)]
pub(crate) struct SendPlan {
    pub(crate) names: Names,
    /// The recipient; `None` is everyone.
    pub(crate) to: Option<Name>,
    /// The proof that it needs to end well.
    pub(crate) farewell: Farewell,
    pub(crate) rate: Option<Rate>,
    /// Time after the connection at which it gives up; `None`: never.
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug)]
enum SendState {
    LoggingIn,
    /// The answer to the request for a mark is under way.
    Marking,
    Sending {
        /// When the next line may be sent.
        next: Duration,
        /// A line that waits until then.
        waiting: Option<OutgoingMessage>,
    },
    Leaving,
    /// The connection is dead, for this reason.
    HangingUp {
        why: String,
        rest: Rest,
    },
    Inquiring(Inquiry),
}

/// The state of `wac send`.
#[derive(Debug)]
pub(crate) struct SendScript {
    plan: SendPlan,
    state: SendState,
    session: Session,
    /// What the server can be asked after a loss; `None`: nothing.
    catch_up: Option<CatchUp>,
    /// When it gives up.
    deadline: Option<Duration>,
    /// Lines handed over to be sent.
    sent: usize,
    /// Lines that were refused, or could not be sent.
    failed: usize,
}

impl Script for SendScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected(_) => self.connected(now),
            Event::Line(line) => self.hear(&line, now),
            Event::Entered(text) => self.input(&text, now),
            Event::InputError(why) => self.unsent(&why.to_string()),
            Event::InputEnded => self.leave(now),
            Event::Tick => self.tick(now),
            Event::Lost { why, .. } => self.lost(why, now),
            Event::Unreachable(_) => self.dials_again(now),
            _ => Vec::new(),
        }
    }

    fn due(&self) -> Option<Duration> {
        let next = match &self.state {
            SendState::Sending { next, waiting } => waiting.is_some().then_some(*next),
            _ => self.is_watching().then(|| self.session.keepalive.due()),
        };
        let asks = match &self.state {
            SendState::Inquiring(inquiry) => [
                inquiry.retry.map(|(at, _)| at),
                self.catch_up.as_ref().and_then(CatchUp::due),
            ],
            _ => [None, None],
        };
        let asks = asks.into_iter().flatten();
        self.deadline.into_iter().chain(next).chain(asks).min()
    }
}

impl SendScript {
    /// Creates the script; its connection is made next.
    pub(crate) fn new(plan: SendPlan) -> Self {
        // A whisper is in no replay.
        let may_ask = plan.farewell == Farewell::Fence && plan.to.is_none();
        Self {
            catch_up: may_ask.then(|| CatchUp::new(0)),
            plan,
            state: SendState::LoggingIn,
            session: Session::new(Now::default()),
            deadline: None,
            sent: 0,
            failed: 0,
        }
    }

    fn connected(&mut self, now: Now) -> Vec<Action> {
        self.session = Session::new(now);
        if !matches!(self.state, SendState::Inquiring(_)) {
            self.deadline = self.plan.timeout.map(|timeout| now.elapsed + timeout);
        }
        self.plan.names.log_in(&mut self.session)
    }

    fn hear(&mut self, text: &str, now: Now) -> Vec<Action> {
        let line = ServerLine::parse(text);
        let me = Some(&self.plan.names.name);
        let heard = match &mut self.catch_up {
            Some(catch_up) => catch_up.on(text, &line, me, now.elapsed),
            None => Heard::Other,
        };
        if matches!(heard, Heard::Room | Heard::Held | Heard::Other) {
            return self.line(&line, now);
        }
        self.session.keepalive.heard(now);
        match (heard, &self.state) {
            (Heard::Marked(_) | Heard::Unmarked, SendState::Marking) => self.begin(now),
            (Heard::Refused(_), SendState::Marking) => {
                self.catch_up = None;
                self.begin(now)
            }
            // A refusal of the command is a fence as good as any.
            (Heard::Marked(_) | Heard::Refused(_), SendState::Leaving) => self.end(),
            (Heard::Unmarked, SendState::Leaving) => self.end_not_confirmed(NOT_WRITTEN),
            (Heard::Missed(missed), SendState::Inquiring(_)) if missed.ends => {
                self.session.keepalive.release();
                self.answered(&missed, now)
            }
            (Heard::Anew | Heard::Refused(_), SendState::Inquiring(_)) => self.not_confirmed(),
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, now: Now) -> Vec<Action> {
        let (next, waiting) = (now.elapsed, None);
        self.state = SendState::Sending { next, waiting };
        vec![Action::Read]
    }

    fn welcomed(&mut self, now: Now) -> Vec<Action> {
        let Some(catch_up) = &mut self.catch_up else {
            return self.begin(now);
        };
        catch_up.logged_in(now.elapsed);
        match &self.state {
            SendState::Inquiring(_) => Vec::new(),
            _ => {
                self.state = SendState::Marking;
                vec![Action::Send(catch_up.ask_mark(now.elapsed))]
            }
        }
    }

    fn line(&mut self, line: &ServerLine<'_>, now: Now) -> Vec<Action> {
        match (self.session.on(line, now), line) {
            (Reply::Welcome(_), _) => self.welcomed(now),
            (Reply::Refused(why), _) => self.refused(&why, now),
            (Reply::Taken, _) => self.end(),
            // The greeting may look like anything.
            _ if matches!(self.state, SendState::LoggingIn | SendState::Inquiring(_)) => Vec::new(),
            (_, ServerLine::Refusal(why)) => {
                self.failed += 1;
                let why = sanitize(&why.to_string());
                vec![Action::Tell(format!("refused: {why}"))]
            }
            (_, ServerLine::Notice(notice @ Notice::SlowDown)) => {
                let advice = "--rate keeps within what the server takes";
                vec![Action::Tell(format!("{notice}; {advice}"))]
            }
            _ => Vec::new(),
        }
    }

    fn input(&mut self, text: &str, now: Now) -> Vec<Action> {
        let message = match &self.plan.to {
            Some(to) => OutgoingMessage::to_one(to.as_str(), text),
            None => OutgoingMessage::to_all(text),
        };
        match message {
            Ok(message) => self.send_in_time(message, now),
            Err(MessageError::Blank) => vec![Action::Read],
            Err(MessageError::TooLong(excess)) => {
                self.unsent(&format!("a line is {excess} bytes too long"))
            }
        }
    }

    fn send_in_time(&mut self, message: OutgoingMessage, now: Now) -> Vec<Action> {
        match &mut self.state {
            SendState::Sending { next, waiting } if now.elapsed < *next => {
                *waiting = Some(message);
                Vec::new()
            }
            SendState::Inquiring(Inquiry { rest, .. }) | SendState::HangingUp { rest, .. } => {
                *rest = Rest::Message(message);
                Vec::new()
            }
            _ => self.send(&message, now),
        }
    }

    fn send(&mut self, message: &OutgoingMessage, now: Now) -> Vec<Action> {
        self.sent += 1;
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.said(&self.plan.names.name, message, now.elapsed);
        }
        if let SendState::Sending { next, .. } = &mut self.state {
            *next = now.elapsed + self.plan.rate.map_or(Duration::ZERO, |rate| rate.interval);
        }
        vec![Action::Send(message.line()), Action::Read]
    }

    fn unsent(&mut self, why: &str) -> Vec<Action> {
        self.failed += 1;
        vec![Action::Tell(format!("not sent: {why}")), Action::Read]
    }

    /// Sends the farewell, which the server answers once it has taken everything before.
    fn leave(&mut self, now: Now) -> Vec<Action> {
        if let SendState::Inquiring(Inquiry { rest, .. }) | SendState::HangingUp { rest, .. } =
            &mut self.state
        {
            *rest = Rest::Nothing;
            return Vec::new();
        }
        self.state = SendState::Leaving;
        let farewell = self.session.leave(self.plan.farewell, now);
        let mark = self.catch_up.as_mut().map(|it| it.ask_mark(now.elapsed));
        vec![Action::Send(mark.unwrap_or(farewell))]
    }

    fn tick(&mut self, now: Now) -> Vec<Action> {
        if self.deadline.is_some_and(|at| at <= now.elapsed) {
            return self.timed_out();
        }
        if let SendState::Sending { next, waiting } = &mut self.state {
            let due = waiting.take_if(|_| *next <= now.elapsed);
            return due.map_or_else(Vec::new, |message| self.send(&message, now));
        }
        let asks = self.asks(now);
        if !asks.is_empty() {
            return asks;
        }
        if !self.is_watching() {
            return Vec::new();
        }
        keep_alive(&mut self.session, now).unwrap_or_else(|why| self.dead(why, now))
    }

    /// Returns whether an answer is awaited, and so the server watched. A server that holds lines back
    /// answers when it has taken them.
    fn is_watching(&self) -> bool {
        let is_sending = matches!(self.state, SendState::Sending { .. });
        !is_sending && !self.session.keepalive.is_held_back()
    }

    fn end(&self) -> Vec<Action> {
        vec![Action::End(match self.failed {
            0 => ExitReason::Done,
            _ => ExitReason::NotConfirmed,
        })]
    }

    fn timed_out(&self) -> Vec<Action> {
        let told = match self.sent {
            0 => "timed out: nothing was sent".to_owned(),
            sent => format!("timed out: not confirmed ({sent} sent)"),
        };
        vec![Action::Tell(told), Action::End(ExitReason::TimedOut)]
    }

    fn lost(&mut self, why: Option<String>, now: Now) -> Vec<Action> {
        if self.plan.farewell == Farewell::Quit || self.sent == 0 {
            return end_lost(&self.session, why);
        }
        if matches!(self.state, SendState::Inquiring(_)) {
            return self.dials_again(now);
        }
        if self.may_inquire() {
            return self.inquire(why, now);
        }
        self.end_not_confirmed(&loss(&self.session, why))
    }

    fn end_not_confirmed(&self, why: &str) -> Vec<Action> {
        let told = format!("not confirmed ({} sent): {why}", self.sent);
        vec![Action::Tell(told), Action::End(ExitReason::NotConfirmed)]
    }
}
