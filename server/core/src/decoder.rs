//! Line decoder: cuts a connection's byte stream into lines, in place and without ever holding more
//! than one line's worth of bytes.
//!
//! ```text
//!  bytes: [ text of the line so far | gap | undecoded ]
//!         0                       text   raw        len
//! ```
//! Decoding moves bytes from the undecoded part to the text and removes Telnet commands and erased
//! characters. Nothing is decoded before [`Decoder::peek`] is called, so lines that may not pass
//! yet stay as they came, and a found line stays until [`Decoder::consume`].

use std::fmt;

use crate::MAX_CLIENT_LINE_BYTES;
use crate::telnet::{Declined, Step, Telnet};

const NUL: u8 = 0x00;
const BACKSPACE: u8 = 0x08;
const CR: u8 = 0x0d;
const DELETE: u8 = 0x7f;

/// The next thing in a client's input.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A line without its ending.
    Line(&'a [u8]),
    /// The beginning of a line longer than [`MAX_CLIENT_LINE_BYTES`]: reported once, its tail is skipped.
    TooLong(&'a [u8]),
    /// Telnet's AYT.
    AreYouThere,
    /// The bytes that decline a Telnet option.
    Decline([u8; 3]),
}

impl Input<'_> {
    /// Tells whether it is a line, well-formed or not.
    pub fn is_line(&self) -> bool {
        matches!(self, Self::Line(_) | Self::TooLong(_))
    }
}

#[derive(Debug, Clone, Copy)]
enum Found {
    Line,
    TooLong,
    AreYouThere,
    Decline([u8; 3]),
}

/// A decoder of lines. Holds at most [`MAX_CLIENT_LINE_BYTES`]; owns no heap while idle.
#[derive(Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// The length of the line's text so far, in `0..=raw`.
    text: usize,
    /// The beginning of the undecoded bytes, in `text..=bytes.len()`.
    raw: usize,
    found: Option<Found>,
    telnet: Telnet,
    /// An over-long line was reported and its tail is being dropped.
    skipping: bool,
    declined: Option<Box<Declined>>,
}

/// Shows no text: it may be private.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({} bytes)", self.bytes.len())
    }
}

impl Decoder {
    /// Returns the number of bytes that may be fed now, in `0..=MAX_CLIENT_LINE_BYTES`.
    pub fn free(&self) -> usize {
        MAX_CLIENT_LINE_BYTES - (self.text + self.bytes.len() - self.raw)
    }

    /// Adds bytes as they came from the socket.
    ///
    /// # Panics
    /// If there are more bytes than [`free`](Self::free).
    pub fn feed(&mut self, bytes: &[u8]) {
        assert!(
            bytes.len() <= self.free(),
            "the caller reads no more than is free"
        );
        self.bytes.drain(self.text..self.raw);
        self.raw = self.text;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next thing in the input, which stays the next until it is consumed, or `None`
    /// if only a part of it has come.
    pub fn peek(&mut self) -> Option<Input<'_>> {
        if self.found.is_none() {
            self.found = self.decode();
        }
        Some(match self.found? {
            Found::Line => Input::Line(without_cr(&self.bytes[..self.text])),
            Found::TooLong => Input::TooLong(&self.bytes[..self.text]),
            Found::AreYouThere => Input::AreYouThere,
            Found::Decline(bytes) => Input::Decline(bytes),
        })
    }

    /// Consumes what [`peek`](Self::peek) returned.
    pub fn consume(&mut self) {
        match self.found.take() {
            Some(Found::Line) => self.text = 0,
            Some(Found::TooLong) => self.skip(self.bytes[self.text - 1]),
            Some(Found::AreYouThere | Found::Decline(_)) | None => {}
        }
        if self.text == 0 && self.raw == self.bytes.len() {
            self.bytes = Vec::new();
            self.raw = 0;
        }
    }

    /// Returns the decoded text of an incomplete line.
    pub fn partial(&self) -> &[u8] {
        &self.bytes[..self.text]
    }

    fn decode(&mut self) -> Option<Found> {
        while let Some(&byte) = self.bytes.get(self.raw) {
            self.raw += 1;
            let found = match self.telnet.step(byte) {
                Step::Data(byte) => self.take(byte),
                Step::Nothing => None,
                Step::AreYouThere => Some(Found::AreYouThere),
                Step::Offer(offer) => {
                    let due = self.declined.get_or_insert_default().is_due(offer);
                    due.then(|| Found::Decline(offer.decline()))
                }
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn take(&mut self, byte: u8) -> Option<Found> {
        match byte {
            b'\n' => return self.end_line(),
            // Enter in Telnet's character mode (RFC 854).
            NUL if self.bytes[..self.text].last() == Some(&CR) => return self.end_line(),
            _ if self.skipping => self.skip(byte),
            BACKSPACE | DELETE => self.erase(),
            _ => return self.push(byte),
        }
        None
    }

    fn end_line(&mut self) -> Option<Found> {
        if std::mem::take(&mut self.skipping) {
            self.text = 0;
            return None;
        }
        Some(Found::Line)
    }

    /// Drops a byte of an over-long line, but keeps a CR because a NUL may follow it.
    fn skip(&mut self, byte: u8) {
        self.bytes[0] = byte;
        self.text = usize::from(byte == CR);
    }

    fn push(&mut self, byte: u8) -> Option<Found> {
        self.bytes[self.text] = byte;
        self.text += 1;
        // The ending counts too: a text of the whole limit has no room for its line feed.
        if self.text < MAX_CLIENT_LINE_BYTES {
            return None;
        }
        self.skipping = true;
        Some(Found::TooLong)
    }

    /// Erases the last character: its continuation bytes and the byte they continue.
    fn erase(&mut self) {
        while let Some(last) = self.text.checked_sub(1) {
            self.text = last;
            if self.bytes[last] & 0b1100_0000 != 0b1000_0000 {
                return;
            }
        }
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(decoder.free()));
                decoder.feed(now);
                rest = later;
                while let Some(input) = decoder.peek() {
                    seen.push(match input {
                        Input::Line(line) => String::from_utf8_lossy(line).into_owned(),
                        Input::TooLong(_) => "TooLong".to_owned(),
                        other => format!("{other:?}"),
                    });
                    decoder.consume();
                }
            }
        }
        seen
    }

