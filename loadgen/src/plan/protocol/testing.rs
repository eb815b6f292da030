//! Helpers for the tests of all protocols.

use std::sync::Arc;
use std::time::Duration;

use super::{Line, Protocol};
use crate::cli::values::{Arrival, Size};
use crate::plan::ids::{Message, User};
use crate::plan::payload::{Make, Payload};
use crate::plan::schedule::{Schedule, Shape};

/// The first users are those who talk.
pub(super) const SENDERS: u32 = 3;

/// 10 messages of 3 senders, to 9 users, of run `00007f3a`.
pub(super) fn payload() -> Payload {
    let schedule = Schedule::new(&Shape {
        stages: vec![(10.0, Duration::from_secs(1))],
        whispers: 0.0,
        arrival: Arrival::Even,
        senders: SENDERS,
        seed: 7,
    });
    Payload::new(Make {
        run: 0x7f3a,
        seed: 7,
        users: 9,
        size: Size { min: 40, max: 40 },
        schedule: Arc::new(schedule),
    })
}

/// What a user sends first.
pub(super) fn login(protocol: Protocol, payload: &Payload, user: User) -> String {
    let mut out = Vec::new();
    protocol.write_login(payload, user, SENDERS, &mut out);
    String::from_utf8(out).unwrap()
}

/// A message's name and text.
pub(super) fn spoken(payload: &Payload, message: Message) -> Vec<u8> {
    let mut out = Vec::new();
    payload.write_spoken(message, &mut out);
    out
}

/// What the lines of a received block mean to user 4, cut as a reader cuts them.
pub(super) fn parsed<'a>(protocol: Protocol, payload: &Payload, block: &'a [u8]) -> Vec<Line<'a>> {
    let lines = block.strip_suffix(b"\n").expect("a block ends with a line");
    lines
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .map(|line| protocol.parse(payload, User(4), line))
        .collect()
}

/// The block, with each byte of `part`, where it stands last, changed in turn.
pub(super) fn changed<'a>(block: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
    let begin = block.len() - part.len() - b"\r\n".len();
    assert_eq!(&block[begin..begin + part.len()], part);
    (begin..begin + part.len()).map(|at| {
        let mut block = block.to_vec();
        block[at] ^= 0x40;
        block
    })
}

/// What the server wants to on_line.
pub(super) fn answer(bytes: &str) -> Line<'static> {
    Line::Answer(bytes.as_bytes().to_vec())
}
