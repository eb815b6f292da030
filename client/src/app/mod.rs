//! Chat application: a pure state machine over events of the server, the keyboard, the system and
//! the clock.
//!
//! [`Life`] manages the connection; entered messages are sent while there is one, and wait while
//! there is none.

mod backoff;
mod bell;
pub(crate) mod commands;
mod completion;
mod confirm;
mod execute;
pub(crate) mod exit;
mod incoming;
pub(crate) mod input;
mod life;
pub(crate) mod line;
mod mention;
mod messages;
pub(crate) mod parse;
mod people;
mod presence_batch;
mod scrollback;
pub(crate) mod settings;
pub(crate) mod target;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use wac_core::name::{Folded, Name};

use self::bell::Bell;
use self::completion::Tab;
use self::confirm::{PasteChoice, Question};
use self::exit::ExitReason;
use self::input::InputError;
use self::life::Life;
use self::line::Line;
use self::people::People;
use self::presence_batch::PresenceBatch;
use self::scrollback::Scrollback;
use self::settings::{Config, Reconnect, TimeDisplay};
use self::target::Address;
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::who::WhoAssembly;

pub(crate) use self::backoff::Jitter;
pub(crate) use self::confirm::looks_like_whisper;

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// The connection stands.
    Connected,
    /// There is no connection to be had: what the system says.
    Unreachable(&'a str),
    /// The server sent a line; its ending is taken off.
    Line(&'a str),
    /// The person entered a line, or a paste of several.
    Entered(&'a str),
    /// The input holds a line that cannot be taken.
    InputError(InputError),
    /// Ctrl-C on an empty line.
    Interrupted,
    /// Ctrl-C on a line that was being typed.
    Cleared,
    /// Ctrl-D on an empty line, or the end of the input.
    InputEnded,
    /// The connection is gone.
    Lost {
        /// What the system says, unless it was closed in order.
        why: Option<String>,
        /// The lines that were not given to it any more.
        unsent: Vec<String>,
    },
    /// Time has passed.
    Tick,
}

/// What is to be done, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send a line to the server; its ending is added.
    Send(String),
    /// Show a line.
    Show(Line),
    /// Show a line, and ring the bell.
    Ring(Line),
    /// Log a line that the screen has already, or is not to have.
    Log(Line),
    /// Show a word of our own.
    Tell(String),
    /// Ask for a name.
    Ask,
    /// Let the person chat under this name.
    Chat(Name),
    /// Mark the row that is being typed.
    Mark(PromptState),
    /// Show the time so, from now on.
    Time(TimeDisplay),
    /// Leave what was entered in the row.
    Keep,
    /// Connect.
    Dial,
    /// End the connection.
    HangUp,
    /// End.
    End(ExitReason),
}

/// Whether what is entered is sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptState {
    /// It is.
    Here,
    /// There is no connection: it waits.
    Away,
    /// It is the answer to a question.
    Asked,
}

/// Who is there to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A person at a terminal.
    Screen,
    /// A person at a terminal that keeps what was typed: it is not shown again.
    Plain,
    /// A program: nobody to ask, nothing to show but what the server says, and nothing to wait for.
    Pipe,
}

/// The client's mind.
#[derive(Debug)]
pub(crate) struct App {
    mode: Mode,
    host: Address,
    life: Life,
    bell: Bell,
    presence_batch: PresenceBatch,
    question: Option<Question>,
    /// How the row is marked.
    marked: PromptState,
    /// What was entered while there was no connection.
    waiting: VecDeque<OutgoingMessage>,
    /// The person was told that it would be lost, and may leave.
    warned: bool,
    people: People,
    who: WhoAssembly,
    /// The person has been told who is here, and how to get help.
    introduced: bool,
    tab: Tab,
    scrollback: Scrollback,
    /// Who is not listened to.
    muted: BTreeMap<Folded, String>,
}

impl App {
    /// A client that is being connected, and will log in under its name or ask for one.
    pub(crate) fn new(mode: Mode, config: &Config, jitter: Jitter) -> Self {
        let settings = &config.settings;
        let reconnect = match mode {
            Mode::Screen | Mode::Plain => settings.reconnect,
            Mode::Pipe => Reconnect::Times(0),
        };
        Self {
            mode,
            host: config.host.clone(),
            life: Life::new(mode, config.name.clone(), reconnect, jitter),
            bell: Bell::new(settings.bell),
            presence_batch: PresenceBatch::default(),
            question: None,
            marked: PromptState::Here,
            waiting: VecDeque::new(),
            warned: false,
            people: People::default(),
            who: WhoAssembly::default(),
            introduced: false,
            tab: Tab::default(),
            scrollback: Scrollback::default(),
            muted: BTreeMap::new(),
        }
    }

