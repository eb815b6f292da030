//! `wac listen`: prints what is said, until there is enough of it or the time is over.
//!
//! Without a name it hears all that is said to everyone; with one it logs in, and whispers can reach
//! it.

use std::time::{Duration, Instant};

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;

use super::closing::Closing;
use super::deadline::Deadline;
use super::filter::{Filter, Said};
use super::form::Form;
use super::login::{self, Answer, Login};
use super::silence::{NO_ANSWER, Silence};
use super::{Action, Event, Now, Script};
use crate::args::script::ListenArgs;
use crate::exit::Ending;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    /// Under which name; `None`: under none.
    pub(super) name: Option<Name>,
    /// What is printed.
    pub(super) filter: Filter,
    /// How it is printed.
    pub(super) form: Form,
    /// Ends well after so many; `None`: goes on.
    pub(super) count: Option<u64>,
    /// Gives up so long after it has connected; `None`: never.
    pub(super) timeout: Option<Duration>,
}

impl Plan {
    /// Returns what was typed as a plan.
    pub(super) fn new(args: &ListenArgs, name: Option<Name>) -> Self {
        let form = match &args.format {
            Some(format) => Form::Format(format.clone()),
            None if args.json => Form::Json,
            None => Form::Wire,
        };
        Self {
            name,
            filter: Filter {
                from: args.from.clone(),
                pattern: args.pattern.clone(),
                whispers: args.whispers,
            },
            form,
            count: args.count,
            timeout: args.timeout.map(Into::into),
        }
    }
}

/// The mind of `wac listen`.
#[derive(Debug)]
pub(super) struct Listen {
    plan: Plan,
    /// A login whose answer is awaited.
    login: Option<Login>,
    closing: Closing,
    printed: u64,
    silence: Silence,
    deadline: Deadline,
}

impl Script for Listen {
    fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Connected => self.connected(now.instant),
            Event::Line(line) => {
                self.silence.heard(now.instant);
                self.line(&ServerLine::parse(&line), now)
            }
            Event::Due => self.due(now.instant),
            Event::Lost(why) => self.lost(why),
            // It reads no input.
            _ => Vec::new(),
        }
    }
}

impl Listen {
    pub(super) fn new(plan: Plan) -> Self {
        let deadline = Deadline::new(plan.timeout);
        Self {
            login: plan.name.is_some().then(Login::default),
            plan,
            closing: Closing::default(),
            printed: 0,
            silence: Silence::default(),
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
            Some(Answer::Welcome) => self.login = None,
            Some(Answer::Refused(why)) => {
                let told = Action::Tell(login::refused(&why));
                return vec![told, Action::End(Ending::LoginRefused)];
            }
            Some(Answer::Awaited) | None => {}
        }
        Vec::new()
    }

    fn said(&mut self, said: &Said<'_>, now: Now) -> Vec<Action> {
        if !self.plan.filter.wants(said) {
            return Vec::new();
        }
        self.printed += 1;
        let mut actions = vec![Action::Print(self.plan.form.write(said, now.time))];
        if self.plan.count == Some(self.printed) {
            actions.push(Action::End(Ending::Done));
        }
        actions
    }

    /// Looks at the clock, and asks for the next time.
    fn due(&mut self, now: Instant) -> Vec<Action> {
        if self.deadline.is_over(now) {
            return vec![Action::End(Ending::TimedOut)];
        }
        let Some(mut actions) = self.silence.look(now) else {
            return self.lost(Some(NO_ANSWER.to_owned()));
        };
        self.deadline.wake(true, &mut actions);
        actions
    }

    fn lost(&self, why: Option<String>) -> Vec<Action> {
        vec![
            Action::Tell(self.closing.lost(why)),
            Action::End(Ending::Lost),
        ]
    }
}
