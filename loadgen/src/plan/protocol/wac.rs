//! WAC chat.

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::Line;
use crate::plan::ids::{Message, User};
use crate::plan::limit::Limit;
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
        ServerLine::Refusal(_) => Line::Refused(line),
        ServerLine::Pong(_) => Line::Pong,
        // Somebody who is not of this run talks.
        ServerLine::Message { .. } | ServerLine::Whisper { .. } => Line::Other,
        // Nobody of this run asks for it.
        ServerLine::Secret(_) => Line::Corrupt(None),
    }
}

fn noticed<'a>(payload: &Payload, user: User, notice: &Notice<'_>) -> Line<'a> {
    match notice {
        Notice::Welcome(name) if payload.user_of(name) == Some(user) => Line::Welcome,
        _ => Limit::of_notice(notice).map_or(Line::Other, Line::Limit),
    }
}
