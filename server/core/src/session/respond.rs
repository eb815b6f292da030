//! Responses of a session: to a line, and to the outcome of an item.

use super::conversation::{Conversation, Login};
use super::{CachedReply, Event, Item, Items, Whisper};
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::name::Name;
use crate::roster::Unavailable;
use crate::text::cut;
use crate::wire::command::{Command, Line, Malformed};
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

impl Conversation {
    /// Answers one line of the client.
    pub(super) fn respond(&mut self, line: &Line<'_>, secret: &str, items: &mut Items) {
        match *line {
            Line::Blank => {}
            Line::Unknown(word) => {
                self.refuse(Refusal::UnknownCommand(cut(word)), items);
            }
            Line::Known(row, Err(Malformed::NoText)) => {
                debug_assert!(row.arguments.ends_with("text"));
                if self.user(items).is_some() {
                    self.refuse(Refusal::NoText, items);
                }
            }
            Line::Known(_, Ok(command)) => self.obey(command, secret, items),
        }
    }

    fn obey(&mut self, command: Command<'_>, secret: &str, items: &mut Items) {
        match command {
            Command::LogIn(name) => self.log_in(name, items),
            Command::Message(text) => {
                if let Some(name) = self.user(items) {
                    items.push_line(&ServerLine::Message {
                        name: name.as_str(),
                        text,
                    });
                }
            }
            Command::Whisper { to, text } => self.whisper(to, text, items),
            Command::Secret => self.answer(ServerLine::Secret(secret).to_bytes(), items),
            Command::Ping(text) => self.answer(ServerLine::Pong(text).to_bytes(), items),
            Command::Who => self.show(CachedReply::Who, items),
            Command::Help => self.show(CachedReply::Help, items),
            Command::Quit => self.end(CloseReason::Quit, items),
        }
    }

    fn log_in(&mut self, name: &str, items: &mut Items) {
        if let Login::User(name, _) = &self.login {
            let name = name.clone();
            return self.refuse(Refusal::AlreadyLoggedIn(name.as_str()), items);
        }
        match name.parse::<Name>() {
            Ok(name) => {
                self.login = Login::Claiming(name.clone());
                self.awaiting = true;
                items.push(Item::Claim(name));
            }
            Err(why) => self.refuse(Refusal::NotAName(&why.to_string()), items),
        }
    }

    fn whisper(&mut self, to: &str, text: &str, items: &mut Items) {
        let Some(name) = self.user(items) else { return };
        let line = ServerLine::Whisper {
            name: name.as_str(),
            text,
        }
        .to_bytes();
        self.awaiting = true;
        items.push(Item::Whisper(Box::new(Whisper {
            to: to.to_owned(),
            line,
        })));
    }

    /// Returns the name, or refuses a command that needs one.
    fn user(&mut self, items: &mut Items) -> Option<&Name> {
        if self.name().is_none() {
            self.refuse(Refusal::NotLoggedIn, items);
        }
        self.name()
    }

    /// Reports the outcome of an item to the client.
    pub(super) fn answer_event(&mut self, event: Event, items: &mut Items) {
        match event {
            Event::Claimed(account) => {
                let Login::Claiming(name) = std::mem::replace(&mut self.login, Login::Visitor)
                else {
                    return;
                };
                self.tell(Notice::Welcome(name.as_str()), items);
                self.login = Login::User(name, account);
                items.push(Item::Joined);
            }
            Event::Unavailable(why) => {
                let Login::Claiming(name) = std::mem::replace(&mut self.login, Login::Visitor)
                else {
                    return;
                };
                let refusal = match why {
                    Unavailable::Taken => Refusal::Taken(name.as_str()),
                    Unavailable::Reserved => Refusal::Reserved(name.as_str()),
                };
                self.refuse(refusal, items);
            }
            Event::Whispered => {}
            Event::NoSuchUser(name) => self.refuse(Refusal::NoSuchUser(cut(&name)), items),
            Event::NotReading(name) => self.refuse(Refusal::NotReading(cut(&name)), items),
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal<'_>, items: &mut Items) {
        self.answer(ServerLine::Refusal(refusal).to_bytes(), items);
    }

    pub(super) fn tell(&mut self, notice: Notice<'_>, items: &mut Items) {
        self.answer(ServerLine::Notice(notice).to_bytes(), items);
    }

    /// Answers with bytes of the session's own.
    pub(super) fn answer(&mut self, bytes: Box<[u8]>, items: &mut Items) {
        let private = Private::Own(bytes);
        self.own_waiting += private.weight();
        items.push(Item::Answer(private));
    }

    fn show(&mut self, text: CachedReply, items: &mut Items) {
        self.shared_waiting += 1;
        items.push(Item::Show(text));
    }
}
