//! Decides what happens: a pure machine over what comes from the server, the keys and the system.
//!
//! ```text
//!            named            welcome            left
//!  Asking ─────────▶ LoggingIn ───────▶ Online ───────▶ Leaving ───▶ the end
//!     ▲                  │ refused                         ▲
//!     └──────────────────┘ (a pipe ends instead)           └── from any
//! ```
//! A lost connection ends every stage.

mod words;

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::line::ServerLine;
use wac_core::name::Name;
use wac_core::text::{clean, is_blank};

use crate::entry::Entry;
use crate::exit::Ending;
use crate::render::shown;

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// The connection stands.
    Connected,
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
    /// The server is gone: `None` where it closed in order, else what the system says.
    Lost(Option<String>),
}

/// What is to be done, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send a line to the server; its ending is added.
    Send(String),
    /// Show a line of the conversation.
    Show(String),
    /// Show a word of our own.
    Tell(String),
    /// Ask for a name.
    Ask,
    /// Let the person chat under this name.
    Chat(Name),
    /// End.
    End(Ending),
}

/// Who is there to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A person at a terminal, who can be asked.
    Screen,
    /// A program: nobody to ask, and nothing to show but what the server says.
    Pipe,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Asking,
    /// The answer to `LIN` is awaited. Only once the fence before it is answered, for the greeting
    /// may say anything.
    LoggingIn {
        greeted: bool,
    },
    Online(Name),
    Leaving,
}

/// The client's mind.
#[derive(Debug)]
pub struct App {
    manner: Manner,
    /// The name to try first, until it is tried.
    name: Option<Name>,
    stage: Stage,
}

/// Sent before `LIN`: what comes behind its answer is the answer to `LIN`.
const FENCE: &str = "wac greeted";

impl App {
    /// A client that will log in under the name, or ask for one.
    pub fn new(manner: Manner, name: Option<Name>) -> Self {
        Self {
            manner,
            name,
            stage: Stage::Asking,
        }
    }

    /// Takes note of what has happened, and returns what is to be done.
    pub fn on(&mut self, event: Event<'_>) -> Vec<Action> {
        match event {
            Event::Connected => self.connected(),
            Event::Line(line) => self.line(line),
            Event::Entered(text) => self.entered(text),
            Event::NotText => vec![Action::Tell(words::NOT_TEXT.into())],
            Event::Interrupted => self.interrupted(),
            Event::InputEnded => self.leave(),
            Event::Lost(why) => self.lost(why),
        }
    }

    fn connected(&mut self) -> Vec<Action> {
        match self.name.take() {
            Some(name) => self.log_in(&name),
            None => vec![Action::Ask],
        }
    }

    fn log_in(&mut self, name: &Name) -> Vec<Action> {
        self.stage = Stage::LoggingIn { greeted: false };
        vec![
            Action::Send(format!("PING {FENCE}")),
            Action::Send(format!("LIN {name}")),
        ]
    }

    fn line(&mut self, line: &str) -> Vec<Action> {
        let parsed = ServerLine::parse(line);
        match (&mut self.stage, parsed) {
            (Stage::LoggingIn { greeted }, ServerLine::Pong(Some(FENCE))) => {
                *greeted = true;
                Vec::new()
            }
            (Stage::LoggingIn { greeted: true }, ServerLine::Notice(notice)) => {
                self.perhaps_welcome(line, notice)
            }
            (Stage::LoggingIn { greeted: true }, ServerLine::Refusal(why)) => self.refused(why),
            _ => vec![Action::Show(shown(line))],
        }
    }

    fn perhaps_welcome(&mut self, line: &str, notice: &str) -> Vec<Action> {
        let mut actions = vec![Action::Show(shown(line))];
        let name = notice.strip_prefix("welcome, ");
        if let Some(name) = name.and_then(|name| name.parse::<Name>().ok()) {
            self.stage = Stage::Online(name.clone());
            actions.push(Action::Chat(name));
        }
        actions
    }