    /// Returns when the next [`Event::Tick`] is wanted, at the latest.
    pub(crate) fn due(&self) -> Duration {
        self.presence_batch
            .due()
            .map_or(self.life.due(), |due| due.min(self.life.due()))
    }

    /// Takes note of what has happened, and returns what is to be done.
    pub(crate) fn on(&mut self, event: Event<'_>, now: Now) -> Vec<Action> {
        let mut out = Vec::new();
        match event {
            Event::Connected => self.connected(now, &mut out),
            Event::Unreachable(why) => self.life.unreachable(why, now, &mut out),
            Event::Line(line) => self.line(line, now, &mut out),
            Event::Entered(text) => self.entered(text, now, &mut out),
            Event::InputError(why) => out.push(Action::Tell(messages::unusable(why))),
            Event::Interrupted => self.interrupted(now, &mut out),
            Event::Cleared => self.question = None,
            Event::InputEnded => self.input_ended(now, &mut out),
            Event::Lost { why, unsent } => self.lost(why, &unsent, now, &mut out),
            Event::Tick => self.tick(now, &mut out),
        }
        self.unfold(&mut out);
        self.mark(&mut out);
        self.remember(&out, now);
        out
    }

    /// Returns what Tab puts before the cursor instead of what stands there.
    pub(crate) fn complete(&mut self, before: &str) -> Option<String> {
        self.tab.next(before, &self.people, self.life.name())
    }

    /// Returns what is to stand before the cursor once its command is complete: the addressee of
    /// `/r` is frozen, lest a whisper that comes meanwhile redirects it.
    pub(crate) fn freeze(&self, before: &str) -> Option<String> {
        let to = self.people.last_whisperer().filter(|_| before == "/r")?;
        Some(format!("/w {to} "))
    }

    /// Whoever is to be asked for a name is told where.
    fn connected(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.life.name().is_none() {
            let line = Line::Back(messages::connected_unnamed(&self.host));
            out.push(Action::Show(line));
        }
        self.life.connected(now, out);
    }

    /// Tells whether a line, entered now, answers the question of a paste.
    pub(crate) fn is_answer(&self, line: &str) -> bool {
        let asked = matches!(self.question, Some(Question::Paste(_)));
        asked && confirm::answer(line) != PasteChoice::Unclear
    }

    /// Returns what is to be said at the end of what was never sent, if there is anything.
    pub(crate) fn left_behind(&self, unsent: &[String]) -> Option<String> {
        let unsent = unsent
            .iter()
            .filter_map(|line| OutgoingMessage::from_line(line));
        match self.waiting.len() + unsent.count() {
            0 => None,
            lines => Some(messages::left_behind(lines)),
        }
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Action>) {
        let changes = self.presence_batch.flush_due(now.elapsed);
        out.extend(changes.map(|changes| Action::Show(Line::Presence(changes))));
        self.life.tick(now, out);
    }

    /// The row is marked before anything is shown, for then it is drawn again.
    fn mark(&mut self, out: &mut Vec<Action>) {
        let prompt_state = match self.question {
            Some(_) => PromptState::Asked,
            None if self.life.is_closed() => self.marked,
            None if self.life.is_away() => PromptState::Away,
            None => PromptState::Here,
        };
        if prompt_state != self.marked {
            self.marked = prompt_state;
            out.insert(0, Action::Mark(prompt_state));
        }
    }

    fn remember(&mut self, out: &[Action], now: Now) {
        for action in out {
            if let Action::Show(line) | Action::Ring(line) | Action::Log(line) = action {
                self.scrollback.keep(now.local, line);
            }
        }
    }

    /// Joins and leaves are shown before what came after them.
    fn unfold(&mut self, out: &mut Vec<Action>) {
        let shows =
            |action: &Action| matches!(action, Action::Show(_) | Action::Ring(_) | Action::Tell(_));
        if out.iter().any(shows)
            && let Some(changes) = self.presence_batch.flush()
        {
            out.insert(0, Action::Show(Line::Presence(changes)));
        }
    }

    /// What was entered last and never left waits with what is entered next.
    fn lost(&mut self, why: Option<String>, unsent: &[String], now: Now, out: &mut Vec<Action>) {
        let unsent = unsent
            .iter()
            .filter_map(|line| OutgoingMessage::from_line(line));
        self.waiting.extend(unsent);
        self.who.forget();
        self.life.lost(why, now, out);
    }
}

#[cfg(test)]
mod tests;
