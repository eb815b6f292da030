//! `wac listen`: prints messages until a count or a time limit is reached.
//!
//! Without a name it receives the messages to everyone, where the server has no objection; with one it logs in, and whispers can reach
//! it. With a place it goes on where a former run ended, and tells the driver how far it has come.

use std::time::Duration;

use jiff::Timestamp;
use wac_core::wire::line::ServerLine;
use wac_core::wire::refusal::Refusal;

use super::filter::{Filter, Said};
use super::format::Format;
use super::{Names, Script, end_lost, end_nameless, keep_alive};
use crate::app::event::{Action, Event};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::protocol::catch_up::{CatchUp, Heard, Place, Progress};
use crate::protocol::clock::Now;
use crate::protocol::session::{Reply, Session};

/// Told before all that is left is printed.
const ANEW: &str = "the server's history began anew: the last lines of it follow, 1000 at most";
/// Told where nothing of the past is printed.
const NO_HISTORY: &str = "the server keeps no history: what is missed stays missed";

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
    /// Where it begins.
    pub(crate) since: Since,
}

/// Where `wac listen` begins.
#[derive(Debug)]
pub(crate) enum Since {
    /// At what is said now.
    Now,
    /// The same, but the place is kept: there is none yet, or this one.
    Place(Option<Place>),
}

/// The state of `wac listen`.
#[derive(Debug)]
pub(crate) struct ListenScript {
    plan: ListenPlan,
    session: Session,
    /// `None`: the place is not kept.
    catch_up: Option<CatchUp>,
    printed: u64,
    /// When it gives up.
    deadline: Option<Duration>,
}

impl Script for ListenScript {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected(_) => self.connected(now),
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
        let catch_up = self.catch_up.as_ref().and_then(CatchUp::due);
        let others = [self.deadline, catch_up].into_iter().flatten();
        Some(others.fold(keepalive, Duration::min))
    }
}

impl ListenScript {
    /// Creates the script; its connection is made next.
    pub(crate) fn new(mut plan: ListenPlan) -> Self {
        let catch_up = match &mut plan.since {
            Since::Now => None,
            Since::Place(place) => Some(CatchUp::at(place.take())),
        };
        Self {
            plan,
            session: Session::new(Now::default()),
            catch_up,
            printed: 0,
            deadline: None,
        }
    }

    fn connected(&mut self, now: Now) -> Vec<Action> {
        self.session = Session::new(now);
        self.deadline = self.plan.timeout.map(|timeout| now.elapsed + timeout);
        match &self.plan.names {
            Some(names) => names.log_in(&mut self.session),
            None if self.catch_up.is_none() => self.probe(),
            None => self.begin(now),
        }
    }

    /// Asks for what only a reader of the room is told: a server that has nothing for who is not logged in refuses it. The
    /// requests of the recipe do the same.
    fn probe(&mut self) -> Vec<Action> {
        let before = self.session.request();
        [before, "MARK".to_owned()].map(Action::Send).into()
    }

    /// Returns whether the server wants a name, and there is none.
    fn lacks_name(&self, line: &ServerLine<'_>) -> bool {
        let is_answer = match &self.catch_up {
            Some(catch_up) => catch_up.is_asking(),
            None => !self.session.is_greeting(),
        };
        is_answer && self.plan.names.is_none() && is_name_wanted(line)
    }

    /// Begins to catch up, once nothing is in the way.
    fn begin(&mut self, now: Now) -> Vec<Action> {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.logged_in(now.elapsed);
        }
        Vec::new()
    }

    fn line(&mut self, text: &str, now: Now) -> Vec<Action> {
        let line = ServerLine::parse(text);
        if self.lacks_name(&line) {
            return end_nameless(&Refusal::NotLoggedIn);
        }
        let Some(catch_up) = &mut self.catch_up else {
            return self.line_of_now(&line, now);
        };
        let me = self.plan.names.as_ref().map(|names| &names.name);
        match catch_up.on(text, &line, me, now.elapsed) {
            Heard::Room => {
                let said = self.line_of_now(&line, now);
                with_progress(said, Progress::Line(text.to_owned()))
            }
            Heard::Other => self.line_of_now(&line, now),
            Heard::Held => {
                self.session.on(&line, now);
                Vec::new()
            }
            heard => {
                self.session.keepalive.heard(now);
                self.caught_up(heard, now)
            }
        }
    }

    /// Takes a line that has just been said.
    fn line_of_now(&mut self, line: &ServerLine<'_>, now: Now) -> Vec<Action> {
        match self.session.on(line, now) {
            Reply::Refused(why) => match &mut self.plan.names {
                Some(names) => names.refused(&why, &mut self.session),
                None => Vec::new(),
            },
            Reply::Welcome(_) => self.begin(now),
            _ => self.print_wanted(line, now.utc),
        }
    }

    /// Takes what the server tells of the past.
    fn caught_up(&mut self, heard: Heard, now: Now) -> Vec<Action> {
        match heard {
            Heard::Marked(mark) => vec![Action::KeepPlace(Progress::Mark(Some(mark)))],
            Heard::Anew => {
                let beginning = Action::KeepPlace(Progress::Mark(None));
                vec![beginning, Action::Tell(ANEW.to_owned())]
            }
            Heard::Missed(missed) => {
                let cut = missed.kept_since.filter(|_| missed.begins).map(|since| {
                    Action::Tell(format!("what was said before {since} is no longer kept"))
                });
                let mut actions: Vec<Action> = cut.into_iter().collect();
                for past in missed.lines {
                    if self.is_done() {
                        break;
                    }
                    let line = ServerLine::parse(&past.line);
                    let said = self.print_wanted(&line, past.at.timestamp());
                    actions.extend(with_progress(said, Progress::Line(past.line)));
                }
                actions
            }
            Heard::Refused(refused) => {
                let mut actions = vec![Action::Tell(NO_HISTORY.to_owned())];
                for line in refused.held {
                    actions.extend(self.print_wanted(&ServerLine::parse(&line), now.utc));
                }
                actions
            }
            _ => Vec::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.plan.count == Some(self.printed)
    }

    fn print_wanted(&mut self, line: &ServerLine<'_>, time: Timestamp) -> Vec<Action> {
        let said = Said::of(line).filter(|said| self.plan.filter.wants(said));
        said.map_or_else(Vec::new, |said| self.print(&said, time))
    }

    fn print(&mut self, said: &Said<'_>, time: Timestamp) -> Vec<Action> {
        self.printed += 1;
        let text = self.plan.format.write(said, time);
        let mut actions = vec![Action::Show(Line::Output(text))];
        if self.is_done() {
            actions.push(Action::End(ExitReason::Done));
        }
        actions
    }

    fn tick(&mut self, now: Now) -> Vec<Action> {
        if self.deadline.is_some_and(|at| at <= now.elapsed) {
            return vec![Action::End(ExitReason::TimedOut)];
        }
        let mut actions = keep_alive(&mut self.session, now)
            .unwrap_or_else(|why| end_lost(&self.session, Some(why)));
        let request = self.catch_up.as_mut().and_then(|it| it.tick(now.elapsed));
        actions.extend(request.map(Action::Send));
        actions
    }
}

fn is_name_wanted(line: &ServerLine<'_>) -> bool {
    matches!(line, ServerLine::Refusal(Refusal::NotLoggedIn))
}

/// Has the place kept behind a line, before the end that may follow it.
fn with_progress(mut said: Vec<Action>, progress: Progress) -> Vec<Action> {
    let at = said.len() - usize::from(matches!(said.last(), Some(Action::End(_))));
    said.insert(at, Action::KeepPlace(progress));
    said
}
