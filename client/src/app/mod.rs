//! Chat application: a pure state machine over events of the server, the keyboard, the system and
//! the clock.
//!
//! [`Lifecycle`] manages the connection; entered messages are sent while there is one, and wait while
//! there is none.

mod attention;
mod backoff;
mod bell;
pub(crate) mod commands;
mod completion;
mod confirm;
pub(crate) mod event;
mod execute;
pub(crate) mod exit;
mod incoming;
mod input;
mod late_who;
mod lifecycle;
pub(crate) mod line;
pub(crate) mod mention;
pub(crate) mod messages;
mod pacer;
mod past;
mod people;
mod presence_batch;
mod scrollback;
mod sending;
pub(crate) mod settings;
pub(crate) mod target;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use wac_core::name::{Folded, Name};

use self::attention::Attention;
use self::bell::Bell;
use self::completion::Tab;
use self::confirm::Question;
use self::event::Actions;
use self::exit::ExitReason;
use self::late_who::LateWho;
use self::lifecycle::Lifecycle;
use self::line::Line;
use self::mention::Word;
use self::pacer::Pacer;
use self::people::People;
use self::presence_batch::PresenceBatch;
use self::scrollback::Scrollback;
use self::settings::{Config, Settings};
use self::target::{Node, Reached};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::text::bare;
use crate::protocol::who::WhoAssembly;

pub(crate) use self::attention::{Focus, Unread};
pub(crate) use self::confirm::leak;
pub(crate) use self::event::{Action, Event, PromptState};

/// The kind of interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A user at a terminal.
    Screen,
    /// A user at a terminal that is only appended to: entered lines stay on it, and are not shown again.
    Plain,
    /// A program: there is nobody to ask, only the server's lines are shown, and a lost connection is the
    /// end.
    Pipe,
}

/// The state of a chat.
#[derive(Debug)]
pub(crate) struct App {
    mode: Mode,
    /// The server that was connected to last.
    node: Option<Node>,
    /// The server that the user has been told of.
    told_node: Option<Node>,
    lifecycle: Lifecycle,
    attention: Attention,
    bell: Bell,
    /// The words to be highlighted.
    highlights: Vec<Folded>,
    presence_batch: PresenceBatch,
    question: Option<Question>,
    /// The mark of the row, as last set.
    marked: PromptState,
    /// Messages entered while there was no connection.
    waiting: VecDeque<OutgoingMessage>,
    /// Messages on their way, line by line.
    pacer: Pacer,
    /// The user has been warned that they would be lost, and may leave.
    warned: bool,
    people: People,
    who: WhoAssembly,
    late_who: LateWho,
    /// The user has been told who is here, and how to get help.
    introduced: bool,
    tab: Tab,
    scrollback: Scrollback,
    /// The number of messages that are to be shown again once the server has shown its own.
    recalling: Option<usize>,
    /// The people whose messages are hidden, by their [`bare`] names.
    muted: BTreeMap<String, Name>,
    /// The settings in effect, but for the bell and the muted people, which have their own places.
    settings: Settings,
}

impl App {
    /// Creates a client that is being connected, and will log in under its name or ask for one.
    pub(crate) fn new(mode: Mode, config: &Config, jitter: Rng) -> Self {
        Self {
            mode,
            node: None,
            told_node: None,
            lifecycle: Lifecycle::new(mode, config, jitter),
            attention: Attention::new(),
            bell: Bell::new(config.settings.bell),
            highlights: config.settings.highlight.iter().map(Word::folded).collect(),
            presence_batch: PresenceBatch::default(),
            question: None,
            marked: PromptState::Here,
            waiting: VecDeque::new(),
            pacer: Pacer::default(),
            warned: false,
            people: People::default(),
            who: WhoAssembly::default(),
            late_who: LateWho::default(),
            introduced: false,
            tab: Tab::default(),
            scrollback: Scrollback::default(),
            recalling: None,
            muted: config
                .settings
                .mute
                .iter()
                .map(|name| (bare(name.as_str()), name.clone()))
                .collect(),
            settings: config.settings.clone(),
        }
    }

    /// Returns when the next [`Event::Tick`] is due.
    pub(crate) fn due(&self) -> Duration {
        let to_send = [self.pacer.due(), self.late_who.due()];
        let to_send = to_send
            .into_iter()
            .filter(|_| self.lifecycle.takes_messages());
        let others = [self.presence_batch.due(), self.past_due()];
        let others = to_send.chain(others).flatten();
        others.fold(self.lifecycle.due(), Duration::min)
    }

