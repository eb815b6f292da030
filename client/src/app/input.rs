//! Input handling: an entered line is a name, the answer to a question, a command or a message.

use wac_core::text::is_blank;

use super::confirm::{self, PasteChoice, Question};
use super::event::Actions;
use super::{Action, App, Mode, messages};
use crate::app::commands::Input;
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;
use crate::protocol::text::plain;

impl App {
    pub(super) fn entered(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        if self.lifecycle.is_closed() {
            return self.entered_while_leaving(text, now, out);
        }
        if self.lifecycle.name().is_none() {
            return self.named(text.trim(), now, out);
        }
        if self.lifecycle.has_chatted() {
            self.entered_in_chat(text, now, out);
        } else if text.is_empty() {
            self.lifecycle.try_now(now, out);
        }
    }

    /// Nothing is sent any more, but nothing is lost: the text stays in the row.
    fn entered_while_leaving(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match Input::parse(text) {
            Input::Quit => self.lifecycle.leave(now, out),
            Input::Say(texts) if texts.is_empty() => {}
            _ => {
                out.push(Action::Keep);
                out.tell(messages::LEAVING);
            }
        }
    }

    /// Takes a line of a user who chats: the answer to a question, a command or messages.
    fn entered_in_chat(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match self.question.take() {
            Some(Question::Paste(lines)) => self.answered(lines, text, now, out),
            Some(question) if question.is_confirmed(text, now.elapsed) => {
                self.say(OutgoingMessage::to_all(text), now, out);
            }
            _ => match self.doubt(text, now) {
                Some(question) => self.ask(question, out),
                None => self.execute(Input::parse(text), now, out),
            },
        }
    }

    /// Returns the question to ask before a text is sent, if it may be a mistake.
    fn doubt(&self, text: &str, now: Now) -> Option<Question> {
        match Input::parse(text) {
            _ if self.mode == Mode::Pipe => None,
            Input::Say(texts) if confirm::is_doubtful_paste(text, &texts) => {
                let lines = texts.iter().map(|text| plain(text));
                Some(Question::Paste(
                    lines.filter(|line| !is_blank(line)).collect(),
                ))
            }
            Input::Say(_) if !text.starts_with('/') => {
                confirm::leak(text).map(|leak| Question::Leak {
                    leak,
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
        question.asks().into_iter().for_each(|line| out.tell(line));
        self.question = Some(question);
    }

    fn answered(&mut self, lines: Vec<String>, answer: &str, now: Now, out: &mut Vec<Action>) {
        match confirm::choice(answer) {
            Some(PasteChoice::Send) => self.say_all(&lines, out),
            Some(PasteChoice::Join) => {
                self.say(OutgoingMessage::to_all(&lines.join(" ")), now, out)
            }
            Some(PasteChoice::Drop) => out.tell(messages::PASTE_DROPPED),
            None => {
                out.tell(messages::PASTE_UNCLEAR);
                self.question = Some(Question::Paste(lines));
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
                Ok(name) => self.lifecycle.named(name, now, out),
                Err(why) => {
                    out.tell(messages::not_a_name(text, &why));
                    out.push(Action::Ask);
                }
            }
        }
    }

    fn commanded_while_asked(&mut self, command: &str, now: Now, out: &mut Vec<Action>) {
        if Input::parse(command) == Input::Quit {
            return self.lifecycle.leave(now, out);
        }
        out.tell(messages::NAME_FIRST);
        out.push(Action::Ask);
    }

    /// Leaves; the row stays if the user is only warned.
    pub(super) fn input_ended(&mut self, now: Now, out: &mut Vec<Action>) {
        let was_warned = self.warned;
        self.leave(now, out);
        if self.warned && !was_warned {
            out.push(Action::Keep);
        }
    }

    pub(super) fn interrupted(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.lifecycle.asks_password() && self.lifecycle.has_chatted() {
            return self.lifecycle.withhold_password(now, out);
        }
        if self.question.take().is_some() {
            return out.tell(messages::PASTE_DROPPED);
        }
        if !self.lifecycle.has_chatted() || self.lifecycle.is_closed() {
            self.lifecycle.leave(now, out);
        } else if self.pacer.len() > 0 {
            self.stop_pacing(out);
        } else {
            out.tell(messages::HOW_TO_LEAVE);
        }
    }
}
