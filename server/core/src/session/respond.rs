//! Responses of a session: to a line, and to the outcome of an item.

use super::conversation::{Conversation, Login};
use super::{Audience, CachedReply, Event, Item, Items, Logins, Rules, Whisper};
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::mark::{Mark, RoomId};
use crate::name::Name;
use crate::password::{Password, Proof};
use crate::replay::Recall;
use crate::roster::Unavailable;
use crate::text::cut;
use crate::wire::command::{Command, Line, LoginWords, Malformed};
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

impl Conversation {
    /// Answers one line of the client.
    pub(super) fn respond(&mut self, line: &Line<'_>, rules: &Rules, items: &mut Items) {
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
            Line::Known(_, Err(Malformed::NotACount)) => self.refuse(Refusal::NotACount, items),
            Line::Known(_, Ok(command)) => self.obey(command, rules, items),
        }
    }

    fn obey(&mut self, command: Command<'_>, rules: &Rules, items: &mut Items) {
        match command {
            Command::LogIn(words) => self.log_in(words, rules.logins, items),
            Command::Message(text) => {
                if let Some(name) = self.user(items) {
                    items.push_line(&ServerLine::Message {
                        name: name.as_str(),
                        text,
                    });
                }
            }
            Command::Whisper { to, text } => self.whisper(to, text, items),
            Command::Secret => self.answer(ServerLine::Secret(&rules.secret).to_bytes(), items),
            Command::Ping(text) => {
                let pong = self.own(ServerLine::Pong(text).to_bytes());
                items.push(Item::Fence(pong));
            }
            Command::Who => {
                if self.may_read_room(rules, items) {
                    self.request(Item::Show(CachedReply::Who), items);
                }
            }
            Command::History(lines) => {
                if self.may_read_room(rules, items) {
                    self.request(Item::Replay(Recall::Last(lines)), items);
                }
            }
            Command::Mark => {
                if self.may_read_room(rules, items) {
                    self.request(Item::Mark, items);
                }
            }
            Command::Since(token) => {
                if self.may_read_room(rules, items) {
                    self.recall_since(token, rules.room, items);
                }
            }
            Command::Help => self.request(Item::Show(CachedReply::Help), items),
            Command::Quit => self.end(CloseReason::Quit, items),
        }
    }

    fn log_in(&mut self, words: LoginWords<'_>, logins: Logins, items: &mut Items) {
        if let Login::User(name, _) = &self.login {
            let name = name.clone();
            return self.refuse(Refusal::AlreadyLoggedIn(name.as_str()), items);
        }
        let (name, password) = match logins {
            Logins::WithoutPasswords => (words.name(), None),
            Logins::Anyone | Logins::Registered => words.name_and_password(),
        };
        if logins == Logins::Registered && password.is_none() {
            return self.refuse(Refusal::PasswordsOnly, items);
        }
        match name.parse::<Name>() {
            Ok(name) => self.claim(name, password.map(Password::of_line), items),
            Err(why) => self.refuse(Refusal::NotAName(&why.to_string()), items),
        }
    }

    fn claim(&mut self, name: Name, password: Option<Password>, items: &mut Items) {
        self.awaiting = true;
        let (login, item) = match password {
            None => (Login::Claiming(name.clone()), Item::Claim(name)),
            Some(password) => {
                let login = Login::Proving(name.clone());
                (login, Item::Prove(Box::new(Proof { name, password })))
            }
        };
        self.login = login;
        items.push(item);
    }

    /// Takes the name that was claimed; without the event of success the session is a visitor's again.
    fn claimed_name(&mut self) -> Option<Name> {
        match std::mem::replace(&mut self.login, Login::Visitor) {
            Login::Claiming(name) | Login::Proving(name) => Some(name),
            Login::Visitor | Login::User(..) => None,
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

    fn recall_since(&mut self, token: &str, room: RoomId, items: &mut Items) {
        match Mark::parse(token).filter(|mark| mark.room == room) {
            Some(mark) => self.request(Item::Replay(Recall::Since(mark.place)), items),
            None => self.refuse(Refusal::NotAMark, items),
        }
    }

    /// Tells whether the session reads the room, or refuses a command that needs that.
    fn may_read_room(&mut self, rules: &Rules, items: &mut Items) -> bool {
        rules.audience == Audience::Anyone || self.user(items).is_some()
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
                let Some(name) = self.claimed_name() else {
                    return;
                };
                self.tell(Notice::Welcome(name.as_str()), items);
                self.login = Login::User(name, account);
                items.push(Item::Joined);
            }
            Event::Unavailable(why) => {
                let Some(name) = self.claimed_name() else {
                    return;
                };
                let refusal = match why {
                    Unavailable::Registered => Refusal::NeedsPassword(name.as_str()),
                    Unavailable::Taken => Refusal::Taken(name.as_str()),
                    Unavailable::Reserved => Refusal::Reserved(name.as_str()),
                };
                self.refuse(refusal, items);
            }
            Event::WrongPassword => {
                self.login = Login::Visitor;
                self.refuse(Refusal::WrongPassword, items);
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
        let private = self.own(bytes);
        items.push(Item::Answer(private));
    }

    /// Counts bytes of the session's own that are to be written.
    pub(super) fn own(&mut self, bytes: Box<[u8]>) -> Private {
        let private = Private::Own(bytes);
        self.own_waiting += private.weight();
        private
    }

    /// Hands out an item that the shard replies to.
    fn request(&mut self, item: Item, items: &mut Items) {
        self.replies_waiting += 1;
        items.push(item);
    }
}
