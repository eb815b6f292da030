//! `wac listen`: prints messages until a count or a time limit is reached.
//!
//! Without a name it hears all that is said to everyone; with one it logs in, and whispers can reach
//! it.

use std::time::{Duration, Instant};

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;

use super::closing::Closing;
use super::deadline::Deadline;
use super::filter::{Filter, Said};
use super::format::Format;
use super::keepalive::{Keepalive, NO_ANSWER};
use super::login::{self, Login, LoginAnswer};
use super::{Action, Event, Now, Script};
use crate::app::exit::ExitReason;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct ListenPlan {
    /// Under which name; `None`: under none.
    pub(crate) name: Option<Name>,
    /// What is printed.
    pub(crate) filter: Filter,
    /// How it is printed.
    pub(crate) format: Format,
    /// Ends well after so many; `None`: goes on.
    pub(crate) count: Option<u64>,
    /// Gives up so long after it has connected; `None`: never.
    pub(crate) timeout: Option<Duration>,
}

/// The mind of `wac listen`.
#[derive(Debug)]
pub(crate) struct ListenScript {
    plan: ListenPlan,
    /// A login whose answer is awaited.
    login: Option<Login>,
    closing: Closing,
    printed: u64,
    keepalive: Keepalive,
    deadline: Deadline,
}

impl Script for ListenScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => self.connected(now.instant),
            Event::Line(line) => {
                self.keepalive.heard(now.instant);
                self.line(&ServerLine::parse(&line), now)
            }
            Event::Due => self.due(now.instant),
            Event::Lost(why) => self.lost(why),
            // It reads no input.
            _ => Vec::new(),
        }
    }
}

impl ListenScript {
    pub(crate) fn new(plan: ListenPlan) -> Self {
        let deadline = Deadline::new(plan.timeout);
        Self {
            login: plan.name.is_some().then(Login::default),
            plan,
            closing: Closing::default(),
            printed: 0,
            keepalive: Keepalive::default(),
            deadline,
        }
    }

    fn connected(&mut self, now: Instant) -> Vec<Action> {
        self.deadline.begin(now);
        let mut actions = self.plan.name.as_ref().map_or_else(Vec::new, login::lines);
        actions.extend(self.due(now));
        actions
    }

    fn line(&mut self, line: &ServerLine<'_>, now: Now) -> Vec<Action> {
        self.closing.on(line);
        if let Some(said) = Said::of(line) {
            return self.said(&said, now);
        }
        match self.login.as_mut().map(|login| login.on(line)) {
            Some(LoginAnswer::Welcome) => self.login = None,
            Some(LoginAnswer::Refused(why)) => {
                let told = Action::Tell(login::refused(&why));
                return vec![told, Action::End(ExitReason::LoginRefused)];
            }
            Some(LoginAnswer::Awaited) | None => {}
        }
        Vec::new()
    }

    fn said(&mut self, said: &Said<'_>, now: Now) -> Vec<Action> {
        if !self.plan.filter.wants(said) {
            return Vec::new();
        }
        self.printed += 1;
        let mut actions = vec![Action::Print(self.plan.format.write(said, now.time))];
        if self.plan.count == Some(self.printed) {
            actions.push(Action::End(ExitReason::Done));
        }
        actions
    }

    /// Looks at the clock, and asks for the next time.
    fn due(&mut self, now: Instant) -> Vec<Action> {
        if self.deadline.is_over(now) {
            return vec![Action::End(ExitReason::TimedOut)];
        }
        let Some(mut actions) = self.keepalive.look(now) else {
            return self.lost(Some(NO_ANSWER.to_owned()));
        };
        self.deadline.wake(true, &mut actions);
        actions
    }

    fn lost(&self, why: Option<String>) -> Vec<Action> {
        vec![
            Action::Tell(self.closing.lost(why)),
            Action::End(ExitReason::Lost),
        ]
    }
}
