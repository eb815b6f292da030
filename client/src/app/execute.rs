//! Execution of commands and messages that the user entered.

use wac_core::name::Name;

use super::event::Actions;
use super::settings::Settings;
use super::{Action, App, Mode, messages};
use crate::app::commands::{Input, overview};
use crate::app::line::Line;
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::text::bare;
use crate::protocol::who::WhoPurpose;

impl App {
    pub(super) fn execute(&mut self, input: Input<'_>, now: Now, out: &mut Vec<Action>) {
        self.warned &= input == Input::Quit;
        match input {
            Input::Say(texts) if texts.is_empty() => self.lifecycle.try_now(now, out),
            Input::Say(texts) => {
                for text in texts {
                    self.say(OutgoingMessage::to_all(text), now, out);
                }
            }
            Input::Whisper { to, text } => self.say(OutgoingMessage::to_one(to, text), now, out),
            Input::Reply(text) => self.reply(text, now, out),
            Input::Who(part) => self.ask_who(part, now, out),
            Input::Secret => self.ask_server("SEC", out),
            Input::Send => self.send_waiting(out),
            Input::Drop => self.drop_waiting(out),
            Input::Reconnect if self.mode == Mode::Pipe => {
                out.tell(messages::not_in_a_pipe("reconnect"));
            }
            Input::Reconnect => self.lifecycle.reconnect(now, out),
            Input::Name(_) if self.mode == Mode::Pipe => out.tell(messages::not_in_a_pipe("name")),
            Input::Name(name) => match name.parse() {
                Ok(name) => self.lifecycle.rename(name, now, out),
                Err(why) => out.tell(messages::not_a_name(name, &why)),
            },
            Input::Status => out.tell(self.status(now)),
            Input::Help(Some(command)) => out.show(Line::Help(command.explained())),
            Input::Help(None) => {
                out.extend(
                    overview()
                        .into_iter()
                        .map(|entry| Action::Show(Line::Help(entry))),
                );
                out.tell(messages::KEYS);
            }
            Input::Last(count) => self.show_last(count, now, out),
            Input::Grep(text) => show_again(self.scrollback.holding(text, now.local.date()), out),
            Input::Mute(name) => out.tell(self.mute(name)),
            Input::Bell(bell) => {
                self.bell.rings_for = bell.unwrap_or(self.bell.rings_for);
                out.tell(messages::bell(self.bell.rings_for));
            }
            Input::Save => out.push(Action::Save(self.current_settings())),
            Input::Time(time) => {
                self.settings.time = time;
                out.push(Action::Time(time));
                out.tell(messages::time(time));
            }
            Input::Quit => self.leave(now, out),
            Input::Misused(command) => out.tell(messages::usage(command)),
            Input::Unknown { word, why } => out.tell(messages::not_sent(word, &why)),
            Input::UnknownHelp { word, why } => out.tell(messages::unknown(word, &why)),
        }
    }

    /// Leaves, but only on the second request if messages wait.
    pub(super) fn leave(&mut self, now: Now, out: &mut Vec<Action>) {
        let nobody_to_ask = self.mode == Mode::Pipe || self.lifecycle.is_closed();
        let unsent = self.waiting.len() + self.pacer.len();
        if nobody_to_ask || unsent == 0 || self.warned {
            return self.lifecycle.leave(now, out);
        }
        self.warned = true;
        out.tell(messages::would_be_lost(
            self.waiting.len(),
            self.pacer.len(),
        ));
    }

    fn reply(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match self.people.last_whisperer().map(str::to_owned) {
            Some(to) => {
                // In plain mode the line stays as it was typed, without the reader.
                if self.mode == Mode::Plain {
                    out.tell(messages::replying(&to));
                }
                self.say(OutgoingMessage::to_one(&to, text), now, out);
            }
            None => out.tell(messages::NOBODY_WHISPERED),
        }
    }

    /// Mutes or unmutes a person; returns the list of the muted.
    fn mute(&mut self, name: Option<&str>) -> String {
        match name.map(|name| (name, name.parse::<Name>())) {
            None => {}
            Some((text, Err(why))) => return messages::not_a_name(text, &why),
            Some((_, Ok(name))) => {
                let key = bare(name.as_str());
                if self.muted.remove(&key).is_none() {
                    self.muted.insert(key, name);
                }
            }
        }
        messages::muted(self.muted.values())
    }

    /// Returns the settings in effect.
    fn current_settings(&self) -> Settings {
        Settings {
            bell: self.bell.rings_for,
            mute: self.muted.values().cloned().collect(),
            ..self.settings.clone()
        }
    }

    /// Asks the server who is here. A program gets the server's own list.
    fn ask_who(&mut self, part: Option<&str>, now: Now, out: &mut Vec<Action>) {
        let purpose = match part {
            Some(part) if self.mode != Mode::Pipe => WhoPurpose::Search(part.to_owned()),
            _ => WhoPurpose::List,
        };
        if !self.lifecycle.is_online() {
            return out.tell(messages::NOT_CONNECTED);
        }
        self.late_who.add(purpose);
        self.ask_late_who(now, out);
    }

    /// Sends the requests that need not wait any more.
    pub(super) fn ask_late_who(&mut self, now: Now, out: &mut Vec<Action>) {
        while let Some(purpose) = self.late_who.take_due(now.elapsed) {
            self.request_who(purpose, now, out);
        }
    }

    /// Requests the list of the people; a program may do so as often as it likes.
    pub(super) fn request_who(&mut self, purpose: WhoPurpose, now: Now, out: &mut Vec<Action>) {
        if self.mode != Mode::Pipe {
            self.late_who.asked(now.elapsed);
        }
        self.who.ask(purpose);
        out.push(Action::Send("WHO".into()));
    }

    fn ask_server(&self, line: &str, out: &mut Vec<Action>) {
        if self.lifecycle.is_online() {
            out.push(Action::Send(line.to_owned()));
        } else {
            out.tell(messages::NOT_CONNECTED);
        }
    }

    fn status(&self, now: Now) -> String {
        let unsent = messages::unsent(self.waiting.len(), self.pacer.len());
        let status = [Some(self.lifecycle.status(self.node.as_ref(), now)), unsent];
        let status: Vec<String> = status.into_iter().flatten().collect();
        status.join(" · ")
    }
}

/// Shows messages again, as notes.
pub(super) fn show_again(lines: Vec<String>, out: &mut Vec<Action>) {
    let is_empty = lines.is_empty();
    lines.into_iter().for_each(|line| out.tell(line));
    if is_empty {
        out.tell(messages::NOTHING_SAID);
    }
}
