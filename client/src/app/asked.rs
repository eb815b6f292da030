//! What is to be done when something is asked for.

use std::mem;

use wac_core::name::Folded;

use super::speech::{Speech, Unsendable};
use super::who::Asker;
use super::{Action, App, Manner, words};
use crate::clock::Now;
use crate::entry::Entry;
use crate::line::{Line, Mention};

/// The most lines that wait for a connection: as many as wait to be sent.
const MAX_WAITING: usize = 1000;

impl App {
    pub(super) fn asked_for(&mut self, entry: Entry<'_>, now: Now, out: &mut Vec<Action>) {
        self.warned &= entry == Entry::Quit;
        match entry {
            Entry::Say(texts) if texts.is_empty() => self.life.try_now(now, out),
            Entry::Say(texts) => {
                for text in texts {
                    self.say(Speech::to_all(text), out);
                }
            }
            Entry::Whisper { to, text } => self.say(Speech::to_one(to, text), out),
            Entry::Reply(text) => self.reply(text, out),
            Entry::Who(part) => self.ask_who(part, out),
            Entry::Secret => self.ask_server("SEC", out),
            Entry::Send => self.send_waiting(out),
            Entry::Drop => self.drop_waiting(out),
            Entry::Reconnect if self.manner == Manner::Pipe => {
                out.push(Action::Tell(words::NOT_IN_A_PIPE.into()));
            }
            Entry::Reconnect => self.life.reconnect(now, out),
            Entry::Status => out.push(Action::Tell(self.status(now))),
            Entry::Help(command) => out.extend(words::help(command).map(Action::Tell)),
            Entry::Last(count) => out.extend(recalled(self.past.last(count))),
            Entry::Grep(text) => out.extend(recalled(self.past.holding(text).into_iter())),
            Entry::Mute(name) => out.push(Action::Tell(self.mute(name))),
            Entry::Bell(bell) => {
                self.bell.rings_for = bell.unwrap_or(self.bell.rings_for);
                out.push(Action::Tell(words::bell(self.bell.rings_for)));
            }
            Entry::Time(time) => {
                out.push(Action::Time(time));
                out.push(Action::Tell(words::time(time)));
            }
            Entry::Quit => self.leave(now, out),
            Entry::Incomplete(command) => out.push(Action::Tell(words::usage(command))),
            Entry::Unknown { word, why } => {
                out.push(Action::Tell(words::unknown(word, &why)));
            }
        }
    }

    /// Leaves; but where lines wait, only when asked twice.
    pub(super) fn leave(&mut self, now: Now, out: &mut Vec<Action>) {
        let nobody_to_ask = self.manner == Manner::Pipe || self.life.is_closed();
        if nobody_to_ask || self.waiting.is_empty() || self.warned {
            return self.life.leave(now, out);
        }
        self.warned = true;
        out.push(Action::Tell(words::would_be_lost(self.waiting.len())));
    }

    fn reply(&mut self, text: &str, out: &mut Vec<Action>) {
        match self.people.last_whisperer().map(str::to_owned) {
            Some(to) => self.say(Speech::to_one(&to, text), out),
            None => out.push(Action::Tell(words::NOBODY_WHISPERED.into())),
        }
    }

    /// Mutes somebody, or listens again; returns who is muted then.
    fn mute(&mut self, name: Option<&str>) -> String {
        if let Some(name) = name {
            let folded = Folded::of(name);
            if self.muted.remove(&folded).is_none() {
                self.muted.insert(folded, name.to_owned());
            }
        }
        words::muted(self.muted.values())
    }

    /// A program is given the server's own list.
    fn ask_who(&mut self, part: Option<&str>, out: &mut Vec<Action>) {
        if self.life.is_online() {
            self.who.ask(match part {
                Some(part) if self.manner != Manner::Pipe => Asker::Seeker(part.to_owned()),
                _ => Asker::Person,
            });
        }
        self.ask_server("WHO", out);
    }

    fn ask_server(&self, line: &str, out: &mut Vec<Action>) {
        out.push(if self.life.is_online() {
            Action::Send(line.to_owned())
        } else {
            Action::Tell(words::NOT_CONNECTED.into())
        });
    }

    pub(super) fn say(&mut self, speech: Result<Speech, Unsendable>, out: &mut Vec<Action>) {
        match speech {
            Ok(speech) if self.life.is_online() => self.send(&speech, out),
            Ok(speech) => self.keep(speech, out),
            Err(Unsendable::Blank) => {}
            Err(Unsendable::TooLong(excess)) => {
                out.push(Action::Tell(words::too_long(excess, self.manner)));
            }
        }
    }

    /// Sends a text and shows it as everyone's are, for the server does not send it back.
    fn send(&self, speech: &Speech, out: &mut Vec<Action>) {
        out.push(Action::Send(speech.line()));
        let Some(me) = self.life.name() else { return };
        let text = speech.text.clone();
        let line = match &speech.to {
            None => Line::Said {
                name: me.to_string(),
                text,
                mention: Mention::None,
            },
            Some(to) => Line::Whispered {
                to: to.clone(),
                text,
            },
        };
        out.push(match self.manner {
            Manner::Screen => Action::Show(line),
            Manner::Plain | Manner::Pipe => Action::Log(line),
        });
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
}

fn recalled<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Action> {
    let lines: Vec<Action> = lines.map(|line| Action::Tell(line.to_owned())).collect();
    if lines.is_empty() {
        return vec![Action::Tell(words::NOTHING_SAID.into())];
    }
    lines
}
