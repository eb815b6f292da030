//! `wac send`: sends each line of the input, and leaves in order.
//!
//! ```text
//!             welcome           input ended             PONG, or farewell
//!  LoggingIn ─────────▶ Sending ───────────▶ Leaving ────────────────────▶ the end
//! ```
//!
//! The next line is asked for when the one before is on its way, so nothing waits here but one line
//! that comes sooner than the rate allows.

use std::time::{Duration, Instant};

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::name::Name;
use wac_core::text::{clean, is_blank};
use wac_core::wire::closing::Closing::Goodbye;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::closing::Closing;
use super::deadline::Deadline;
use super::keepalive::{Keepalive, NO_ANSWER};
use super::login::{self, Login, LoginAnswer};
use super::rate::Rate;
use super::{Action, Event, Now, Script};
use crate::app::exit::ExitReason;
use crate::terminal::render::sanitize;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct SendPlan {
    /// Under which name.
    pub(crate) name: Name,
    /// To whom; `None`: to everyone.
    pub(crate) to: Option<Name>,
    /// Ends well only if the server has proved that it took everything.
    pub(crate) confirm: bool,
    /// No faster than so.
    pub(crate) rate: Option<Rate>,
    /// Gives up so long after it has connected; `None`: never.
    pub(crate) timeout: Option<Duration>,
}

/// Sent last: its answer proves that the server took what came before.
const TAKEN: &str = "wac taken";

#[derive(Debug)]
enum SendState {
    LoggingIn(Login),
    Sending,
    Leaving,
}

/// The mind of `wac send`.
#[derive(Debug)]
pub(crate) struct SendScript {
    plan: SendPlan,
    state: SendState,
    closing: Closing,
    keepalive: Keepalive,
    deadline: Deadline,
    /// The server holds lines back.
    slowed: bool,
    /// When the next line may be sent.
    due: Option<Instant>,
    /// A line that waits until then.
    waiting: Option<String>,
    /// Lines handed over to be sent.
    sent: usize,
    /// A line was refused, or could not be sent.
    failed: bool,
}

impl Script for SendScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        let woken = matches!(event, Event::Connected | Event::Due);
        if event == Event::Due && self.deadline.is_over(now.instant) {
            return self.timed_out();
        }
        let mut actions = self.happened(event, now);
        self.deadline.wake(woken, &mut actions);
        actions
    }
}

impl SendScript {
    pub(crate) fn new(plan: SendPlan) -> Self {
        Self {
            deadline: Deadline::new(plan.timeout),
            plan,
            state: SendState::LoggingIn(Login::default()),
            closing: Closing::default(),
            keepalive: Keepalive::default(),
            slowed: false,
            due: None,
            waiting: None,
            sent: 0,
            failed: false,
        }
    }

