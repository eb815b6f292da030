//! Sending: a message goes out at once, the messages of a paste at the pace of a server, and without a
//! connection they wait.

use std::mem;

use super::event::Actions;
use super::{Action, App, Mode, messages, pacer};
use crate::app::line::{Line, Mention};
use crate::protocol::clock::Now;
use crate::protocol::outgoing::{MessageError, OutgoingMessage};

/// Most messages that wait for a connection: as many as the outbox holds.
const MAX_WAITING: usize = 1000;

impl App {
    pub(super) fn say(
        &mut self,
        message: Result<OutgoingMessage, MessageError>,
        now: Now,
        out: &mut Vec<Action>,
    ) {
        match message {
            Ok(message) if self.lifecycle.takes_messages() => self.send(&message, now, out),
            Ok(message) if self.lifecycle.is_online() => self.pacer.add([message]),
            Ok(message) => self.keep(vec![message], out),
            Err(why) => self.unsendable(&why, out),
        }
    }

    /// Sends the lines of a paste to everyone, at the pace of a server.
    pub(super) fn say_all(&mut self, texts: &[String], out: &mut Vec<Action>) {
        let mut messages = Vec::new();
        for text in texts {
            match OutgoingMessage::to_all(text) {
                Ok(message) => messages.push(message),
                Err(why) => self.unsendable(&why, out),
            }
        }
        if self.lifecycle.is_online() {
            self.pacer.add(messages);
        } else {
            self.keep(messages, out);
        }
    }

    fn unsendable(&self, why: &MessageError, out: &mut Vec<Action>) {
        match why {
            MessageError::Blank => {}
            MessageError::TooLong(excess) => {
                out.tell(messages::too_long(*excess, self.mode));
            }
        }
    }

    /// Sends the messages that the pacer lets go.
    pub(super) fn pace(&mut self, now: Now, out: &mut Vec<Action>) {
        while self.lifecycle.takes_messages()
            && let Some(message) = self.pacer.next(now.elapsed)
        {
            self.send(&message, now, out);
            if self.pacer.waits_for_server() {
                out.push(Action::Send(format!("PING {}", pacer::TAKEN)));
            }
        }
    }

    /// Sends a message and shows it like everyone's, since the server does not send it back.
    fn send(&mut self, message: &OutgoingMessage, now: Now, out: &mut Vec<Action>) {
        self.lifecycle.said(message, now);
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

    /// Keeps messages until there is a connection, and as many as may wait.
    fn keep(&mut self, mut messages: Vec<OutgoingMessage>, out: &mut Vec<Action>) {
        let room = MAX_WAITING.saturating_sub(self.waiting.len());
        let excess = messages.len().saturating_sub(room);
        messages.truncate(room);
        self.show_waiting(&messages, out);
        if !messages.is_empty() {
            self.waiting.extend(messages);
            out.tell(messages::waits(self.waiting.len()));
        }
        if excess > 0 {
            out.tell(messages::too_many_wait(excess, MAX_WAITING));
        }
    }

    /// Shows that messages wait; a terminal that keeps what was typed shows it already.
    pub(super) fn show_waiting(&self, messages: &[OutgoingMessage], out: &mut Vec<Action>) {
        if self.mode == Mode::Screen {
            out.extend(messages.iter().map(|message| {
                let (to, text) = (message.to.clone(), message.text.clone());
                Action::Show(Line::Waiting { to, text })
            }));
        }
    }

    pub(super) fn send_waiting(&mut self, out: &mut Vec<Action>) {
        if self.waiting.is_empty() {
            return out.tell(messages::NOTHING_WAITS);
        }
        if !self.lifecycle.is_online() {
            return out.tell(messages::NOT_CONNECTED);
        }
        self.pacer.add(mem::take(&mut self.waiting));
    }

    pub(super) fn drop_waiting(&mut self, out: &mut Vec<Action>) {
        let lines = mem::take(&mut self.waiting).len() + self.pacer.take().len();
        out.tell(match lines {
            0 => messages::NOTHING_WAITS.into(),
            lines => messages::dropped(lines),
        });
    }

    /// Lets the messages wait that the pacer has not sent.
    pub(super) fn stop_pacing(&mut self, out: &mut Vec<Action>) {
        if self.pacer.len() > 0 {
            self.waiting.extend(self.pacer.take());
            out.tell(messages::still_waiting(self.waiting.len()));
        }
    }
}
