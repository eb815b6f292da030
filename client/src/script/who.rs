//! `wac who`: prints the names of the people online, one a line.

use std::time::Duration;

use wac_core::wire::line::ServerLine;

use super::{Script, end_lost, keep_alive};
use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::protocol::clock::Now;
use crate::protocol::session::Session;
use crate::protocol::who::{WhoAssembly, WhoPurpose};
use crate::terminal::render::sanitize;

/// The state of `wac who`.
#[derive(Debug)]
pub(crate) struct WhoScript {
    session: Session,
    answer: WhoAssembly,
}

impl WhoScript {
    /// Creates the script; its connection is made next.
    pub(crate) fn new() -> Self {
        Self {
            session: Session::new(Now::default()),
            answer: WhoAssembly::default(),
        }
    }

    fn ask(&mut self, now: Now) -> Vec<Action> {
        self.session = Session::new(now);
        self.answer.ask(WhoPurpose::List);
        let before = self.session.request();
        [before, "WHO".to_owned()].map(Action::Send).into()
    }

    fn line(&mut self, line: &str, now: Now) -> Vec<Action> {
        let line = ServerLine::parse(line);
        self.session.on(&line, now);
        match line {
            ServerLine::Notice(notice) if !self.session.is_greeting() => {
                let reply = self.answer.take(&notice);
                reply.map_or_else(Vec::new, |reply| {
                    let print = |name: String| Action::Show(Line::Output(sanitize(&name)));
                    let end = reply.whole.map(|_| Action::End(ExitReason::Done));
                    reply.names.into_iter().map(print).chain(end).collect()
                })
            }
            _ => Vec::new(),
        }
    }
}

impl Script for WhoScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => self.ask(now),
            Event::Line(line) => self.line(&line, now),
            Event::Tick => keep_alive(&mut self.session, now)
                .unwrap_or_else(|why| end_lost(&self.session, Some(why))),
            Event::Lost { why, .. } => end_lost(&self.session, why),
            Event::OutputClosed => vec![Action::End(ExitReason::Done)],
            // It reads no input.
            _ => Vec::new(),
        }
    }

    fn due(&self) -> Option<Duration> {
        Some(self.session.keepalive.due())
    }
}
