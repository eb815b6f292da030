//! What a session does with a line, and with what came of its items.

use super::{Event, Item, Items, Login, Session, Shared, Whisper};
use crate::close::CloseReason;
use crate::cursor::Private;
use crate::name::Name;
use crate::roster::Unavailable;
use crate::text::cut;
use crate::wire::command::{Command, Line, Malformed};
use crate::wire::line::ServerLine;

impl Session {
    /// Answers one line of the client.
    pub(super) fn respond(&mut self, line: &Line<'_>, secret: &str, items: &mut Items) {
        match *line {
            Line::Blank => {}
            Line::Unknown(word) => {
                self.refuse(
                    &format!("unknown command {}; HELP lists them", cut(word)),
                    items,
                );
            }
            Line::Known(row, Err(Malformed::NoText)) => {
                debug_assert!(row.arguments.ends_with("text"));
                if self.user(items).is_some() {
                    self.refuse("nothing to send", items);
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
            Command::Who => self.show(Shared::Who, items),
            Command::Help => self.show(Shared::Help, items),
            Command::Quit => self.end(CloseReason::Quit, items),
        }
    }

    fn log_in(&mut self, name: &str, items: &mut Items) {
        if let Login::User(name, _) = &self.login {
            let refusal = format!("you are already {name}");
            return self.refuse(&refusal, items);
        }
        match name.parse::<Name>() {
            Ok(name) => {
                self.login = Login::Claiming(name.clone());
                self.awaiting = true;
                items.push(Item::Claim(name));
            }
            Err(why) => self.refuse(&format!("not a name: {why}"), items),
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

    /// Returns the name, or refuses what needs one.
    fn user(&mut self, items: &mut Items) -> Option<&Name> {
        if self.name().is_none() {
            self.refuse("log in first: LIN <name>", items);
        }
        self.name()
    }

    /// Answers what came of an item.
    pub(super) fn hear(&mut self, event: Event, items: &mut Items) {
        match event {
            Event::Claimed(account) => {
                let Login::Claiming(name) = std::mem::replace(&mut self.login, Login::Visitor)
                else {
                    return;
                };
                self.tell(&format!("welcome, {name}"), items);
                self.login = Login::User(name, account);
                items.push(Item::Joined);
            }
            Event::Unavailable(why) => {
                let Login::Claiming(name) = std::mem::replace(&mut self.login, Login::Visitor)
                else {
                    return;
                };
                let why = match why {
                    Unavailable::Taken => "taken",
                    Unavailable::Reserved => "reserved",
                };
                self.refuse(&format!("the name {name} is {why}"), items);
            }
            Event::Whispered => {}
            Event::NoSuchUser(name) => self.refuse(&format!("no user named {}", cut(&name)), items),
            Event::NotReading(name) => {
                self.refuse(&format!("{} is not reading, try later", cut(&name)), items);
            }
        }
    }

    pub(super) fn refuse(&mut self, text: &str, items: &mut Items) {
        self.answer(ServerLine::Refusal(text).to_bytes(), items);
    }

    pub(super) fn tell(&mut self, text: &str, items: &mut Items) {
        self.answer(ServerLine::Notice(text).to_bytes(), items);
    }

    pub(super) fn answer(&mut self, bytes: Box<[u8]>, items: &mut Items) {
        let private = Private::Own(bytes);
        self.own_waiting += private.weight();
        items.push(Item::Answer(private));
    }

    pub(super) fn show(&mut self, text: Shared, items: &mut Items) {
        self.shared_waiting += 1;
        items.push(Item::Show(text));
    }
}