    /// Takes an event; returns the actions to perform.
    pub(crate) fn on(&mut self, event: Event, now: Now) -> Vec<Action> {
        let mut out = Vec::new();
        match event {
            Event::Connected(at) => self.connected(at, now, &mut out),
            Event::Unreachable(why) => self.lifecycle.unreachable(&why, now, &mut out),
            Event::Untrusted(why) => self.lifecycle.untrusted(&why, &mut out),
            Event::Line(line) => self.line(&line, now, &mut out),
            Event::Entered(text) => self.entered(&text, now, &mut out),
            Event::Password(password) => self.lifecycle.password(password, now, &mut out),
            Event::InputError(why) => out.tell(messages::unusable(why)),
            Event::Interrupted => self.interrupted(now, &mut out),
            Event::Cleared => self.question = None,
            Event::InputEnded => self.input_ended(now, &mut out),
            Event::Lost { why, unsent } => self.lost(why, &unsent, now, &mut out),
            Event::OutputClosed => out.push(Action::End(ExitReason::Done)),
            Event::Focus(focus) => self.attention.focus(focus),
            Event::Key => self.attention.key(now.elapsed),
            Event::Tick => self.tick(now, &mut out),
        }
        self.pace(now, &mut out);
        self.flush_presence(&mut out);
        self.mark(&mut out);
        self.count_unread(&mut out);
        self.remember(&out, now);
        out
    }

    /// Returns the text that Tab puts in place of the text before the cursor.
    pub(crate) fn complete(&mut self, before: &str) -> Option<String> {
        self.tab.next(before, &self.people, self.lifecycle.name())
    }

    /// Returns the text that a space puts in place of the text before the cursor: the recipient of
    /// `/r` is fixed, so that a whisper that arrives meanwhile does not redirect it.
    pub(crate) fn freeze(&self, before: &str) -> Option<String> {
        let to = self.people.last_whisperer().filter(|_| before == "/r")?;
        Some(format!("/w {to} "))
    }

    /// Shows a user who is about to be asked for a name where they are.
    fn connected(&mut self, at: Reached, now: Now, out: &mut Vec<Action>) {
        if self.lifecycle.name().is_none() {
            out.show(Line::Back(messages::connected_unnamed(&at.node)));
        }
        self.node = Some(at.node);
        self.lifecycle.connected(at.others, now, out);
    }

    /// Returns whether a user who has given a name has never been logged in.
    pub(crate) fn waits_for_login(&self) -> bool {
        self.lifecycle.name().is_some() && !self.lifecycle.has_chatted()
    }

    /// Returns whether a line, entered now, would answer the question about a paste.
    pub(crate) fn is_answer(&self, line: &str) -> bool {
        let asked = matches!(self.question, Some(Question::Paste(_)));
        asked && confirm::choice(line).is_some()
    }

    /// Returns a note for the end about messages that were never sent, if there are any.
    pub(crate) fn left_behind(&self, unsent: &[String]) -> Option<String> {
        let unsent = unsent
            .iter()
            .filter_map(|line| OutgoingMessage::from_line(line));
        match self.waiting.len() + self.pacer.len() + unsent.count() {
            0 => None,
            lines => Some(messages::left_behind(lines)),
        }
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Action>) {
        let changes = self.presence_batch.flush_due(now.elapsed);
        out.extend(changes.map(|changes| Action::Show(Line::Presence(changes))));
        self.lifecycle.tick(now, out);
        self.tick_past(now, out);
        if self.lifecycle.takes_messages() {
            self.ask_late_who(now, out);
        }
    }

    /// Marks the row before anything is shown, since that redraws it.
    fn mark(&mut self, out: &mut Vec<Action>) {
        let prompt_state = match self.question {
            _ if self.lifecycle.asks_password() => PromptState::Password,
            Some(_) => PromptState::Asked,
            None if self.lifecycle.is_closed() && self.marked != PromptState::Password => {
                self.marked
            }
            None if self.lifecycle.is_away() => PromptState::Away,
            None => PromptState::Here,
        };
        if prompt_state != self.marked {
            self.marked = prompt_state;
            out.insert(0, Action::Mark(prompt_state));
        }
    }

    /// Reports the unread lines before the last of them is shown, since that redraws the title.
    fn count_unread(&mut self, out: &mut Vec<Action>) {
        if let Some(unread) = self.attention.changed() {
            out.insert(0, Action::CountUnread(unread));
        }
    }

    fn remember(&mut self, out: &[Action], now: Now) {
        for action in out {
            if let Action::Show(line) | Action::Ring(line) | Action::Log(line) = action {
                self.scrollback.keep(now.local, line);
            }
        }
    }

    /// Shows the held joins and leaves before the lines that came after them.
    fn flush_presence(&mut self, out: &mut Vec<Action>) {
        let shows = |action: &Action| match action {
            Action::Show(Line::Presence(_)) => false,
            Action::Show(_) | Action::Ring(_) | Action::Tell(_) => true,
            _ => false,
        };
        if out.iter().any(shows)
            && let Some(changes) = self.presence_batch.flush()
        {
            out.insert(0, Action::Show(Line::Presence(changes)));
        }
    }

    /// Keeps the messages that were not sent, before those entered from now on.
    fn lost(&mut self, why: Option<String>, unsent: &[String], now: Now, out: &mut Vec<Action>) {
        let unsent = unsent
            .iter()
            .filter_map(|line| OutgoingMessage::from_line(line));
        let unsent: Vec<OutgoingMessage> = unsent.collect();
        self.who.forget();
        self.late_who = LateWho::default();
        self.recalled(&[], now, out);
        self.lifecycle.not_sent(&unsent);
        self.lifecycle.lost(why, now, out);
        self.show_waiting(&unsent, out);
        self.waiting.extend(unsent);
        self.stop_pacing(out);
    }
}

#[cfg(test)]
mod tests;
