//! Protocols: how a user logs in, how a message is sent, what a line means.
//!
//! Every protocol here is made of lines, or of blocks whose texts stand in lines of their own. Where a server
//! does not say whose a message is, the message itself does ([`Payload::write_spoken`]), so that the bytes of a
//! delivery are nearly as many everywhere.

mod irc;
mod nats;
mod redis;
#[cfg(test)]
mod testing;
mod wac;

pub(crate) use crate::cli::values::Protocol;
use crate::plan::ids::{Message, User};
use crate::plan::payload::{Payload, Text};
pub(crate) use wac::{Limit, MARK, write_since};
use wac_core::wire::history::History;

/// What a line means to the user who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A message of this run.
    Message(Message),
    /// A whisper of this run.
    Whisper(Message),
    /// A line of this run's that is not what was sent; from whom, if that can be known.
    Corrupt(Option<User>),
    /// The user is logged in.
    Welcome,
    /// The server answers what was asked last, so everything before it has come. While logging in: the user is
    /// logged in.
    Pong,
    /// The server wants this sent, now: a step of the login, or a sign of life.
    Answer(Vec<u8>),
    /// A limit of the server was met.
    Limit(Limit),
    /// The name is in use.
    NameTaken,
    /// An answer about the room's past.
    Past(Past<'a>),
    /// The server refuses what was sent.
    Refused(&'a str),
    /// Nothing to do with this run.
    Other,
}

/// An answer to a user who keeps a mark, and comes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past<'a> {
    /// It names this place in the room.
    Mark(&'a str),
    /// There is none to be had now.
    NoMark,
    /// What was given is none of this room.
    NotAMark,
    /// A line of a replay that is not the room's.
    History(History),
}

impl Protocol {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wac => "wac",
            Self::Irc => "irc",
            Self::Redis => "redis",
            Self::Nats => "nats",
        }
    }

    /// What a user sends as soon as it is connected. The first `senders` users are those who talk.
    pub(crate) fn write_login(
        self,
        payload: &Payload,
        user: User,
        senders: u32,
        out: &mut Vec<u8>,
    ) {
        match self {
            Self::Wac => wac::write_login(payload, user, out),
            Self::Irc => irc::write_login(payload, user, out),
            Self::Redis => redis::write_login(user.0 < senders, out),
            Self::Nats => nats::write_login(out),
        }
    }

    /// A message, as its sender sends it.
    pub(crate) fn write_message(self, payload: &Payload, message: Message, out: &mut Vec<u8>) {
        match self {
            Self::Wac => wac::write_message(payload, message, out),
            Self::Irc => irc::write_message(payload, message, out),
            Self::Redis => redis::write_message(payload, message, out),
            Self::Nats => nats::write_message(payload, message, out),
        }
    }

    /// What a line means, its ending taken off.
    pub(crate) fn parse<'a>(self, payload: &Payload, user: User, line: &'a [u8]) -> Line<'a> {
        match self {
            Self::Wac => wac::parse(payload, user, line),
            Self::Irc => irc::parse(payload, line),
            Self::Redis => redis::parse(payload, line),
            Self::Nats => nats::parse(payload, line),
        }
    }

    /// What is answered with a [`Line::Pong`].
    pub(crate) fn ping(self) -> &'static [u8] {
        match self {
            Self::Wac | Self::Redis | Self::Nats => b"PING\r\n",
            Self::Irc => b"PING lg\r\n",
        }
    }

    /// Says goodbye: the server closes. Empty where there is no such word, and the user just closes.
    pub(crate) fn quit(self) -> &'static [u8] {
        match self {
            Self::Wac | Self::Irc | Self::Redis => b"QUIT\r\n",
            Self::Nats => b"",
        }
    }

    /// Everybody reads the messages of all senders in one order; others promise the order of each sender alone.
    pub(crate) fn has_one_order(self) -> bool {
        self == Self::Wac
    }

    /// Those who send read nothing.
    pub(crate) fn senders_are_deaf(self) -> bool {
        self == Self::Redis
    }
}

/// Parses a line of a protocol that has no whispers; none if it is not of this run.
fn parse_public<'a>(payload: &Payload, line: &[u8]) -> Option<Line<'a>> {
    match payload.recognise(line) {
        Text::Message(message) => Some(Line::Message(message)),
        Text::Whisper(_) => Some(Line::Corrupt(None)),
        Text::Corrupt(sender) => Some(Line::Corrupt(sender)),
        Text::Other => None,
    }
}

/// A message as it is said, in a line behind a head that says its length.
fn write_block(
    payload: &Payload,
    message: Message,
    head: impl FnOnce(usize) -> String,
    out: &mut Vec<u8>,
) {
    let begin = out.len();
    payload.write_spoken(message, out);
    // The length is known only now; one small allocation for each message sent, none for a delivery.
    let head = head(out.len() - begin);
    out.splice(begin..begin, head.into_bytes());
    out.extend_from_slice(b"\r\n");
}
