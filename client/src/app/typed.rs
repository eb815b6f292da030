//! What the person types: a name, the answer to a question, or something to be done.

use super::guard::{self, Answer, Question};
use super::speech::Speech;
use super::{Action, App, Manner, words};
use crate::clock::Now;
use crate::entry::Entry;

impl App {
    pub(super) fn entered(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        if self.life.is_closed() {
            return self.typed_while_leaving(text, now, out);
        }
        if self.life.name().is_none() {
            return self.named(text.trim(), now, out);
        }
        if self.life.has_chatted() {
            self.typed(text, now, out);
        }
    }

    /// Nothing is said any more, and nothing lost: it stays in the row.
    fn typed_while_leaving(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match Entry::parse(text) {
            Entry::Quit => self.life.leave(now, out),
            Entry::Say(texts) if texts.is_empty() => {}
            _ => out.extend([Action::Keep, Action::Tell(words::LEAVING.into())]),
        }
    }

    /// What is typed answers a question, or asks for something.
    fn typed(&mut self, text: &str, now: Now, out: &mut Vec<Action>) {
        match self.question.take() {
            Some(Question::Paste(lines)) => self.answered(lines, text, out),
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
            Entry::Say(texts) if guard::is_doubtful_paste(text, &texts) => {
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

    fn answered(&mut self, lines: Vec<String>, answer: &str, out: &mut Vec<Action>) {
        match guard::answer(answer) {
            Answer::Send => lines
                .iter()
                .for_each(|line| self.say(Speech::to_all(line), out)),
            Answer::Join => self.say(Speech::to_all(&lines.join(" ")), out),
            Answer::Drop => out.push(Action::Tell(words::PASTE_DROPPED.into())),
            Answer::Unclear => {
                out.push(Action::Tell(words::PASTE_UNCLEAR.into()));
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

    /// The row stays where one does not leave yet.
    pub(super) fn input_ended(&mut self, now: Now, out: &mut Vec<Action>) {
        let was_warned = self.warned;
        self.leave(now, out);
        if self.warned && !was_warned {
            out.push(Action::Keep);
        }
    }

    pub(super) fn interrupted(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.question.take().is_some() {
            return out.push(Action::Tell(words::PASTE_DROPPED.into()));
        }
        if self.life.name().is_none() || self.life.is_closed() {
            self.life.leave(now, out);
        } else {
            out.push(Action::Tell(words::HOW_TO_LEAVE.into()));
        }
    }
}
