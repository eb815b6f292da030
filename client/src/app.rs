//! Decides what happens: a pure machine over what comes from the server, the keys, the system and
//! the clock.
//!
//! Whether there is a connection is the business of its [`life`]; what is typed is sent while there
//! is one, and waits while there is none.

mod bell;
mod fold;
mod guard;
mod jitter;
mod life;
mod mention;
mod speech;
mod words;

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use wac_core::line::ServerLine;
use wac_core::name::Name;

use self::bell::Bell;
use self::fold::Fold;
use self::guard::{Answer, Question};
use self::life::{Heard, Life};
use self::speech::{Speech, Unsendable};
use crate::clock::Now;
use crate::entry::Entry;
use crate::exit::Ending;
use crate::line::{Chime, Line, Mention};
use crate::settings::{Reconnect, Settings};

pub use self::jitter::Jitter;

/// The most lines that wait for a connection: as many as wait to be sent.
const MAX_WAITING: usize = 1000;

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// The connection stands.
    Connected,
    /// There is no connection to be had: what the system says.
    Unreachable(&'a str),
    /// The server sent a line; its ending is taken off.
    Line(&'a str),
    /// The person entered a line, or a paste of several.
    Entered(&'a str),
    /// The input holds a line that is not UTF-8.
    NotText,
    /// Ctrl-C on an empty line.
    Interrupted,
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
pub enum Action {
    /// Send a line to the server; its ending is added.
    Send(String),
    /// Show a line.
    Show(Line),
    /// Show a line, and ring the bell.
    Ring(Line),
    /// Show a word of our own.
    Tell(String),
    /// Ask for a name.
    Ask,
    /// Let the person chat under this name.
    Chat(Name),
    /// Mark the row that is being typed.
    Mark(Presence),
    /// Leave what was entered in the row.
    Keep,
    /// Connect.
    Dial,
    /// End the connection.
    HangUp,
    /// End.
    End(Ending),
}

/// Whether what is entered is sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// There is no connection: it waits.
    Away,
    /// It is the answer to a question.
    Asked,
}

/// Who is there to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A person at a terminal, who can be asked.
    Screen,
    /// A program: nobody to ask, nothing to show but what the server says, and nothing to wait for.
    Pipe,
}

/// The client's mind.
#[derive(Debug)]
pub struct App {
    manner: Manner,
    life: Life,
    bell: Bell,
    fold: Fold,
    question: Option<Question>,
    /// How the row is marked.
    marked: Presence,
    /// What was entered while there was no connection.
    waiting: VecDeque<Speech>,
}

impl App {
    /// A client that is being connected, and will log in under the name or ask for one.
    pub fn new(manner: Manner, name: Option<Name>, settings: &Settings, jitter: Jitter) -> Self {
        let reconnect = match manner {
            Manner::Screen => settings.reconnect,
            Manner::Pipe => Reconnect::Times(0),
        };
        Self {
            manner,
            life: Life::new(manner, name, reconnect, jitter),
            bell: Bell::new(settings.bell),
            fold: Fold::default(),
            question: None,
            marked: Presence::Here,
            waiting: VecDeque::new(),
        }
    }

    /// Returns when the next [`Event::Tick`] is wanted, at the latest.
    pub fn due(&self) -> Duration {
        self.fold
            .due()
            .map_or(self.life.due(), |due| due.min(self.life.due()))
    }

    /// Takes note of what has happened, and returns what is to be done.
    pub fn on(&mut self, event: Event<'_>, now: Now) -> Vec<Action> {
        let mut out = Vec::new();
        match event {
            Event::Connected => self.life.connected(now, &mut out),
            Event::Unreachable(why) => self.life.unreachable(why, now, &mut out),
            Event::Line(line) => self.line(line, now, &mut out),
            Event::Entered(text) => self.entered(text, now, &mut out),
            Event::NotText => out.push(Action::Tell(words::NOT_TEXT.into())),
            Event::Interrupted => self.interrupted(now, &mut out),
            Event::InputEnded => self.life.leave(now, &mut out),
            Event::Lost { why, unsent } => self.lost(why, &unsent, now, &mut out),
            Event::Tick => self.tick(now, &mut out),
        }
        self.unfold(&mut out);
        self.mark(&mut out);
        out
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Action>) {
        let moves = self.fold.flush_due(now.elapsed);
        out.extend(moves.map(|moves| Action::Show(Line::Came(moves))));
        self.life.tick(now, out);
    }

    /// The row is marked before anything is shown, for then it is drawn again.
    fn mark(&mut self, out: &mut Vec<Action>) {
        let presence = match self.question {
            Some(_) => Presence::Asked,
            None if self.life.is_closed() => self.marked,
            None if self.life.is_away() => Presence::Away,
            None => Presence::Here,
        };
        if presence != self.marked {
            self.marked = presence;
            out.insert(0, Action::Mark(presence));
        }
    }

    /// Joins and leaves are shown before what came after them.
    fn unfold(&mut self, out: &mut Vec<Action>) {
        let shows =
            |action: &Action| matches!(action, Action::Show(_) | Action::Ring(_) | Action::Tell(_));
        if out.iter().any(shows)
            && let Some(moves) = self.fold.flush()
        {
            out.insert(0, Action::Show(Line::Came(moves)));
        }
    }

    fn line(&mut self, line: &str, now: Now, out: &mut Vec<Action>) {
        let parsed = ServerLine::parse(line);
        let was_online = self.life.is_online();
        let at = out.len();
        if self.life.line(&parsed, now, out) == Heard::Theirs {
            let shown = match self.manner {
                Manner::Screen => self.shown(line, &parsed, now),
                Manner::Pipe => Some(Action::Show(Line::Wire(line.to_owned()))),
            };
            out.splice(at..at, shown);
        }
        if !was_online && self.life.is_online() && !self.waiting.is_empty() {
            out.push(Action::Tell(words::still_waiting(self.waiting.len())));
        }
    }

    /// Returns how a line of the server is shown to a person.
    fn shown(&mut self, line: &str, parsed: &ServerLine<'_>, now: Now) -> Option<Action> {
        let (line, chime) = match *parsed {
            ServerLine::Message { name, text } => self.message(name, text, now),
            ServerLine::Whisper { name, text } => {
                let (from, text) = (name.to_owned(), text.to_owned());
                let chime = self.bell.of_whisper(now.elapsed);
                (Line::Heard { from, text }, chime)
            }
            ServerLine::Notice(notice) if self.fold.take(notice, now.elapsed) => return None,
            ServerLine::Notice(notice) => (Line::Notice(notice.to_owned()), Chime::Silent),
            ServerLine::Refusal(why) => (Line::Refusal(why.to_owned()), Chime::Silent),
            ServerLine::Pong(_) | ServerLine::Secret(_) => {
                (Line::Secret(line.to_owned()), Chime::Silent)
            }
        };
        Some(match chime {
            Chime::Rings => Action::Ring(line),
            Chime::Silent => Action::Show(line),
        })
    }

    fn message(&mut self, name: &str, text: &str, now: Now) -> (Line, Chime) {
        let me = self.life.name().map(Name::folded);
        let mention = match me.is_some_and(|me| mention::names(text, &me)) {
            true => Mention::OfMe,
            false => Mention::None,
        };
        let line = Line::Said {
            name: name.to_owned(),
            text: text.to_owned(),
            mention,
        };
        (line, self.bell.of_message(mention, now.elapsed))
    }

    fn entered(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        if self.life.is_closed() {
            return;
        }
        if self.life.name().is_none() {
            return self.named(text.trim(), now, out);
        }
        if self.life.has_chatted() {
            self.typed(text, now, out);
        }
    }

    /// What is typed answers a question, or asks for something.
    fn typed(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match self.question.take() {
            Some(Question::Paste(lines)) => self.answered(&lines, text, out),
            Some(question) if question.is_confirmed(text, now.elapsed) => {
                self.say(Speech::to_all(text), out);
            }
            _ => match self.doubt(text, now) {
                Some(question) => self.ask(question, out),
                None => self.asked_for(Entry::parse(text), now, out),
            },
        }
    }

    /// Returns what a person is asked before it is sent.
    fn doubt(&self, text: &str, now: Now) -> Option<Question> {
        match Entry::parse(text) {
            _ if self.manner == Manner::Pipe => None,
            Entry::Say(texts) if texts.len() > 1 => {
                let lines = texts.iter().map(ToString::to_string);
                Some(Question::Paste(lines.collect()))
            }
            Entry::Say(_) if !text.starts_with('/') && guard::looks_like_whisper(text) => {
                Some(Question::Leak {
                    text: text.to_owned(),
                    asked: now.elapsed,
                })
            }
            _ => None,
        }
    }

    fn ask(&mut self, question: Question, out: &mut Vec<Action>) {
        if matches!(question, Question::Leak { .. }) {
            out.push(Action::Keep);
        }
        out.extend(question.asks().into_iter().map(Action::Tell));
        self.question = Some(question);
    }

    fn answered(&mut self, lines: &[String], answer: &str, out: &mut Vec<Action>) {
        match guard::answer(answer) {
            Answer::Send => lines
                .iter()
                .for_each(|line| self.say(Speech::to_all(line), out)),
            Answer::Join => self.say(Speech::to_all(&lines.join(" ")), out),
            Answer::Drop => out.push(Action::Tell(words::PASTE_DROPPED.into())),
            Answer::Unclear => {
                out.push(Action::Keep);
                out.push(Action::Tell(words::PASTE_UNCLEAR.into()));
            }
        }
    }

    fn named(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        if text.is_empty() {
            out.push(Action::Ask);
        } else if text.starts_with('/') {
            self.commanded_while_asked(text, now, out);
        } else {
            match text.parse() {
                Ok(name) => self.life.named(name, now, out),
                Err(why) => {
                    out.push(Action::Tell(words::not_a_name(text, &why)));
                    out.push(Action::Ask);
                }
            }
        }
    }

    fn commanded_while_asked(&mut self, command: &str, now: Now, out: &mut Vec<Action>) {
        if Entry::parse(command) == Entry::Quit {
            return self.life.leave(now, out);
        }
        out.push(Action::Tell(words::NAME_FIRST.into()));
        out.push(Action::Ask);
    }

    fn asked_for(&mut self, entry: Entry<'_>, now: Now, out: &mut Vec<Action>) {
        match entry {
            Entry::Say(texts) if texts.is_empty() => self.life.try_now(now, out),
            Entry::Say(texts) => {
                for text in texts {
                    self.say(Speech::to_all(text), out);
                }
            }
            Entry::Whisper { to, text } => self.say(Speech::to_one(to, text), out),
            Entry::Who => self.ask_server("WHO", out),
            Entry::Secret => self.ask_server("SEC", out),
            Entry::Send => self.send_waiting(out),
            Entry::Drop => self.drop_waiting(out),
            Entry::Reconnect => self.life.reconnect(now, out),
            Entry::Status => out.push(Action::Tell(self.status(now))),
            Entry::Help(command) => out.extend(words::help(command).map(Action::Tell)),
            Entry::Quit => self.life.leave(now, out),
            Entry::Incomplete(command) => out.push(Action::Tell(words::usage(command))),
            Entry::Unknown { word, why } => {
                out.push(Action::Tell(words::unknown(word, &why)));
            }
        }
    }

    fn ask_server(&self, line: &str, out: &mut Vec<Action>) {
        out.push(if self.life.is_online() {
            Action::Send(line.to_owned())
        } else {
            Action::Tell(words::NOT_CONNECTED.into())
        });
    }

    fn say(&mut self, speech: Result<Speech, Unsendable>, out: &mut Vec<Action>) {
        match speech {
            Ok(speech) if self.life.is_online() => self.send(&speech, out),
            Ok(speech) => self.keep(speech, out),
            Err(Unsendable::Blank) => {}
            Err(Unsendable::TooLong(excess)) => out.push(Action::Tell(words::too_long(excess))),
        }
    }

    /// Sends a text and shows it as everyone's are, for the server does not send it back.
    fn send(&self, speech: &Speech, out: &mut Vec<Action>) {
        out.push(Action::Send(speech.line()));
        let Some(me) = self.life.name().filter(|_| self.manner == Manner::Screen) else {
            return;
        };
        let text = speech.text.clone();
        out.push(Action::Show(match &speech.to {
            None => Line::Said {
                name: me.to_string(),
                text,
                mention: Mention::None,
            },
            Some(to) => Line::Whispered {
                to: to.clone(),
                text,
            },
        }));
    }

    fn keep(&mut self, speech: Speech, out: &mut Vec<Action>) {
        if self.waiting.len() == MAX_WAITING {
            return out.push(Action::Tell(words::too_many_wait(MAX_WAITING)));
        }
        self.waiting.push_back(speech);
        out.push(Action::Tell(words::waits(self.waiting.len())));
    }

    fn send_waiting(&mut self, out: &mut Vec<Action>) {
        if self.waiting.is_empty() {
            return out.push(Action::Tell(words::NOTHING_WAITS.into()));
        }
        if !self.life.is_online() {
            return out.push(Action::Tell(words::NOT_CONNECTED.into()));
        }
        for speech in mem::take(&mut self.waiting) {
            self.send(&speech, out);
        }
    }

    fn drop_waiting(&mut self, out: &mut Vec<Action>) {
        out.push(Action::Tell(match mem::take(&mut self.waiting).len() {
            0 => words::NOTHING_WAITS.into(),
            lines => words::dropped(lines),
        }));
    }

    fn status(&self, now: Now) -> String {
        let mut status = self.life.status(now);
        if !self.waiting.is_empty() {
            status.push_str(" · ");
            status.push_str(&words::still_waiting(self.waiting.len()));
        }
        status
    }

    fn interrupted(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.question.take().is_some() {
            return out.push(Action::Tell(words::PASTE_DROPPED.into()));
        }
        if self.life.name().is_none() || self.life.is_closed() {
            self.life.leave(now, out);
        } else {
            out.push(Action::Tell(words::HOW_TO_LEAVE.into()));
        }
    }

    /// What was entered last and never left waits with what is entered next.
    fn lost(&mut self, why: Option<String>, unsent: &[String], now: Now, out: &mut Vec<Action>) {
        let unsent = unsent.iter().filter_map(|line| Speech::from_line(line));
        self.waiting.extend(unsent);
        self.life.lost(why, now, out);
    }
}

#[cfg(test)]
mod tests;
