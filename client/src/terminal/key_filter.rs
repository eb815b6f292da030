//! Key filter: bytes as the terminal sends them in, bytes that an editor understands out.
//!
//! ```text
//!            ESC [ 2 0 0 ~              ESC [ 2 0 1 ~
//!  Keys ───────────────────▶ Pasting ────────────────▶ Keys
//!    ▲                          │ a pause
//!    └──────── a key ────── Paused ─── the rest of the paste ──▶ Pasting
//! ```
//! What comes out is UTF-8; escape sequences and pastes come out whole or not at all, and the keys
//! that `stty` has moved are where everybody expects them. So nothing that is typed ends the editor,
//! and nothing holds it up. Time is an argument.

use std::mem;
use std::time::{Duration, Instant};

use super::escape::{self, Sequence};
use super::pasted::{self, Pasted};
use crate::app::Focus;

/// Longest silence within a paste, half a letter or half a sequence: 500 ms, as in readline. What
/// takes longer has lost its end; and an ESC is a key of its own.
const PAUSE: Duration = Duration::from_millis(500);
/// Silence after which a Ctrl-C is typed, not pasted: 100 ms.
const TYPED: Duration = Duration::from_millis(100);

/// Longest sequence of a key, or report of the terminal, with room to spare.
const MAX_SEQUENCE_BYTES: usize = 256;

const FOCUS_GAINED: &[u8] = b"\x1b[I";
const FOCUS_LOST: &[u8] = b"\x1b[O";
pub(super) const PASTE: &[u8] = b"\x1b[200~";
pub(super) const PASTE_END: &[u8] = b"\x1b[201~";
pub(super) const ESC: u8 = 0x1b;

pub(super) const CTRL_C: u8 = 0x03;
pub(super) const CTRL_D: u8 = 0x04;
pub(super) const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const CTRL_Z: u8 = 0x1a;
const CTRL_BACKSLASH: u8 = 0x1c;
pub(super) const BACKSPACE: u8 = 0x7f;

/// The control characters of a terminal, as `stty -a` names them; 0 is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct ControlKeys {
    pub(super) intr: u8,
    pub(super) quit: u8,
    pub(super) susp: u8,
    pub(super) eof: u8,
    pub(super) erase: u8,
    pub(super) kill: u8,
    pub(super) werase: u8,
}

/// Something that was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Keys and pastes for the editor.
    Keys(Vec<u8>),
    /// The key that suspends the client.
    Suspend,
    /// Not a key: the terminal reports its focus.
    Focus(Focus),
    /// A paste was too long and has been cut.
    Cut,
}

#[derive(Debug)]
enum PasteState {
    Keys,
    /// A paste has begun; its text so far.
    Pasting(Vec<u8>),
    /// A pause has ended a paste; its rest may still come.
    Paused,
}

/// The filter. Holds at most one unfinished letter, sequence or paste.
#[derive(Debug)]
pub(super) struct KeyFilter {
    keys: ControlKeys,
    state: PasteState,
    /// The beginning of a letter or a sequence.
    held: Vec<u8>,
    /// When the last bytes came.
    last: Instant,
    out: Vec<Typed>,
}

impl KeyFilter {
    pub(super) fn new(keys: ControlKeys, now: Instant) -> Self {
        Self {
            keys,
            state: PasteState::Keys,
            held: Vec::new(),
            last: now,
            out: Vec::new(),
        }
    }