    #[test]
    fn lines_end_with_lf_cr_lf_or_cr_nul() {
        assert_eq!(decode(&[b"one\ntwo\r\n\r\nhalf"]), ["one", "two", ""]);
        assert_eq!(
            decode(&[b"one\r\0\r\0two\0\r", b"\0"]),
            ["one", "", "two\0"]
        );
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_byte_more_is_refused_once() {
        let fits = [vec![b'x'; 4095], b"\n".to_vec()].concat();
        assert_eq!(decode(&[&fits])[0].len(), 4095);
        let long = [vec![b'x'; 10_000], b"\nnext\n".to_vec()].concat();
        assert_eq!(decode(&[&long]), ["TooLong", "next"]);
        let long = [vec![b'x'; 10_000], b"\rx\0x\r\0next\r\0".to_vec()].concat();
        assert_eq!(decode(&[&long]), ["TooLong", "next"]);
        let long = [vec![b'x'; 4095], b"\r\0next\r\0".to_vec()].concat();
        assert_eq!(decode(&[&long]), ["TooLong", "next"]);
    }

    #[test]
    fn the_beginning_of_an_overlong_line_is_available() {
        let mut decoder = Decoder::default();
        decoder.feed(&[b"POST /".to_vec(), vec![b'x'; 4090]].concat());
        let Some(Input::TooLong(beginning)) = decoder.peek() else {
            panic!("the line is too long")
        };
        assert!(beginning.starts_with(b"POST /"));
        decoder.consume();
        assert_eq!(decoder.partial(), b"");
    }

    #[test]
    fn telnet_commands_are_removed_and_offers_declined_once() {
        let bytes = b"a\xff\xfb\x01b\xff\xfb\x01c\xff\xfd\x01\xff\xfa\x18\x00\n\xff\xf0d\xff\xf6\n";
        assert_eq!(
            decode(&[bytes]),
            [
                "Decline([255, 254, 1])",
                "Decline([255, 252, 1])",
                "AreYouThere",
                "abcd"
            ]
        );
    }

    #[test]
    fn a_timing_mark_is_answered_each_time() {
        let bytes = b"\xff\xfd\x06\xff\xfd\x06\xff\xfb\x06\xff\xfb\x06";
        assert_eq!(
            decode(&[bytes]),
            [
                "Decline([255, 252, 6])",
                "Decline([255, 252, 6])",
                "Decline([255, 254, 6])"
            ]
        );
    }

    #[test]
    fn a_doubled_iac_is_a_byte_of_text() {
        assert_eq!(decode(&[b"a\xff\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn backspace_and_delete_erase_a_whole_character() {
        assert_eq!(decode(&["\u{8}aé\u{8}b€\u{7f}c\n".as_bytes()]), ["abc"]);
        assert_eq!(decode(&["x\u{8}\u{8}\u{8}y\n".as_bytes()]), ["y"]);
    }

    #[test]
    fn an_unconsumed_line_stays_and_takes_up_room() {
        let mut decoder = Decoder::default();
        decoder.feed(b"one\ntwo\n");
        assert_eq!(decoder.peek(), Some(Input::Line(b"one")));
        assert_eq!(decoder.peek(), Some(Input::Line(b"one")));
        assert!(decoder.free() <= MAX_CLIENT_LINE_BYTES - 7);
        decoder.consume();
        assert_eq!(decoder.peek(), Some(Input::Line(b"two")));
        decoder.consume();
        assert_eq!(decoder.peek(), None);
        assert_eq!(decoder.free(), MAX_CLIENT_LINE_BYTES);
        assert_eq!(decoder.bytes.capacity(), 0, "idle, it owns no heap");
    }

    proptest! {
        #[test]
        fn any_split_of_the_stream_gives_the_same_lines(
            stream in proptest::collection::vec(
                prop_oneof![
                    4 => any::<u8>().prop_map(|byte| vec![byte]),
                    2 => Just(b"MSG hello\r\n".to_vec()),
                    1 => Just(b"MSG hello\r\0".to_vec()),
                    1 => Just(vec![255, 251, 1]),
                    1 => Just(vec![255, 250, 24, 255, 240]),
                    1 => Just(vec![8]),
                    1 => Just(vec![b'x'; 3000]),
                ], 0..60),
            cuts in proptest::collection::vec(1usize..5000, 1..40),
        ) {
            let stream = stream.concat();
            let (mut pieces, mut rest) = (Vec::new(), &stream[..]);
            for cut in cuts {
                let (piece, later) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = later;
            }
            pieces.push(rest);
            prop_assert_eq!(decode(&pieces), decode(&[&stream]));
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            prop_assert_eq!(decode(&single), decode(&[&stream]));
        }

        #[test]
        fn a_decoder_never_holds_more_than_a_line(pieces in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..4096), 1..20)) {
            let mut decoder = Decoder::default();
            for piece in pieces {
                decoder.feed(&piece[..piece.len().min(decoder.free())]);
                prop_assert!(decoder.bytes.len() <= MAX_CLIENT_LINE_BYTES);
                if decoder.peek().is_some() {
                    decoder.consume();
                }
            }
        }
    }
}
