//! Fuzz target of the decoder, and the plain decoder that it is compared with: one that has all bytes at once.

use std::collections::BTreeSet;
use std::fmt;

use crate::MAX_CLIENT_LINE_BYTES;
use crate::decoder::{Decoder, Input};

/// Stands before the number of times that the next byte is repeated, in steps of [`REPEATED`]: a short input can
/// have long lines. No text has this byte, so none is missed.
const REPEAT: u8 = 0xc0;
const REPEATED: usize = 17;
/// Bytes of a stream at most: enough for two lines that are too long.
const MOST_BYTES: usize = 10 * 1024;

/// What came out of a decoder.
#[derive(PartialEq, Eq)]
enum Seen {
    Line(Vec<u8>),
    TooLong(Vec<u8>),
    AreYouThere,
    Decline([u8; 3]),
}

/// Cuts a stream as the first bytes say: it gives what a plain decoder makes of it in one piece.
pub fn decoder(bytes: &[u8]) {
    const CUTS: usize = 4;
    let (cuts, stream) = bytes.split_at(bytes.len().min(CUTS));
    let has_long_lines = cuts.first().is_some_and(|cut| cut % 8 == 1);
    let stream = if has_long_lines {
        expanded(stream)
    } else {
        stream.to_vec()
    };
    let cuts = cuts.iter().map(|&cut| match cut {
        0 => usize::MAX,
        _ => cut.into(),
    });
    assert_eq!(
        decoded(&stream, &cuts.collect::<Vec<_>>()),
        plainly_decoded(&stream)
    );
}

fn expanded(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    while let ([first, behind @ ..], true) = (rest, out.len() < MOST_BYTES) {
        rest = behind;
        match (first, rest) {
            (&REPEAT, &[times, byte, ref behind @ ..]) if times > 0 => {
                out.resize(out.len() + usize::from(times) * REPEATED, byte);
                rest = behind;
            }
            _ => out.push(*first),
        }
    }
    out
}

/// Feeds a decoder with pieces of these lengths, again and again, and takes out everything after each.
fn decoded(stream: &[u8], cuts: &[usize]) -> Vec<Seen> {
    let (mut decoder, mut seen, mut rest) = (Decoder::default(), Vec::new(), stream);
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let cut = *cuts.next().expect("they never end");
        let free = decoder.free();
        assert!((1..=MAX_CLIENT_LINE_BYTES).contains(&free));
        let (now, later) = rest.split_at(cut.min(free).min(rest.len()));
        decoder.feed(now);
        rest = later;
        while let Some(input) = decoder.peek() {
            seen.push(Seen::of(&input));
            let again = decoder.peek().map(|input| Seen::of(&input));
            assert_eq!(again.as_ref(), seen.last(), "it stays until it is consumed");
            decoder.consume();
        }
        let partial = decoder.partial().len();
        assert_eq!(decoder.free() + partial, MAX_CLIENT_LINE_BYTES);
    }
    seen
}

impl Seen {
    fn of(input: &Input<'_>) -> Self {
        match *input {
            Input::Line(line) => Self::Line(line.to_vec()),
            Input::TooLong(beginning) => Self::TooLong(beginning.to_vec()),
            Input::AreYouThere => Self::AreYouThere,
            Input::Decline(bytes) => Self::Decline(bytes),
        }
    }
}

/// Shows no more than the beginning of a line.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self {
            Self::Line(text) => ("line", text),
            Self::TooLong(text) => ("too long", text),
            Self::AreYouThere => return f.write_str("are you there"),
            Self::Decline(bytes) => return write!(f, "decline {bytes:?}"),
        };
        let begins = String::from_utf8_lossy(&text[..text.len().min(40)]);
        write!(f, "{kind} of {} bytes: {begins:?}", text.len())
    }
}

/// Decodes a whole stream: the rules of the protocol, read one after the other.
fn plainly_decoded(stream: &[u8]) -> Vec<Seen> {
    let (mut seen, mut lines) = (Vec::new(), PlainLines::default());
    let (mut rest, mut declined) = (stream, BTreeSet::new());
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, rest) {
            (0xff, [0xff, behind @ ..]) => {
                lines.take(0xff, &mut seen);
                rest = behind;
            }
            (0xff, [asks @ 0xfb..=0xfe, option, behind @ ..]) => {
                let answer = match asks {
                    0xfb => Some([0xff, 0xfe, *option]),
                    0xfd => Some([0xff, 0xfc, *option]),
                    _ => None,
                };
                let is_due =
                    |answer: &[u8; 3]| declined.insert(*answer) || answer[1..] == [0xfc, 6];
                seen.extend(answer.filter(is_due).map(Seen::Decline));
                rest = behind;
            }
            (0xff, [0xfb..=0xfe] | []) => return seen,
            (0xff, [0xfa, behind @ ..]) => {
                rest = after_subnegotiation(behind);
            }
            (0xff, [0xf6, behind @ ..]) => {
                seen.push(Seen::AreYouThere);
                rest = behind;
            }
            (0xff, [_, behind @ ..]) => rest = behind,
            (byte, _) => lines.take(*byte, &mut seen),
        }
    }
    seen
}

/// Returns what follows `IAC SE`; in a subnegotiation, IAC stands before a command or another IAC.
fn after_subnegotiation(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [0xff, 0xf0, behind @ ..] => return behind,
            [0xff, _, behind @ ..] | [_, behind @ ..] => behind,
            [] => return rest,
        }
    }
}

#[derive(Default)]
struct PlainLines {
    line: Vec<u8>,
    is_too_long: bool,
}

impl PlainLines {
    fn take(&mut self, byte: u8, seen: &mut Vec<Seen>) {
        match (byte, self.line.last()) {
            (b'\n', _) | (0, Some(b'\r')) => self.end(seen),
            (0x08 | 0x7f, _) if !self.is_too_long => self.erase(),
            _ => self.line.push(byte),
        }
        if self.line.len() == MAX_CLIENT_LINE_BYTES && !self.is_too_long {
            seen.push(Seen::TooLong(self.line.clone()));
            self.is_too_long = true;
        }
    }

    fn end(&mut self, seen: &mut Vec<Seen>) {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_too_long) {
            return;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        seen.push(Seen::Line(line));
    }

    fn erase(&mut self) {
        while self.line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }
}
