//! `wac listen`: prints messages until a count or a time limit is reached.
//!
//! Without a name it receives the messages to everyone; with one it logs in, and whispers can reach
//! it.

use std::time::Duration;

use wac_core::wire::line::ServerLine;

use super::filter::{Filter, Said};
use super::format::Format;
use super::{Names, Script, end_lost, keep_alive};
use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::protocol::clock::Now;
use crate::protocol::session::{Reply, Session};

/// The task of `wac listen`.
#[derive(Debug)]
pub(crate) struct ListenPlan {
    /// The names to log in under, if any.
    pub(crate) names: Option<Names>,
    pub(crate) filter: Filter,
    pub(crate) format: Format,
    /// Number of messages after which it ends well; `None`: it goes on.
    pub(crate) count: Option<u64>,
    /// Time after the connection at which it gives up; `None`: never.
    pub(crate) timeout: Option<Duration>,
}

/// The state of `wac listen`.
#[derive(Debug)]
pub(crate) struct ListenScript {
    plan: ListenPlan,
    session: Session,
    printed: u64,
    /// When it gives up.
    deadline: Option<Duration>,
}

impl Script for ListenScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => self.connected(now),
            Event::Line(line) => self.line(&line, now),
            Event::Tick => self.tick(now),
            Event::Lost { why, .. } => end_lost(&self.session, why),
            Event::OutputClosed => vec![Action::End(ExitReason::Done)],
            // It reads no input.
            _ => Vec::new(),
        }
    }

    fn due(&self) -> Option<Duration> {
        let keepalive = self.session.keepalive.due();
        Some(self.deadline.map_or(keepalive, |at| at.min(keepalive)))
    }
}

impl ListenScript {
    /// Creates the script; its connection is made next.
    pub(crate) fn new(plan: ListenPlan) -> Self {
        Self {
            plan,
            session: Session::new(Now::default()),
            printed: 0,
            deadline: None,
        }
    }

    fn connected(&mut self, now: Now) -> Vec<Action> {
        self.session = Session::new(now);
        self.deadline = self.plan.timeout.map(|timeout| now.elapsed + timeout);
        match &self.plan.names {
            Some(names) => names.log_in(&mut self.session),
            None => Vec::new(),
        }
    }

    fn line(&mut self, line: &str, now: Now) -> Vec<Action> {
        let line = ServerLine::parse(line);
        match (self.session.on(&line, now), Said::of(&line)) {
            (Reply::Refused(why), _) => match &mut self.plan.names {
                Some(names) => names.refused(&why, &mut self.session),
                None => Vec::new(),
            },
            (_, Some(said)) if self.plan.filter.wants(&said) => self.print(&said, now),
            _ => Vec::new(),
        }
    }

    fn print(&mut self, said: &Said<'_>, now: Now) -> Vec<Action> {
        self.printed += 1;
        let text = self.plan.format.write(said, now.utc);
        let mut actions = vec![Action::Show(Line::Output(text))];
        if self.plan.count == Some(self.printed) {
            actions.push(Action::End(ExitReason::Done));
        }
        actions
    }

    fn tick(&mut self, now: Now) -> Vec<Action> {
        if self.deadline.is_some_and(|at| at <= now.elapsed) {
            return vec![Action::End(ExitReason::TimedOut)];
        }
        keep_alive(&mut self.session, now).unwrap_or_else(|why| end_lost(&self.session, Some(why)))
    }
}
