//! Execution of commands and messages that the user entered.

use std::mem;

use wac_core::name::Folded;

use super::event::Actions;
use super::{Action, App, Mode, messages};
use crate::app::commands::Input;
use crate::app::line::{Line, Mention};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::{MessageError, OutgoingMessage};
use crate::protocol::who::WhoPurpose;

/// Most messages that wait for a connection: as many as the outbox holds.
const MAX_WAITING: usize = 1000;

impl App {
    pub(super) fn execute(&mut self, input: Input<'_>, now: Now, out: &mut Vec<Action>) {
        self.warned &= input == Input::Quit;
        match input {
            Input::Say(texts) if texts.is_empty() => self.lifecycle.try_now(now, out),
            Input::Say(texts) => {
                for text in texts {
                    self.say(OutgoingMessage::to_all(text), out);
                }
            }
            Input::Whisper { to, text } => self.say(OutgoingMessage::to_one(to, text), out),
            Input::Reply(text) => self.reply(text, out),
            Input::Who(part) => self.ask_who(part, out),
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
            Input::Help(command) => messages::help(command)
                .into_iter()
                .for_each(|line| out.tell(line)),
            Input::Last(count) => recall(&self.scrollback.last(count), out),
            Input::Grep(text) => recall(&self.scrollback.holding(text), out),
            Input::Mute(name) => out.tell(self.mute(name)),
            Input::Bell(bell) => {
                self.bell.rings_for = bell.unwrap_or(self.bell.rings_for);
                out.tell(messages::bell(self.bell.rings_for));
            }
            Input::Time(time) => {
                out.push(Action::Time(time));
                out.tell(messages::time(time));
            }
            Input::Quit => self.leave(now, out),
            Input::Misused(command) => out.tell(messages::usage(command)),
            Input::Unknown { word, why } => {
                out.tell(messages::unknown(word, &why));
            }
        }
    }

    /// Leaves, but only on the second request if messages wait.
    pub(super) fn leave(&mut self, now: Now, out: &mut Vec<Action>) {
        let nobody_to_ask = self.mode == Mode::Pipe || self.lifecycle.is_closed();
        if nobody_to_ask || self.waiting.is_empty() || self.warned {
            return self.lifecycle.leave(now, out);
        }
        self.warned = true;
        out.tell(messages::would_be_lost(self.waiting.len()));
    }

    fn reply(&mut self, text: &str, out: &mut Vec<Action>) {
        match self.people.last_whisperer().map(str::to_owned) {
            Some(to) => self.say(OutgoingMessage::to_one(&to, text), out),
            None => out.tell(messages::NOBODY_WHISPERED),
        }
    }

    /// Mutes or unmutes a person; returns the list of the muted.
    fn mute(&mut self, name: Option<&str>) -> String {
        if let Some(name) = name {
            let folded = Folded::of(name);
            if self.muted.remove(&folded).is_none() {
                self.muted.insert(folded, name.to_owned());
            }
        }
        messages::muted(self.muted.values())
    }

    /// Asks the server who is here. A program gets the server's own list.
    fn ask_who(&mut self, part: Option<&str>, out: &mut Vec<Action>) {
        if self.lifecycle.is_online() {
            self.who.ask(match part {
                Some(part) if self.mode != Mode::Pipe => WhoPurpose::Search(part.to_owned()),
                _ => WhoPurpose::List,
            });
        }
        self.ask_server("WHO", out);
    }

    fn ask_server(&self, line: &str, out: &mut Vec<Action>) {
        if self.lifecycle.is_online() {
            out.push(Action::Send(line.to_owned()));
        } else {
            out.tell(messages::NOT_CONNECTED);
        }
    }

    pub(super) fn say(
        &mut self,
        message: Result<OutgoingMessage, MessageError>,
        out: &mut Vec<Action>,
    ) {
        match message {
            Ok(message) if self.lifecycle.is_online() => self.send(&message, out),
            Ok(message) => self.keep(message, out),
            Err(MessageError::Blank) => {}
            Err(MessageError::TooLong(excess)) => {
                out.tell(messages::too_long(excess, self.mode));
            }
        }
    }

    /// Sends a message and shows it like everyone's, since the server does not send it back.
    fn send(&self, message: &OutgoingMessage, out: &mut Vec<Action>) {
        out.push(Action::Send(message.line()));
        let Some(me) = self.lifecycle.name() else {
            return;
        };
        let text = message.text.clone();
        let line = match &message.to {
            None => Line::Said {
                name: me.to_string(),
                text,
                mention: Mention::None,
            },
            Some(to) => Line::WhisperTo {
                to: to.clone(),
                text,
            },
        };
        out.push(match self.mode {
            Mode::Screen => Action::Show(line),
            Mode::Plain | Mode::Pipe => Action::Log(line),
        });
    }

    fn keep(&mut self, message: OutgoingMessage, out: &mut Vec<Action>) {
        if self.waiting.len() == MAX_WAITING {
            return out.tell(messages::too_many_wait(MAX_WAITING));
        }
        self.waiting.push_back(message);
        out.tell(messages::waits(self.waiting.len()));
    }

    fn send_waiting(&mut self, out: &mut Vec<Action>) {
        if self.waiting.is_empty() {
            return out.tell(messages::NOTHING_WAITS);
        }
        if !self.lifecycle.is_online() {
            return out.tell(messages::NOT_CONNECTED);
        }
        for message in mem::take(&mut self.waiting) {
            self.send(&message, out);
        }
    }

    fn drop_waiting(&mut self, out: &mut Vec<Action>) {
        out.tell(match mem::take(&mut self.waiting).len() {
            0 => messages::NOTHING_WAITS.into(),
            lines => messages::dropped(lines),
        });
    }

    fn status(&self, now: Now) -> String {
        let mut status = self.lifecycle.status(now);
        if !self.waiting.is_empty() {
            status.push_str(" · ");
            status.push_str(&messages::still_waiting(self.waiting.len()));
        }
        status
    }
}

fn recall(lines: &[&str], out: &mut Vec<Action>) {
    lines.iter().for_each(|line| out.tell(*line));
    if lines.is_empty() {
        out.tell(messages::NOTHING_SAID);
    }
}