    fn refused(&mut self, why: &str) -> Vec<Action> {
        let told = Action::Tell(words::login_refused(&shown(why)));
        match self.manner {
            Manner::Screen => {
                self.stage = Stage::Asking;
                vec![told, Action::Ask]
            }
            Manner::Pipe => vec![told, Action::End(Ending::LoginRefused)],
        }
    }

    fn entered(&mut self, text: &str) -> Vec<Action> {
        match &self.stage {
            Stage::Asking => self.named(text.trim()),
            Stage::Online(name) => {
                let name = name.clone();
                self.asked_for(&name, Entry::parse(text))
            }
            Stage::LoggingIn { .. } | Stage::Leaving => Vec::new(),
        }
    }

    fn named(&mut self, text: &str) -> Vec<Action> {
        if text.is_empty() {
            return vec![Action::Ask];
        }
        if let Some(command) = text.strip_prefix('/') {
            return self.commanded_while_asked(command);
        }
        match text.parse() {
            Ok(name) => self.log_in(&name),
            Err(why) => vec![
                Action::Tell(words::not_a_name(&shown(text), &why)),
                Action::Ask,
            ],
        }
    }

    fn commanded_while_asked(&mut self, command: &str) -> Vec<Action> {
        match Entry::parse(&format!("/{command}")) {
            Entry::Quit => self.leave(),
            _ => vec![Action::Tell(words::NAME_FIRST.into()), Action::Ask],
        }
    }

    fn asked_for(&mut self, me: &Name, entry: Entry<'_>) -> Vec<Action> {
        match entry {
            Entry::Say(texts) => texts
                .into_iter()
                .flat_map(|text| self.say(me, text))
                .collect(),
            Entry::Whisper { to, text } => self.whisper(me, to, text),
            Entry::Who => vec![Action::Send("WHO".into())],
            Entry::Secret => vec![Action::Send("SEC".into())],
            Entry::Help(command) => words::help(command).map(Action::Tell).collect(),
            Entry::Quit => self.leave(),
            Entry::Incomplete(command) => vec![Action::Tell(words::usage(command))],
            Entry::Unknown { word, why } => vec![Action::Tell(words::unknown(&shown(word), &why))],
        }
    }

    fn say(&self, me: &Name, text: &str) -> Vec<Action> {
        let text = clean(text);
        self.send(format!("MSG {text}"), &text, |text| format!("{me}: {text}"))
    }

    fn whisper(&self, me: &Name, to: &str, text: &str) -> Vec<Action> {
        let (to, text) = (clean(to), clean(text));
        self.send(format!("W {to} {text}"), &text, |text| {
            format!("{me} to {}: {text}", shown(&to))
        })
    }

    /// Sends a text and shows it as everyone's are, for the server does not send it back.
    fn send(&self, line: String, text: &str, show: impl Fn(&str) -> String) -> Vec<Action> {
        if is_blank(text) {
            return Vec::new();
        }
        let bytes = line.len() + 1;
        if bytes > MAX_CLIENT_LINE_BYTES {
            return vec![Action::Tell(words::too_long(bytes - MAX_CLIENT_LINE_BYTES))];
        }
        let mut actions = vec![Action::Send(line)];
        if self.manner == Manner::Screen {
            actions.push(Action::Show(show(&shown(text))));
        }
        actions
    }

    fn interrupted(&mut self) -> Vec<Action> {
        match self.stage {
            Stage::Asking | Stage::Leaving => self.leave(),
            _ => vec![Action::Tell(words::HOW_TO_LEAVE.into())],
        }
    }

    /// Says farewell, so that the server answers everything before; asked again, it waits no longer.
    fn leave(&mut self) -> Vec<Action> {
        if self.stage == Stage::Leaving {
            return vec![Action::End(Ending::Done)];
        }
        self.stage = Stage::Leaving;
        vec![Action::Send("QUIT".into())]
    }

    fn lost(&mut self, why: Option<String>) -> Vec<Action> {
        if self.stage == Stage::Leaving {
            return vec![Action::End(Ending::Done)];
        }
        let told = Action::Tell(words::lost(why));
        vec![told, Action::End(Ending::Lost)]
    }
}

#[cfg(test)]
mod tests;