    fn happened(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => {
                self.deadline.begin(now.instant);
                let look = self.look(now.instant);
                [login::lines(&self.plan.name), look].concat()
            }
            Event::Line(line) => {
                self.keepalive.heard(now.instant);
                self.line(&ServerLine::parse(&line))
            }
            Event::Input(text) => self.input(&text, now),
            Event::InputError(why) => self.unsent(why.to_string()),
            Event::InputEnded => self.leave(now.instant),
            Event::InputFailed(why) => {
                let why = format!("cannot read the input: {why}");
                vec![Action::End(ExitReason::Failed(why))]
            }
            Event::Due => match self.waiting.take() {
                Some(line) => self.send(line, now),
                None => self.look(now.instant),
            },
            Event::Lost(why) => self.lost(why),
        }
    }

    fn line(&mut self, line: &ServerLine<'_>) -> Vec<Action> {
        self.closing.on(line);
        match (&mut self.state, line) {
            (SendState::LoggingIn(login), line) => {
                let answer = login.on(line);
                self.logged_in(answer)
            }
            (_, ServerLine::Refusal(why)) => {
                self.failed = true;
                vec![Action::Tell(format!(
                    "refused: {}",
                    sanitize(&why.to_string())
                ))]
            }
            (_, ServerLine::Notice(notice @ Notice::SlowDown)) => {
                self.slowed = true;
                vec![Action::Tell(format!(
                    "{notice}; --rate keeps within what the server takes"
                ))]
            }
            (SendState::Leaving, ServerLine::Pong(Some(TAKEN)))
            | (SendState::Leaving, ServerLine::Notice(Notice::Closing(Goodbye))) => self.end(),
            _ => Vec::new(),
        }
    }

    fn logged_in(&mut self, answer: LoginAnswer) -> Vec<Action> {
        match answer {
            LoginAnswer::Awaited => Vec::new(),
            LoginAnswer::Welcome => {
                self.state = SendState::Sending;
                vec![Action::Read]
            }
            LoginAnswer::Refused(why) => vec![
                Action::Tell(login::refused(&why)),
                Action::End(ExitReason::LoginRefused),
            ],
        }
    }

    fn input(&mut self, text: &str, now: Now) -> Vec<Action> {
        let text = clean(text);
        if is_blank(&text) {
            return vec![Action::Read];
        }
        let line = match &self.plan.to {
            Some(to) => format!("W {to} {text}"),
            None => format!("MSG {text}"),
        };
        let bytes = line.len() + 1;
        if bytes > MAX_CLIENT_LINE_BYTES {
            let excess = bytes - MAX_CLIENT_LINE_BYTES;
            return self.unsent(format!("a line is {excess} bytes too long"));
        }
        match self.due {
            Some(due) if now.instant < due => {
                self.waiting = Some(line);
                vec![Action::Wake(due)]
            }
            _ => self.send(line, now),
        }
    }

    fn send(&mut self, line: String, now: Now) -> Vec<Action> {
        self.sent += 1;
        self.due = self.plan.rate.map(|rate| now.instant + rate.interval);
        vec![Action::Send(line), Action::Read]
    }

    fn unsent(&mut self, why: String) -> Vec<Action> {
        self.failed = true;
        vec![Action::Tell(format!("not sent: {why}")), Action::Read]
    }

    /// Asks for what can only be answered once everything before has been taken.
    fn leave(&mut self, now: Instant) -> Vec<Action> {
        self.state = SendState::Leaving;
        self.keepalive.heard(now);
        let last = if self.plan.confirm {
            format!("PING {TAKEN}")
        } else {
            "QUIT".to_owned()
        };
        [vec![Action::Send(last)], self.look(now)].concat()
    }

    /// Where an answer is awaited, looks whether the server is there. One that holds lines back
    /// answers when it has taken them.
    fn look(&mut self, now: Instant) -> Vec<Action> {
        if self.slowed || matches!(self.state, SendState::Sending) {
            return Vec::new();
        }
        let alive = self.keepalive.look(now);
        alive.unwrap_or_else(|| self.lost(Some(NO_ANSWER.to_owned())))
    }

    fn end(&self) -> Vec<Action> {
        vec![Action::End(if self.failed {
            ExitReason::NotConfirmed
        } else {
            ExitReason::Done
        })]
    }

    fn timed_out(&self) -> Vec<Action> {
        let told = match self.sent {
            0 => "timed out: nothing was sent".to_owned(),
            sent => format!("timed out: not confirmed ({sent} sent)"),
        };
        vec![Action::Tell(told), Action::End(ExitReason::TimedOut)]
    }

    fn lost(&self, why: Option<String>) -> Vec<Action> {
        let lost = self.closing.lost(why);
        if !self.plan.confirm || self.sent == 0 {
            return vec![Action::Tell(lost), Action::End(ExitReason::Lost)];
        }
        let told = format!("not confirmed ({} sent): {lost}", self.sent);
        vec![Action::Tell(told), Action::End(ExitReason::NotConfirmed)]
    }
}
