//! Log format of the transcript: each line with its date and time, for `grep` and for people.
//!
//! ```text
//! 2025-11-22 10:41:07 bob: does anyone have the deploy notes?
//! 2025-11-22 10:42:31 + dave erin  - frank
//! 2025-11-22 10:42:58 bob ⇢ (me) psst, wrong room
//! ```
//! The signs are those of [`look`](super::screen). A name is one word: nobody can speak as another.

use std::fmt::Write;

use wac_core::wire::line::ServerLine;

use super::sanitize;
use super::screen::{came, marked};
use crate::app::line::{Line, ME, TranscriptLine};

/// Returns a line in the log format, with its line ending.
pub(crate) fn logged(shown: &TranscriptLine) -> String {
    let mut out = shown.at.strftime("%F %T ").to_string();
    body(&shown.line, &mut out);
    out.push('\n');
    out
}

fn body(line: &Line, out: &mut String) {
    match line {
        Line::Said { name, text, .. } => said(name, text, out),
        Line::WhisperFrom { from, text } => whisper(from, ME, text, out),
        Line::WhisperTo { to, text } => whisper(ME, to, text, out),
        Line::Waiting { text, .. } => marked('⟳', text, out),
        Line::Presence(changes) => came(changes, out),
        Line::Wire(line) | Line::Output(line) => wire(line, out),
        Line::Notice(text) => marked('*', text, out),
        Line::Refusal(text) => marked('!', text, out),
        Line::Secret(text) => marked('=', text, out),
        Line::Help(entry) => marked('#', &entry.to_string(), out),
        Line::Note(text) => marked('#', text, out),
        Line::Lost(text) => marked('✗', text, out),
        Line::Back(text) => marked('✓', text, out),
        Line::Rule(text) => marked('─', text, out),
        Line::Past(past) => body(&past.line, out),
    }
}

/// Writes a line of the server in the format of all modes.
fn wire(line: &str, out: &mut String) {
    match ServerLine::parse(line) {
        ServerLine::Message { name, text } => said(name, text, out),
        ServerLine::Whisper { name, text } => whisper(name, ME, text, out),
        _ => out.push_str(&sanitize(line)),
    }
}

fn said(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, "{}: {}", sanitize(name), sanitize(text));
}

fn whisper(from: &str, to: &str, text: &str, out: &mut String) {
    let _ = write!(
        out,
        "{} ⇢ {} {}",
        sanitize(from),
        sanitize(to),
        sanitize(text)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::line::{Chime, Mention, PresenceChanges};
    use crate::app::settings::TimeDisplay;

    #[track_caller]
    fn is_logged(line: Line, wanted: &str) {
        let shown = TranscriptLine {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 7, 0),
            time: TimeDisplay::Off,
            chime: Chime::Rings,
            line,
        };
        assert_eq!(logged(&shown), format!("2025-11-22 10:41:07 {wanted}\n"));
    }

    #[test]
    fn each_line_has_its_day_and_time_and_its_sign() {
        let said = Line::Said {
            name: "bob".into(),
            text: "ann: look".into(),
            mention: Mention::OfMe,
        };
        is_logged(said, "bob: ann: look");
        let (from, to) = ("bob".to_owned(), "bob".to_owned());
        let psst = || "psst".to_owned();
        is_logged(Line::WhisperFrom { from, text: psst() }, "bob ⇢ (me) psst");
        is_logged(Line::WhisperTo { to, text: psst() }, "(me) ⇢ bob psst");
        let changes = PresenceChanges {
            joined: vec!["dave".into()],
            left: vec!["erin".into()],
            ..PresenceChanges::default()
        };
        is_logged(Line::Presence(changes), "+ dave  - erin");
        is_logged(Line::Notice("slow down".into()), "* slow down");
        is_logged(Line::Refusal("no user named x".into()), "! no user named x");
        is_logged(Line::Lost("connection lost".into()), "✗ connection lost");
        is_logged(Line::Back("back as ann".into()), "✓ back as ann");
    }

    #[test]
    fn what_a_pipe_is_given_is_logged_like_the_rest() {
        is_logged(Line::Wire("bob: hi: you".into()), "bob: hi: you");
        is_logged(
            Line::Wire("bob whispers, \"psst\"".into()),
            "bob ⇢ (me) psst",
        );
        is_logged(Line::Wire("* dave joined".into()), "* dave joined");
    }

    #[test]
    fn nothing_from_the_wire_is_obeyed() {
        let bad = "\x1b]0;owned\x07\r\n\u{202e}\u{9b}2J";
        is_logged(
            Line::Wire(format!("bob: {bad}")),
            "bob: ^[]0;owned^G^M^J<U+202E><U+009B>2J",
        );
    }
}
