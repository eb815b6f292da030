//! `wac who`: prints the names of the people online, one a line.

use std::time::Instant;

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::who::Online;

use super::closing::Closing;
use super::keepalive::{Keepalive, NO_ANSWER};
use super::{Action, Event, GREETED, Now, Script};
use crate::app::exit::ExitReason;
use crate::terminal::render::sanitize;

/// The mind of `wac who`.
#[derive(Debug, Default)]
pub(crate) struct WhoScript {
    /// The greeting is over: a list that comes now is the answer.
    greeted: bool,
    /// Names that the list announced and that have not come; `None` before it begins.
    missing: Option<usize>,
    closing: Closing,
    keepalive: Keepalive,
}

impl Script for WhoScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => self.ask(now.instant),
            Event::Line(line) => {
                self.keepalive.heard(now.instant);
                self.line(&ServerLine::parse(&line))
            }
            Event::Due => self.look(now.instant),
            Event::Lost(why) => self.lost(why),
            // It reads no input.
            _ => Vec::new(),
        }
    }
}

impl WhoScript {
    fn ask(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = vec![
            Action::Send(format!("PING {GREETED}")),
            Action::Send("WHO".to_owned()),
        ];
        actions.extend(self.look(now));
        actions
    }

    fn look(&mut self, now: Instant) -> Vec<Action> {
        let alive = self.keepalive.look(now);
        alive.unwrap_or_else(|| self.lost(Some(NO_ANSWER.to_owned())))
    }

    fn line(&mut self, line: &ServerLine<'_>) -> Vec<Action> {
        self.closing.on(line);
        match line {
            ServerLine::Pong(Some(GREETED)) => self.greeted = true,
            ServerLine::Notice(Notice::Online(online)) if self.greeted => {
                return self.online(online);
            }
            _ => {}
        }
        Vec::new()
    }

    fn online(&mut self, online: &Online<'_>) -> Vec<Action> {
        let Some(missing) = online.announced.or(self.missing) else {
            return Vec::new();
        };
        let print = |name| Action::Print(sanitize(name));
        let mut actions: Vec<Action> = online.names().map(print).collect();
        let missing = missing.saturating_sub(actions.len());
        self.missing = Some(missing);
        if missing == 0 {
            actions.push(Action::End(ExitReason::Done));
        }
        actions
    }

    fn lost(&self, why: Option<String>) -> Vec<Action> {
        vec![
            Action::Tell(self.closing.lost(why)),
            Action::End(ExitReason::Lost),
        ]
    }
}
