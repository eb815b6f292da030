//! Plain format of the transcript, for screen readers: words instead of signs, colours and columns.
//!
//! ```text
//! Saturday 22 November
//! 10:41 bob says: does anyone have the deploy notes?
//! carol says: wiki, second link
//! 10:42 who came: dave, erin. who left: frank
//! bob mentions you: ann: can you check them?
//! bob whispers: psst, wrong room
//! ```
//! A name is one word, and lines of the client and the server begin with two: nobody can pose as
//! either.

use std::fmt::Write;

use super::sanitize;
use super::stamp::Stamp;
use crate::app::line::{Chime, Line, Mention, PresenceChanges, TranscriptLine};
use crate::app::settings::TimeDisplay;

/// A renderer of lines. The line before decides whether the time is written again.
#[derive(Debug, Default)]
pub(crate) struct PlainRenderer {
    stamp: Stamp,
}

impl PlainRenderer {
    /// Returns a line in words, with its line ending.
    pub(crate) fn render(&mut self, shown: &TranscriptLine) -> String {
        let mut out = String::new();
        if shown.chime == Chime::Rings {
            out.push('\u{7}');
        }
        if shown.time != TimeDisplay::Off {
            self.time(shown, &mut out);
        }
        out.push_str(&words(&shown.line));
        out.push('\n');
        out
    }

    fn time(&mut self, shown: &TranscriptLine, out: &mut String) {
        if let Some(day) = self.stamp.new_day(shown.at) {
            let _ = writeln!(out, "{day}");
        }
        if self.stamp.is_new_minute(shown.at) || shown.time == TimeDisplay::Each {
            let _ = write!(out, "{} ", shown.at.strftime("%H:%M"));
        }
    }
}

fn words(line: &Line) -> String {
    match line {
        Line::Said {
            name,
            text,
            mention,
        } => {
            let says = match mention {
                Mention::OfMe => "mentions you",
                Mention::OfWord => "says, highlighted",
                Mention::None => "says",
            };
            format!("{} {says}: {}", sanitize(name), sanitize(text))
        }
        Line::WhisperFrom { from, text } => {
            format!("{} whispers: {}", sanitize(from), sanitize(text))
        }
        Line::WhisperTo { to, text } => {
            format!("whispered to {}: {}", sanitize(to), sanitize(text))
        }
        Line::Waiting { text, .. } => format!("it waits: {}", sanitize(text)),
        Line::Presence(changes) => came(changes),
        Line::Wire(text) | Line::Output(text) => sanitize(text),
        Line::Notice(text) => format!("the server: {}", sanitize(text)),
        Line::Refusal(text) => format!("not done: {}", sanitize(text)),
        Line::Secret(text) => format!("the secret: {}", sanitize(text)),
        Line::Help(entry) => format!("client note: {}: {}", entry.usage, entry.does),
        Line::Note(text) => format!("client note: {}", without_signs(text)),
        Line::Lost(text) | Line::Back(text) | Line::Rule(text) => without_signs(text),
        Line::Past(past) => words(&past.line),
    }
}

/// Replaces the signs that separate the parts of the client's notes.
fn without_signs(text: &str) -> String {
    sanitize(text)
        .replace(" · ", "; ")
        .replace('–', " to ")
        .replace(" ⇢ ", " to ")
}

fn came(changes: &PresenceChanges) -> String {
    let joined = people("who came", &changes.joined, changes.more_joined);
    let left = people("who left", &changes.left, changes.more_left);
    let both: Vec<String> = [joined, left].into_iter().flatten().collect();
    both.join(". ")
}

fn people(what: &str, names: &[String], more: u32) -> Option<String> {
    let mut people: Vec<String> = names.iter().map(|name| sanitize(name)).collect();
    if more > 0 {
        people.push(format!("{more} more"));
    }
    (!people.is_empty()).then(|| format!("{what}: {}", people.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i8, time: TimeDisplay, line: Line) -> TranscriptLine {
        TranscriptLine {
            at: jiff::civil::date(2025, 11, 22).at(10, minute, 0, 0),
            time,
            chime: Chime::Silent,
            line,
        }
    }

    fn said(text: &str, mention: Mention) -> Line {
        Line::Said {
            name: "bob".into(),
            text: text.into(),
            mention,
        }
    }

    #[test]
    fn a_transcript_is_read_in_words() {
        let changes = PresenceChanges {
            joined: vec!["dave".into(), "erin".into()],
            left: vec!["frank".into()],
            more_joined: 3,
            ..PresenceChanges::default()
        };
        let from = || ("bob".to_owned(), "psst".to_owned());
        let (name, text) = from();
        let lines = [
            (41, said("hi", Mention::None)),
            (41, said("ann: look", Mention::OfMe)),
            (41, said("we deploy", Mention::OfWord)),
            (42, Line::WhisperFrom { from: name, text }),
            (42, Line::Presence(changes)),
            (42, Line::Notice("welcome, ann".into())),
            (
                42,
                Line::Lost("connection lost: reset · try 1 in 4 s".into()),
            ),
            (42, Line::Note("2 lines wait".into())),
        ];
        let mut renderer = PlainRenderer::default();
        let read: String = lines
            .into_iter()
            .map(|(minute, line)| renderer.render(&at(minute, TimeDisplay::Once, line)))
            .collect();
        assert_eq!(
            read,
            "Saturday 22 November\n\
             10:41 bob says: hi\n\
             bob mentions you: ann: look\n\
             bob says, highlighted: we deploy\n\
             10:42 bob whispers: psst\n\
             who came: dave, erin, 3 more. who left: frank\n\
             the server: welcome, ann\n\
             connection lost: reset; try 1 in 4 s\n\
             client note: 2 lines wait\n"
        );
    }

    #[test]
    fn nothing_from_the_wire_is_obeyed() {
        let line = said("\x1b]0;owned\x07\u{202e}", Mention::None);
        let read = PlainRenderer::default().render(&at(0, TimeDisplay::Off, line));
        assert_eq!(read, "bob says: ^[]0;owned^G<U+202E>\n");
    }
}
