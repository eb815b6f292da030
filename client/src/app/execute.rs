//! Execution of commands and messages that the user entered.

use std::mem;

use wac_core::name::Folded;

use super::{Action, App, Mode, messages};
use crate::app::commands::Input;
use crate::app::line::{Line, Mention};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::{MessageError, OutgoingMessage};
use crate::protocol::who::WhoPurpose;

/// Most messages that wait for a connection: as many as the outbox holds.
const MAX_WAITING: usize = 1000;

impl App {
    pub(super) fn execute(&mut self, entry: Input<'_>, now: Now, out: &mut Vec<Action>) {
        self.warned &= entry == Input::Quit;
        match entry {
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
                out.push(Action::Tell(messages::NOT_IN_A_PIPE.into()));
            }
            Input::Reconnect => self.lifecycle.reconnect(now, out),
            Input::Status => out.push(Action::Tell(self.status(now))),
            Input::Help(command) => out.extend(messages::help(command).map(Action::Tell)),
            Input::Last(count) => out.extend(recalled(self.scrollback.last(count))),
            Input::Grep(text) => out.extend(recalled(self.scrollback.holding(text).into_iter())),
            Input::Mute(name) => out.push(Action::Tell(self.mute(name))),
            Input::Bell(bell) => {
                self.bell.rings_for = bell.unwrap_or(self.bell.rings_for);
                out.push(Action::Tell(messages::bell(self.bell.rings_for)));
            }
            Input::Time(time) => {
                out.push(Action::Time(time));
                out.push(Action::Tell(messages::time(time)));
            }
            Input::Quit => self.leave(now, out),
            Input::Misused(command) => out.push(Action::Tell(messages::usage(command))),
            Input::Unknown { word, why } => {
                out.push(Action::Tell(messages::unknown(word, &why)));
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
        out.push(Action::Tell(messages::would_be_lost(self.waiting.len())));
    }

    fn reply(&mut self, text: &str, out: &mut Vec<Action>) {
        match self.people.last_whisperer().map(str::to_owned) {
            Some(to) => self.say(OutgoingMessage::to_one(&to, text), out),
            None => out.push(Action::Tell(messages::NOBODY_WHISPERED.into())),
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
        out.push(if self.lifecycle.is_online() {
            Action::Send(line.to_owned())
        } else {
            Action::Tell(messages::NOT_CONNECTED.into())
        });
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
                out.push(Action::Tell(messages::too_long(excess, self.mode)));
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
            return out.push(Action::Tell(messages::too_many_wait(MAX_WAITING)));
        }
        self.waiting.push_back(message);
        out.push(Action::Tell(messages::waits(self.waiting.len())));
    }

    fn send_waiting(&mut self, out: &mut Vec<Action>) {
        if self.waiting.is_empty() {
            return out.push(Action::Tell(messages::NOTHING_WAITS.into()));
        }
        if !self.lifecycle.is_online() {
            return out.push(Action::Tell(messages::NOT_CONNECTED.into()));
        }
        for message in mem::take(&mut self.waiting) {
            self.send(&message, out);
        }
    }

    fn drop_waiting(&mut self, out: &mut Vec<Action>) {
        out.push(Action::Tell(match mem::take(&mut self.waiting).len() {
            0 => messages::NOTHING_WAITS.into(),
            lines => messages::dropped(lines),
        }));
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

fn recalled<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Action> {
    let lines: Vec<Action> = lines.map(|line| Action::Tell(line.to_owned())).collect();
    if lines.is_empty() {
        return vec![Action::Tell(messages::NOTHING_SAID.into())];
    }
    lines
}
