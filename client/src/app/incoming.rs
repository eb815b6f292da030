//! Incoming lines: the server's lines, and the part of them that is shown.

use wac_core::name::{Folded, Name};
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::lifecycle::Audience;
use super::people::Activity;
use super::{Action, App, Mode, mention, messages};
use crate::app::line::{Chime, Line, Mention};
use crate::protocol::clock::Now;
use crate::protocol::who::WhoPurpose;

impl App {
    pub(super) fn line(&mut self, line: &str, now: Now, out: &mut Vec<Action>) {
        let parsed = ServerLine::parse(line);
        let was_online = self.lifecycle.is_online();
        let at = out.len();
        if self.lifecycle.line(&parsed, now, out) == Audience::User {
            let shown = match self.mode {
                Mode::Screen | Mode::Plain => self.shown(line, &parsed, now),
                Mode::Pipe => vec![Action::Show(Line::Wire(line.to_owned()))],
            };
            out.splice(at..at, shown);
        }
        if !was_online && self.lifecycle.is_online() {
            self.came_online(out);
        }
    }

    /// Asks who is here, for Tab completion, and reminds the user of waiting messages.
    fn came_online(&mut self, out: &mut Vec<Action>) {
        if self.mode != Mode::Pipe {
            self.who.ask(WhoPurpose::Refresh);
            out.push(Action::Send("WHO".into()));
        }
        if !self.waiting.is_empty() {
            out.push(Action::Tell(messages::still_waiting(self.waiting.len())));
        }
    }

    /// Returns the actions that show a line of the server to a user.
    fn shown(&mut self, line: &str, parsed: &ServerLine<'_>, now: Now) -> Vec<Action> {
        match *parsed {
            ServerLine::Message { name, .. } | ServerLine::Whisper { name, .. }
                if self.muted.contains_key(&Folded::of(name)) =>
            {
                Vec::new()
            }
            ServerLine::Message { name, text } => vec![self.message(name, text, now)],
            ServerLine::Whisper { name, text } => vec![self.whisper(name, text, now)],
            ServerLine::Notice(notice) => self.notice(&notice, now),
            ServerLine::Refusal(why) => vec![Action::Show(Line::Refusal(why.to_string()))],
            ServerLine::Pong(_) | ServerLine::Secret(_) => {
                vec![Action::Show(Line::Secret(line.to_owned()))]
            }
        }
    }

    fn message(&mut self, name: &str, text: &str, now: Now) -> Action {
        let me = self.lifecycle.name().map(Name::folded);
        let (mention, activity) = if me.is_some_and(|me| mention::names(text, &me)) {
            (Mention::OfMe, Activity::Mentions)
        } else {
            (Mention::None, Activity::Speaks)
        };
        self.people.note(name, activity);
        let line = Line::Said {
            name: name.to_owned(),
            text: text.to_owned(),
            mention,
        };
        with_bell(self.bell.of_message(mention, now.elapsed), line)
    }

    fn whisper(&mut self, name: &str, text: &str, now: Now) -> Action {
        self.people.note(name, Activity::Whispers);
        let (from, text) = (name.to_owned(), text.to_owned());
        with_bell(
            self.bell.of_whisper(now.elapsed),
            Line::WhisperFrom { from, text },
        )
    }

    fn notice(&mut self, notice: &Notice<'_>, now: Now) -> Vec<Action> {
        if self.presence_batch.take(notice, now.elapsed) {
            self.moved(notice);
            return Vec::new();
        }
        let listed = self.who.take(notice);
        let whole = listed.as_ref().and_then(|listed| listed.whole.as_ref());
        if let Some(names) = whole {
            self.people.are(names);
        }
        match (listed.as_ref().map(|listed| &listed.purpose), whole) {
            (Some(WhoPurpose::Refresh), Some(names)) => self.here(names),
            (Some(WhoPurpose::Search(part)), Some(names)) => {
                vec![Action::Tell(messages::found(names, part))]
            }
            (Some(WhoPurpose::Refresh | WhoPurpose::Search(_)), None) => Vec::new(),
            _ if self.is_for_telnet(notice) => Vec::new(),
            _ => vec![Action::Show(Line::Notice(notice.to_string()))],
        }
    }

    /// Lists the people online; the first time, with a description of the connection.
    fn here(&mut self, names: &[String]) -> Vec<Action> {
        match self.lifecycle.name() {
            Some(me) if !self.introduced => {
                self.introduced = true;
                let line = Line::Back(messages::connected(&self.host, me, names));
                let company = messages::company(names).map(Action::Tell);
                [Some(Action::Show(line)), company]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            _ => vec![Action::Tell(messages::here(names))],
        }
    }

    /// Returns whether a notice explains how to log in by hand, which the client does itself.
    fn is_for_telnet(&self, notice: &Notice<'_>) -> bool {
        !self.lifecycle.has_chatted() && *notice == Notice::Greeting
    }

    /// Notes a person who joined or left.
    fn moved(&mut self, notice: &Notice<'_>) {
        match notice {
            Notice::Joined(name) => self.people.note(name, Activity::Joins),
            Notice::Left(name) => self.people.leaves(name),
            _ => {}
        }
    }
}

fn with_bell(chime: Chime, line: Line) -> Action {
    match chime {
        Chime::Rings => Action::Ring(line),
        Chime::Silent => Action::Show(line),
    }
}
