//! The transcript in words, for who listens to it: no sign, no colour, no column.
//!
//! ```text
//! Saturday 22 November
//! 10:41 bob says: does anyone have the deploy notes?
//! carol says: wiki, second link
//! 10:42 who came: dave, erin. who left: frank
//! bob mentions you: ann: can you check them?
//! bob whispers: psst, wrong room
//! ```
//! A name is one word, and what the client and the server say begins with two: nobody can speak as
//! either.

use std::fmt::Write;

use super::shown as clean;
use super::stamp::Stamp;
use crate::line::{Chime, Line, Mention, Moves, Shown};
use crate::settings::TimeShown;

/// Renders line by line; what it has shown decides whether the time is told again.
#[derive(Debug, Default)]
pub struct Reader {
    stamp: Stamp,
}

impl Reader {
    /// Returns a line as it is to be read, with its end.
    pub fn render(&mut self, shown: &Shown) -> String {
        let mut out = String::new();
        if shown.chime == Chime::Rings {
            out.push('\u{7}');
        }
        if shown.time != TimeShown::Off {
            self.time(shown, &mut out);
        }
        out.push_str(&words(&shown.line));
        out.push('\n');
        out
    }

    fn time(&mut self, shown: &Shown, out: &mut String) {
        if let Some(day) = self.stamp.new_day(shown.at) {
            let _ = writeln!(out, "{day}");
        }
        if self.stamp.is_new_minute(shown.at) || shown.time == TimeShown::Each {
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
                Mention::None => "says",
            };
            format!("{} {says}: {}", clean(name), clean(text))
        }
        Line::Heard { from, text } => format!("{} whispers: {}", clean(from), clean(text)),
        Line::Whispered { to, text } => format!("whispered to {}: {}", clean(to), clean(text)),
        Line::Came(moves) => came(moves),
        Line::Wire(text) => clean(text),
        Line::Notice(text) => format!("the server: {}", clean(text)),
        Line::Refusal(text) => format!("not done: {}", clean(text)),
        Line::Secret(text) => format!("the secret: {}", clean(text)),
        Line::Told(text) => format!("client note: {}", without_signs(text)),
        Line::Lost(text) | Line::Back(text) => without_signs(text),
    }
}

/// Our own words are parted by signs.
fn without_signs(text: &str) -> String {
    clean(text)
        .replace(" · ", "; ")
        .replace('–', " to ")
        .replace(" ⇢ ", " to ")
}

fn came(moves: &Moves) -> String {
    let joined = people("who came", &moves.joined, moves.more_joined);
    let left = people("who left", &moves.left, moves.more_left);
    let both: Vec<String> = [joined, left].into_iter().flatten().collect();
    both.join(". ")
}

fn people(what: &str, names: &[String], more: u32) -> Option<String> {
    let mut people: Vec<String> = names.iter().map(|name| clean(name)).collect();
    if more > 0 {
        people.push(format!("{more} more"));
    }
    (!people.is_empty()).then(|| format!("{what}: {}", people.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i8, time: TimeShown, line: Line) -> Shown {
        Shown {
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
        let moves = Moves {
            joined: vec!["dave".into(), "erin".into()],
            left: vec!["frank".into()],
            more_joined: 3,
            ..Moves::default()
        };
        let from = || ("bob".to_owned(), "psst".to_owned());
        let (name, text) = from();
        let lines = [
            (41, said("hi", Mention::None)),
            (41, said("ann: look", Mention::OfMe)),
            (42, Line::Heard { from: name, text }),
            (42, Line::Came(moves)),
            (42, Line::Notice("welcome, ann".into())),
            (42, Line::Lost("link lost: reset · try 1 in 4 s".into())),
            (42, Line::Told("2 lines wait".into())),
        ];
        let mut reader = Reader::default();
        let read: String = lines
            .into_iter()
            .map(|(minute, line)| reader.render(&at(minute, TimeShown::Once, line)))
            .collect();
        assert_eq!(
            read,
            "Saturday 22 November\n\
             10:41 bob says: hi\n\
             bob mentions you: ann: look\n\
             10:42 bob whispers: psst\n\
             who came: dave, erin, 3 more. who left: frank\n\
             the server: welcome, ann\n\
             link lost: reset; try 1 in 4 s\n\
             client note: 2 lines wait\n"
        );
    }

    #[test]
    fn nothing_from_the_wire_is_obeyed() {
        let line = said("\x1b]0;owned\x07\u{202e}", Mention::None);
        let read = Reader::default().render(&at(0, TimeShown::Off, line));
        assert_eq!(read, "bob says: ^[]0;owned^G<U+202E>\n");
    }
}
