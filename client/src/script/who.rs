//! `wac who`: prints the names of the people online, one a line.
//!
//! It logs in only if the server tells nobody else, and there is a name.

use std::time::Duration;

use wac_core::wire::line::ServerLine;
use wac_core::wire::refusal::Refusal;

use super::{Names, Script, end_lost, end_nameless, keep_alive};
use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::protocol::clock::Now;
use crate::protocol::session::{Reply, Session};
use crate::protocol::who::{WhoAssembly, WhoPurpose};
use crate::terminal::render::sanitize;

/// The state of `wac who`.
#[derive(Debug)]
pub(crate) struct WhoScript {
    session: Session,
    answer: WhoAssembly,
    /// The names to log in under, if any.
    names: Option<Names>,
}

impl WhoScript {
    /// Creates the script; its connection is made next.
    pub(crate) fn new(names: Option<Names>) -> Self {
        Self {
            names,
            session: Session::new(Now::default()),
            answer: WhoAssembly::default(),
        }
    }

    fn ask(&mut self) -> Vec<Action> {
        self.answer.forget();
        self.answer.ask(WhoPurpose::List);
        let before = self.session.request();
        [before, "WHO".to_owned()].map(Action::Send).into()
    }

    fn line(&mut self, line: &str, now: Now) -> Vec<Action> {
        let line = ServerLine::parse(line);
        match (self.session.on(&line, now), line) {
            (Reply::Welcome(_), _) => self.ask(),
            (Reply::Refused(why), _) => self.refused(&why),
            (_, ServerLine::Notice(notice)) if !self.session.is_greeting() => {
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

    fn refused(&mut self, why: &Refusal<'_>) -> Vec<Action> {
        match (&mut self.names, why) {
            (None, Refusal::NotLoggedIn) => end_nameless(why),
            (None, _) => Vec::new(),
            (Some(names), Refusal::NotLoggedIn) => names.log_in(&mut self.session),
            (Some(names), why) => names.refused(why, &mut self.session),
        }
    }
}

impl Script for WhoScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected(_) => {
                self.session = Session::new(now);
                self.ask()
            }
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
