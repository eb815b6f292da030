//! Incoming lines: the server's lines, and the part of them that is shown.

use std::mem;

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::event::Actions;
use super::lifecycle::Audience;
use super::line::{Chime, Line, Mention};
use super::people::Activity;
use super::{Action, App, Mode, mention, messages, pacer};
use crate::protocol::catch_up::Heard;
use crate::protocol::clock::Now;
use crate::protocol::text::bare;
use crate::protocol::who::WhoPurpose;

impl App {
    pub(super) fn line(&mut self, line: &str, now: Now, out: &mut Vec<Action>) {
        let parsed = ServerLine::parse(line);
        match self.lifecycle.hear(line, &parsed, now) {
            Heard::Room | Heard::Other => self.line_of_now(line, &parsed, now, out),
            Heard::Held => _ = self.lifecycle.line(&parsed, now, out),
            Heard::Internal | Heard::Marked(_) | Heard::Unmarked | Heard::Anew => {}
            Heard::Missed(missed) => self.missed(missed, now, out),
            Heard::Newcomer(lines) => self.came_late(&lines, now, out),
            Heard::Recalled(lines) => self.recalled(&lines, now, out),
            Heard::Refused(refused) => self.not_caught_up(refused, now, out),
        }
    }

    fn line_of_now(
        &mut self,
        line: &str,
        parsed: &ServerLine<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        let was_online = self.lifecycle.is_online();
        // The line is shown before anything that follows from it.
        let mut then = Vec::new();
        let mut audience = self.lifecycle.line(parsed, now, &mut then);
        if *parsed == ServerLine::Pong(Some(pacer::TAKEN)) {
            self.pacer.taken();
            audience = Audience::Client;
        }
        if audience == Audience::User {
            match self.mode {
                Mode::Screen | Mode::Plain => self.show_line(line, parsed, now, out),
                Mode::Pipe => out.show(Line::Wire(line.to_owned())),
            }
        }
        out.append(&mut then);
        if !was_online && self.lifecycle.is_online() {
            self.tell_node(out);
            self.came_online(now, out);
        }
    }

    /// Tells a user who has come back that it is at another server.
    fn tell_node(&mut self, out: &mut Vec<Action>) {
        let before = mem::replace(&mut self.told_node, self.node.clone());
        if let Some(node) = self.node.as_ref().filter(|_| before.is_some())
            && before != self.node
        {
            out.tell(messages::connected(node));
        }
    }

    /// Asks who is here, for Tab completion, and reminds the user of waiting messages.
    fn came_online(&mut self, now: Now, out: &mut Vec<Action>) {
        match self.mode {
            Mode::Pipe => {}
            _ if self.lifecycle.is_catching_up() => self.late_who.add(WhoPurpose::Refresh),
            _ => self.request_who(WhoPurpose::Refresh, now, out),
        }
        if !self.waiting.is_empty() {
            out.tell(messages::still_waiting(self.waiting.len()));
        }
    }

    /// Shows a line of the server to a user.
    pub(super) fn show_line(
        &mut self,
        line: &str,
        parsed: &ServerLine<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        match *parsed {
            ServerLine::Message { name, .. } | ServerLine::Whisper { name, .. }
                if self.muted.contains_key(&bare(name)) => {}
            ServerLine::Message { name, text } => {
                let said = self.message(name, text, now);
                self.heard(said, now, out);
            }
            ServerLine::Whisper { name, text } => {
                let said = self.whisper(name, text, now);
                self.heard(said, now, out);
            }
            ServerLine::Notice(notice) => self.notice(&notice, now, out),
            ServerLine::Refusal(why) => out.show(Line::Refusal(why.to_string())),
            ServerLine::Pong(_) | ServerLine::Mark(_) | ServerLine::Secret(_) => {
                out.show(Line::Secret(line.to_owned()));
            }
        }
    }

    /// Shows what somebody said; a user who does not look finds a rule before it, and is notified.
    pub(super) fn heard(&mut self, said: Action, now: Now, out: &mut Vec<Action>) {
        let (rule, notification) = match &said {
            Action::Show(line) | Action::Ring(line) => (
                self.attention.count(line, now.elapsed),
                self.attention.notification(line, now.elapsed),
            ),
            _ => (None, None),
        };
        out.extend(rule.map(Action::Show));
        out.push(said);
        out.extend(notification.map(Action::Notify));
    }

    pub(super) fn message(&mut self, name: &str, text: &str, now: Now) -> Action {
        let me = self.lifecycle.name().map(Name::folded);
        let mut highlights = self.highlights.iter();
        let (mention, activity) = if me.is_some_and(|me| mention::names(text, &me)) {
            (Mention::OfMe, Activity::Mentions)
        } else if highlights.any(|word| mention::names(text, word)) {
            (Mention::OfWord, Activity::Speaks)
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
        let line = Line::WhisperFrom { from, text };
        with_bell(self.bell.of_whisper(now.elapsed), line)
    }

    fn notice(&mut self, notice: &Notice<'_>, now: Now, out: &mut Vec<Action>) {
        if self.presence_batch.is_return(notice) {
            let changes = self.presence_batch.flush();
            out.extend(changes.map(|changes| Action::Show(Line::Presence(changes))));
        }
        if self.presence_batch.take(notice, now.elapsed) {
            return self.note_presence(notice);
        }
        let reply = self.who.take(notice);
        if let Some(names) = reply.as_ref().and_then(|reply| reply.whole.as_ref()) {
            self.people.are(names);
        }
        match reply.map(|reply| (reply.purpose, reply.whole)) {
            Some((WhoPurpose::Refresh, Some(names))) => self.here(&names, out),
            Some((WhoPurpose::Search(part), Some(names))) => {
                out.tell(messages::found(&names, &part));
            }
            Some((WhoPurpose::Refresh | WhoPurpose::Search(_), None)) => {}
            _ if self.is_for_telnet(notice) => {}
            _ if *notice == Notice::SlowDown && self.lifecycle.is_asking() => {}
            _ => out.show(Line::Notice(notice.to_string())),
        }
    }

    /// Lists the people online; the first time, with a description of the connection.
    fn here(&mut self, names: &[String], out: &mut Vec<Action>) {
        match (self.lifecycle.name(), &self.node) {
            (Some(me), Some(node)) if !self.introduced => {
                self.introduced = true;
                out.show(Line::Back(messages::introduction(node, me, names)));
                out.extend(messages::readable(&node.address).map(Action::Tell));
                out.extend(messages::company(names).map(Action::Tell));
            }
            _ => out.tell(messages::here(names)),
        }
    }

    /// Returns whether a notice explains how to log in by hand, which the client does itself.
    fn is_for_telnet(&self, notice: &Notice<'_>) -> bool {
        !self.lifecycle.has_chatted() && *notice == Notice::Greeting
    }

    /// Notes a person who joined or left.
    fn note_presence(&mut self, notice: &Notice<'_>) {
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