    /// Takes the bytes of one read.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Typed> {
        let silence = now.saturating_duration_since(self.last);
        self.last = now;
        match &self.state {
            PasteState::Pasting(_) if bytes == [CTRL_C] && silence >= TYPED => {
                self.state = PasteState::Keys;
            }
            PasteState::Paused if is_pasted(bytes) => self.state = PasteState::Pasting(Vec::new()),
            PasteState::Paused => self.state = PasteState::Keys,
            _ => {}
        }
        for &byte in bytes {
            self.push(byte);
        }
        // A report would have gone on within the same read.
        if escape::may_begin_report(&self.held) {
            let key = mem::take(&mut self.held);
            self.emit(&key);
        }
        mem::take(&mut self.out)
    }

    /// Returns when [`expire`](Self::expire) is due, if nothing comes until then.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_open = matches!(self.state, PasteState::Pasting(_)) || !self.held.is_empty();
        is_open.then(|| self.last + PAUSE)
    }

    /// Ends whatever has waited too long for its rest.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Typed> {
        if self.due().is_some_and(|due| due <= now) {
            self.pause();
        }
        mem::take(&mut self.out)
    }

    fn pause(&mut self) {
        if let PasteState::Pasting(text) = &mut self.state {
            let text = mem::take(text);
            self.state = PasteState::Paused;
            // Nothing followed: somebody tried to get out.
            if text.ends_with(&[CTRL_C]) {
                self.emit(&[CTRL_C]);
            } else {
                self.paste(&text);
            }
        } else if self.held == [ESC] {
            self.held.clear();
            self.emit(&[ESC]);
        } else if mem::take(&mut self.held)[0] != ESC {
            self.emit_char(char::REPLACEMENT_CHARACTER);
        }
    }

    fn push(&mut self, byte: u8) {
        if let PasteState::Pasting(text) = &mut self.state {
            text.push(byte);
            if text.ends_with(PASTE_END) {
                text.truncate(text.len() - PASTE_END.len());
                let text = mem::take(text);
                self.state = PasteState::Keys;
                self.paste(&text);
            } else if text.len() > 2 * pasted::MAX_BYTES {
                // It stays longer than may be, and so is known to have been cut.
                text.drain(pasted::MAX_BYTES + 1..text.len() - PASTE_END.len());
            }
        } else {
            // A sequence begins anew within one, of which the rest was lost.
            let is_within = self.held.len() >= 2 && self.held[0] == ESC;
            if byte == ESC && is_within && !escape::is_report(&self.held) {
                self.held.clear();
            }
            self.held.push(byte);
            self.take_held();
        }
    }

    /// Emits the held bytes as soon as they are a whole.
    fn take_held(&mut self) {
        if self.held.ends_with(PASTE) {
            self.held.clear();
            self.state = PasteState::Pasting(Vec::new());
        } else if self.held[0] == ESC {
            self.take_sequence();
        } else {
            self.take_letter();
        }
    }

    fn take_sequence(&mut self) {
        match &*self.held {
            FOCUS_GAINED => self.out.push(Typed::Focus(Focus::Gained)),
            FOCUS_LOST => self.out.push(Typed::Focus(Focus::Lost)),
            _ => return self.take_key(),
        }
        self.held.clear();
    }

    fn take_key(&mut self) {
        match escape::parse(&self.held) {
            Sequence::Unfinished if self.held.len() < MAX_SEQUENCE_BYTES => return,
            Sequence::Known => {
                let sequence = mem::take(&mut self.held);
                self.emit(&sequence);
            }
            Sequence::NoText => self.emit_char(char::REPLACEMENT_CHARACTER),
            Sequence::Unknown | Sequence::Unfinished => {}
        }
        self.held.clear();
    }

    fn take_letter(&mut self) {
        match str::from_utf8(&self.held) {
            Ok(text) => {
                let letter = text.chars().next();
                self.held.clear();
                letter.into_iter().for_each(|letter| self.key(letter));
            }
            Err(error) => {
                if let Some(count) = error.error_len() {
                    let rest = self.held.split_off(count);
                    self.held.clear();
                    self.emit_char(char::REPLACEMENT_CHARACTER);
                    rest.into_iter().for_each(|byte| self.push(byte));
                }
            }
        }
    }

    fn key(&mut self, key: char) {
        let moved = u8::try_from(key).unwrap_or_default();
        let keys = self.keys;
        match moved {
            0 => self.emit_char(key),
            _ if moved == keys.susp => self.out.push(Typed::Suspend),
            _ if moved == keys.intr => self.emit(&[CTRL_C]),
            _ if moved == keys.quit => {}
            _ if moved == keys.eof => self.emit(&[CTRL_D]),
            _ if moved == keys.erase => self.emit(&[BACKSPACE]),
            _ if moved == keys.kill => self.emit(&[CTRL_U]),
            _ if moved == keys.werase => self.emit(&[CTRL_W]),
            // The editor would end, or stop, with these.
            CTRL_BACKSLASH | CTRL_Z => {}
            _ => self.emit_char(key),
        }
    }

    /// Emits a text between the signs of a paste.
    fn paste(&mut self, text: &[u8]) {
        let pasted = Pasted::of(text);
        if pasted.is_cut {
            self.out.push(Typed::Cut);
        }
        self.emit(&[PASTE, pasted.text.as_bytes(), PASTE_END].concat());
    }

    fn emit_char(&mut self, c: char) {
        self.emit(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn emit(&mut self, bytes: &[u8]) {
        match self.out.last_mut() {
            Some(Typed::Keys(keys)) => keys.extend(bytes),
            _ => self.out.push(Typed::Keys(bytes.to_vec())),
        }
    }
}

/// Returns whether bytes that came behind a pause belong to the paste before it: nobody types the
/// end of a paste, nor goes on behind Enter within one read.
fn is_pasted(bytes: &[u8]) -> bool {
    let line_end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let goes_on = line_end.is_some_and(|end| end + 1 < bytes.len());
    goes_on || bytes.windows(PASTE_END.len()).any(|part| part == PASTE_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: ControlKeys = ControlKeys {
        intr: CTRL_C,
        quit: CTRL_BACKSLASH,
        susp: CTRL_Z,
        eof: CTRL_D,
        erase: BACKSPACE,
        kill: CTRL_U,
        werase: CTRL_W,
    };

    /// Types each text, a wait in milliseconds before it; returns the keys as one text.
    #[track_caller]
    fn typed_with(keys: ControlKeys, parts: &[(u64, &[u8])]) -> String {
        let mut now = Instant::now();
        let mut filter = KeyFilter::new(keys, now);
        let mut out = Vec::new();
        for (wait, bytes) in parts {
            now += Duration::from_millis(*wait);
            out.extend(filter.expire(now));
            out.extend(filter.feed(bytes, now));
        }
        out.extend(filter.expire(now + PAUSE));
        assert_eq!(filter.due(), None, "something is left");
        let text = out.into_iter().map(|typed| match typed {
            Typed::Keys(keys) => String::from_utf8(keys).expect("it is UTF-8"),
            Typed::Suspend => "<suspend>".to_owned(),
            Typed::Focus(focus) => format!("<{focus:?}>"),
            Typed::Cut => "<cut>".to_owned(),
        });
        text.collect()
    }

    #[track_caller]
    fn typed(parts: &[(u64, &[u8])]) -> String {
        typed_with(USUAL, parts)
    }

    /// A paste as it comes out.
    fn paste(text: &str) -> String {
        format!("\x1b[200~{text}\x1b[201~")
    }

    #[test]
    fn keys_pass_as_they_are() {
        for text in [
            "hello",
            "Zoë 中文 🎉",
            "\x1b[A\x1bOP\x1b[1;5C\x1bb\x1b\x1b[A",
            "\0\x01\x7f",
        ] {
            assert_eq!(typed(&[(0, text.as_bytes())]), text);
            let bytes = text.as_bytes();
            let single: Vec<_> = bytes.chunks(1).map(|byte| (10, byte)).collect();
            assert_eq!(typed(&single), text, "byte by byte");
        }
    }

    #[test]
    fn what_is_no_utf8_is_replaced() {
        assert_eq!(typed(&[(0, b"M\xfcller")]), "M\u{fffd}ller");
        assert_eq!(typed(&[(0, b"\xe4\xb8"), (400, b"\xad")]), "中");
        assert_eq!(typed(&[(0, b"\xe4\xb8"), (600, b"x")]), "\u{fffd}x");
        assert_eq!(
            typed(&[(0, b"\xe4\xb8x\xff\xff")]),
            "\u{fffd}x\u{fffd}\u{fffd}"
        );
        assert_eq!(typed(&[(0, b"\x1b\xffx")]), "\u{fffd}x");
        let pasted = typed(&[(0, b"\x1b[200~caf\xe9\x1b[201~")]);
        assert_eq!(pasted, paste("caf\u{fffd}"));
    }

    #[test]
    fn a_paste_comes_out_whole() {
        let all = paste("one\r\n/quit\x03\x1a\x1c");
        for at in 0..all.len() {
            let (begin, end) = all.as_bytes().split_at(at);
            let pasted = typed(&[(0, begin), (400, end)]);
            assert_eq!(pasted, paste("one\n/quit"), "cut at {at}");
        }
    }

    #[test]
    fn a_pause_ends_a_paste() {
        assert_eq!(
            typed(&[(0, b"\x1b[200~he"), (600, b"y")]),
            paste("he") + "y"
        );
        assert_eq!(
            typed(&[(0, b"\x1b[200~he\x1b[20"), (600, b"y")]),
            paste("he") + "y"
        );
        assert_eq!(typed(&[(0, b"\x1b[200~he"), (400, b"y")]), paste("hey"));
    }

    #[test]
    fn ctrl_c_ends_a_paste_that_has_no_end() {
        assert_eq!(
            typed(&[(0, b"\x1b[200~he"), (200, b"\x03"), (0, b"x")]),
            "\x03x"
        );
        assert_eq!(typed(&[(0, b"\x1b[200~he\x03")]), "\x03");
        assert_eq!(
            typed(&[(0, b"\x1b[200~he"), (10, b"\x03"), (10, b"y")]),
            paste("hey")
        );
    }

    #[test]
    fn the_rest_behind_a_pause_is_still_pasted() {
        let behind = |rest: &[u8]| typed(&[(0, b"\x1b[200~one\n"), (600, rest)]);
        assert_eq!(behind(b"/quit\ntwo"), paste("one\n") + &paste("/quit\ntwo"));
        assert_eq!(
            behind(b"/quit\x1b[201~\r"),
            paste("one\n") + &paste("/quit") + "\r"
        );
        assert_eq!(behind(b"/quit\r"), paste("one\n") + "/quit\r");
    }

    #[test]
    fn sequences_in_a_paste_are_taken_out() {
        let text = "x\x1b[0mY\x1b]0;title\x07Z\u{9b}31m!\x1b";
        assert_eq!(typed(&[(0, paste(text).as_bytes())]), paste("xYZ!"));
    }

    #[test]
    fn half_a_sequence_and_a_strange_one_are_dropped() {
        assert_eq!(typed(&[(0, b"\x1b[1;"), (600, b"x")]), "x");
        assert_eq!(typed(&[(0, b"\x1b[201~\x1b[<0;3;4M\x1b[27;5;9~x")]), "x");
        assert_eq!(typed(&[(0, b"\x1b[0nx\x1b[99;5u\x1b[;5Ay")]), "xy");
        assert_eq!(typed(&[(0, b"\x1b"), (600, b"x")]), "\x1bx");
    }

    #[test]
    fn a_paste_begins_also_within_half_a_sequence() {
        for half in [
            "\x1b",
            "\x1b[",
            "\x1b[1;",
            "\x1bO",
            "\x1b\x1b",
            "\x1b[200",
            "\u{e4}\u{b8}",
        ] {
            let keys = typed(&[(0, half.as_bytes()), (0, paste("/quit\r").as_bytes())]);
            assert!(keys.ends_with(&paste("/quit\n")), "{half:?}: {keys:?}");
        }
    }

    #[test]
    fn a_report_of_the_focus_is_no_key() {
        assert_eq!(typed(&[(0, b"a\x1b[Ob\x1b[Ic")]), "a<Lost>b<Gained>c");
        assert_eq!(typed(&[(0, b"\x1b["), (10, b"I")]), "<Gained>");
        let pasted = typed(&[(0, b"\x1b[200~x\x1b[Iy\x1b[201~")]);
        assert_eq!(pasted, paste("xy"));
    }

    #[test]
    fn moved_keys_are_where_they_are_expected() {
        let moved = ControlKeys {
            intr: 0x07,
            quit: 0x18,
            susp: 0x1f,
            eof: 0x02,
            erase: 0x08,
            kill: 0,
            werase: 0,
        };
        let keys = typed_with(moved, &[(0, b"a\x07\x18\x02\x08\x1f\0\x1c\x1a")]);
        assert_eq!(keys, "a\x03\x04\x7f<suspend>\0");
        assert_eq!(typed(&[(0, b"a\x1c\x1ab")]), "a<suspend>b");
    }

    #[test]
    fn a_report_of_the_terminal_is_no_text() {
        for report in ["]11;rgb:0/0/0\x07", "]11;rgb:0/0/0\x1b\\", "P1+r544e\x1b\\"] {
            let text = format!("a\x1b{report}b");
            assert_eq!(typed(&[(0, text.as_bytes())]), "ab", "{report:?}");
        }
        let in_parts: [(u64, &[u8]); 2] = [(0, b"\x1b]11;rgb"), (10, b":0/0/0\x1b\\b")];
        assert_eq!(typed(&in_parts), "b");
        assert_eq!(typed(&[(0, b"\x1b]11;rgb"), (600, b"b")]), "b");
    }

    #[test]
    fn a_letter_typed_with_alt_is_no_report() {
        assert_eq!(typed(&[(0, b"\x1b]"), (10, b"x")]), "\x1b]x");
        assert_eq!(typed(&[(0, b"\x1bP"), (10, b"\x1b[A")]), "\x1bP\x1b[A");
    }

    #[test]
    fn a_paste_is_bounded() {
        let long = paste(&"x".repeat(3 * pasted::MAX_BYTES));
        let kept = paste(&"x".repeat(pasted::MAX_BYTES));
        assert!(typed(&[(0, long.as_bytes())]) == format!("<cut>{kept}"));
        let tall = paste(&"\n".repeat(2 * pasted::MAX_LINES));
        let kept = paste(&"\n".repeat(pasted::MAX_LINES));
        assert!(typed(&[(0, tall.as_bytes())]) == format!("<cut>{kept}"));
    }
}
