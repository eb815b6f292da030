//! The transcript as it is logged: each line with its day and time, for `grep` and for people.
//!
//! ```text
//! 2025-11-22 10:41:07 bob: does anyone have the deploy notes?
//! 2025-11-22 10:42:31 + dave erin  - frank
//! 2025-11-22 10:42:58 bob ⇢ me psst, wrong room
//! ```
//! The signs are those of [`look`](super::look). A name is one word: nobody can speak as another.

use std::fmt::Write;

use wac_core::wire::line::ServerLine;

use super::look::{came, marked};
use super::shown as clean;
use crate::line::{Line, Shown};

/// Returns a line as it is logged, with its end.
pub fn logged(shown: &Shown) -> String {
    let mut out = shown.at.strftime("%F %T ").to_string();
    body(&shown.line, &mut out);
    out.push('\n');
    out
}

fn body(line: &Line, out: &mut String) {
    match line {
        Line::Said { name, text, .. } => said(name, text, out),
        Line::Heard { from, text } => whisper(from, "me", text, out),
        Line::Whispered { to, text } => whisper("me", to, text, out),
        Line::Came(moves) => came(moves, out),
        Line::Wire(line) => wire(line, out),
        Line::Notice(text) => marked('*', text, out),
        Line::Refusal(text) => marked('!', text, out),
        Line::Secret(text) => marked('=', text, out),
        Line::Told(text) => marked('#', text, out),
        Line::Lost(text) => marked('✗', text, out),
        Line::Back(text) => marked('✓', text, out),
    }
}

/// A line of the server is logged alike, whoever is shown it.
fn wire(line: &str, out: &mut String) {
    match ServerLine::parse(line) {
        ServerLine::Message { name, text } => said(name, text, out),
        ServerLine::Whisper { name, text } => whisper(name, "me", text, out),
        _ => out.push_str(&clean(line)),
    }
}

fn said(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, "{}: {}", clean(name), clean(text));
}

fn whisper(from: &str, to: &str, text: &str, out: &mut String) {
    let _ = write!(out, "{} ⇢ {} {}", clean(from), clean(to), clean(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Chime, Mention, Moves};
    use crate::settings::TimeShown;

    #[track_caller]
    fn is_logged(line: Line, wanted: &str) {
        let shown = Shown {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 7, 0),
            time: TimeShown::Off,
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
        is_logged(Line::Heard { from, text: psst() }, "bob ⇢ me psst");
        is_logged(Line::Whispered { to, text: psst() }, "me ⇢ bob psst");
        let moves = Moves {
            joined: vec!["dave".into()],
            left: vec!["erin".into()],
            ..Moves::default()
        };
        is_logged(Line::Came(moves), "+ dave  - erin");
        is_logged(Line::Notice("slow down".into()), "* slow down");
        is_logged(Line::Refusal("no user named x".into()), "! no user named x");
        is_logged(Line::Lost("link lost".into()), "✗ link lost");
        is_logged(Line::Back("back as ann".into()), "✓ back as ann");
    }

    #[test]
    fn what_a_pipe_is_given_is_logged_like_the_rest() {
        is_logged(Line::Wire("bob: hi: you".into()), "bob: hi: you");
        is_logged(Line::Wire("bob whispers, \"psst\"".into()), "bob ⇢ me psst");
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
