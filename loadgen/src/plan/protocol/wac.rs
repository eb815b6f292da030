//! WAC chat; and the limits of its server: how each reads on the wire, and which flag moves it.

use serde::{Deserialize, Serialize};
use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::{Line, Past};
use crate::plan::ids::{Message, User};
use crate::plan::payload::{self, Payload};

pub(super) fn write_login(payload: &Payload, user: User, out: &mut Vec<u8>) {
    out.extend_from_slice(b"LIN ");
    payload.write_name(user, out);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn write_message(payload: &Payload, message: Message, out: &mut Vec<u8>) {
    if payload.schedule().is_whisper(message) {
        out.extend_from_slice(b"W ");
        payload.write_name(payload.receiver(message), out);
        out.push(b' ');
    } else {
        out.extend_from_slice(b"MSG ");
    }
    payload.write_text(message, out);
    out.extend_from_slice(b"\r\n");
}

/// Asks for a mark.
pub(crate) const MARK: &[u8] = b"MARK\r\n";

/// Asks for what was said since a mark.
pub(crate) fn write_since(mark: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"SINCE ");
    out.extend_from_slice(mark.as_bytes());
    out.extend_from_slice(b"\r\n");
}

pub(super) fn parse<'a>(payload: &Payload, user: User, line: &'a [u8]) -> Line<'a> {
    match payload.recognise(line) {
        payload::Text::Message(message) => Line::Message(message),
        payload::Text::Whisper(message) => Line::Whisper(message),
        payload::Text::Corrupt(sender) => Line::Corrupt(sender),
        payload::Text::Other => parse_other(payload, user, line),
    }
}

fn parse_other<'a>(payload: &Payload, user: User, line: &'a [u8]) -> Line<'a> {
    let Ok(line) = str::from_utf8(line) else {
        return Line::Corrupt(None);
    };
    match ServerLine::parse(line) {
        ServerLine::Notice(notice) => noticed(payload, user, &notice),
        ServerLine::Refusal(Refusal::Taken(_)) => Line::NameTaken,
        ServerLine::Refusal(Refusal::NotAMark) => Line::Past(Past::NotAMark),
        ServerLine::Refusal(Refusal::NoMark) => Line::Past(Past::NoMark),
        ServerLine::Refusal(_) => Line::Refused(line),
        ServerLine::Pong(_) => Line::Pong,
        // Somebody who is not of this run talks.
        ServerLine::Message { .. } | ServerLine::Whisper { .. } => Line::Other,
        ServerLine::Mark(token) => Line::Past(Past::Mark(token)),
        // Nobody of this run asks for it.
        ServerLine::Secret(_) => Line::Corrupt(None),
    }
}

fn noticed<'a>(payload: &Payload, user: User, notice: &Notice<'_>) -> Line<'a> {
    match notice {
        Notice::Closing(Closing::NeedsTls) => Line::Refused("this port speaks TLS: --tls"),
        Notice::History(line) => Line::Past(Past::History(*line)),
        Notice::Welcome(name) if payload.user_of(name) == Some(user) => Line::Welcome,
        _ => Limit::of_notice(notice).map_or(Line::Other, Line::Limit),
    }
}

/// A limit of the server that a run has met. What is measured then is the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    Flood,
    HeldTooLong,
    TooSlow,
    ServerFull,
    AddressFull,
    Stopping,
    CutOff,
    Kicked,
    Banned,
}

/// One limit: what has happened, what to do.
struct Entry(Limit, &'static str, &'static str);

const ROWS: [Entry; 9] = [
    Entry(
        Limit::Flood,
        "flood control held a sender back",
        "start the server with --flood-rate 0, or send less (--rate), or from more users (--senders) of a machine it has as --trusted",
    ),
    Entry(
        Limit::HeldTooLong,
        "a sender was held back for so long that it was closed",
        "start the server with --flood-rate 0, or send less (--rate)",
    ),
    Entry(
        Limit::TooSlow,
        "a reader fell behind the server's window and was closed",
        "start the server with a larger --window, or take fewer --users or a lower --rate for this machine",
    ),
    Entry(
        Limit::ServerFull,
        "the server takes no more connections",
        "start the server with --max-connections above the number of users, and as many open files (ulimit -n)",
    ),
    Entry(
        Limit::AddressFull,
        "the server takes no more connections from this address",
        "start the server with --max-per-ip 0 --connect-rate 0, or with --trusted and this machine's address",
    ),
    Entry(
        Limit::Stopping,
        "the server was stopped during the run",
        "leave it running",
    ),
    Entry(
        Limit::CutOff,
        "the server was cut off from the room that it serves with others",
        "see its log, and whether its brokers run",
    ),
    Entry(
        Limit::Kicked,
        "a user was kicked",
        "leave the users of a run alone",
    ),
    Entry(
        Limit::Banned,
        "the server has banned this address",
        "lift the ban: wacd bans, wacd unban",
    ),
];

impl Limit {
    /// Recognises the notice that reports a limit.
    pub(crate) fn of_notice(notice: &Notice<'_>) -> Option<Self> {
        match notice {
            Notice::SlowDown => Some(Self::Flood),
            Notice::Closing(why) => Self::met(why),
            _ => None,
        }
    }

    fn met(why: &Closing<'_>) -> Option<Self> {
        match why {
            Closing::HeldTooLong => Some(Self::HeldTooLong),
            Closing::TooSlow => Some(Self::TooSlow),
            Closing::ServerFull => Some(Self::ServerFull),
            Closing::AddressLimit => Some(Self::AddressFull),
            Closing::Stopping | Closing::StoppingAlone => Some(Self::Stopping),
            Closing::CutOff => Some(Self::CutOff),
            Closing::Kicked(_) => Some(Self::Kicked),
            Closing::Banned(_) => Some(Self::Banned),
            Closing::Goodbye
            | Closing::LoginTimeout
            | Closing::LoggedInElsewhere
            | Closing::NotOurProtocol
            | Closing::NeedsTls
            | Closing::Other(_) => None,
        }
    }

    /// What has happened.
    pub(crate) fn meaning(self) -> &'static str {
        self.row().1
    }

    /// What to do about it.
    pub(crate) fn advice(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static Entry {
        ROWS.iter()
            .find(|Entry(limit, ..)| *limit == self)
            .expect("each limit has its row")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_recognised_and_name_their_flag() {
        let flag = |notice| {
            Limit::of_notice(&Notice::parse(notice))
                .map(Limit::advice)
                .unwrap_or_default()
        };
        assert!(flag("slow down: your lines wait").contains("--flood-rate 0"));
        assert!(
            flag("closing: too many connections from your address")
                .contains("--max-per-ip 0 --connect-rate 0")
        );
        assert!(flag("closing: server full").contains("--max-connections"));
        assert!(flag("closing: you read too slowly").contains("--window"));
        assert_eq!(
            Limit::of_notice(&Notice::parse("closing: kicked: spam")),
            Some(Limit::Kicked)
        );
        assert!(flag("closing: banned").contains("wacd unban"));
        assert!(flag("closing: cut off from the room").contains("brokers"));
        let alone = "closing: the server is stopping; the room goes on at other servers";
        assert_eq!(flag(alone), flag("closing: the server is stopping"));
    }

    #[test]
    fn other_notices_are_none() {
        for notice in [
            "welcome, Jack",
            "Jack left",
            "closing: goodbye",
            "12 more joined",
        ] {
            assert_eq!(Limit::of_notice(&Notice::parse(notice)), None, "{notice}");
        }
    }
}
