//! WAC chat.

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::Heard;
use crate::judge::limit::Limit;
use crate::plan::payload::{self, Payload};

pub(super) fn write_login(payload: &Payload, user: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"LIN ");
    payload.write_name(user, out);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn write_message(payload: &Payload, message: u32, out: &mut Vec<u8>) {
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

pub(super) fn hear<'a>(payload: &Payload, user: u32, line: &'a [u8]) -> Heard<'a> {
    match payload.hear(line) {
        payload::Heard::Message(message) => Heard::Message(message),
        payload::Heard::Whisper(message) => Heard::Whisper(message),
        payload::Heard::Corrupt(sender) => Heard::Corrupt(sender),
        payload::Heard::Other => hear_other(payload, user, line),
    }
}

fn hear_other<'a>(payload: &Payload, user: u32, line: &'a [u8]) -> Heard<'a> {
    let Ok(line) = str::from_utf8(line) else {
        return Heard::Corrupt(None);
    };
    match ServerLine::parse(line) {
        ServerLine::Notice(notice) => noticed(payload, user, &notice),
        ServerLine::Refusal(Refusal::Taken(_)) => Heard::NameTaken,
        ServerLine::Refusal(_) => Heard::Refused(line),
        ServerLine::Pong(_) => Heard::Pong,
        // Somebody who is not of this run talks.
        ServerLine::Message { .. } | ServerLine::Whisper { .. } => Heard::Other,
        // Nobody of this run asks for it.
        ServerLine::Secret(_) => Heard::Corrupt(None),
    }
}

fn noticed<'a>(payload: &Payload, user: u32, notice: &Notice<'_>) -> Heard<'a> {
    match notice {
        Notice::Welcome(name) if payload.user_of(name) == Some(user) => Heard::Welcome,
        _ => Limit::told_by(notice).map_or(Heard::Other, Heard::Limit),
    }
}
