//! How the transcript looks: a time where it changes, a column of names, a bar at a mention.
//!
//! ```text
//!  10:41  bob      does anyone have the deploy notes?
//!         carol    wiki, second link
//!  10:42▌ bob      ann: can you check them?
//! ```
//! What stands first behind the margin can be in no name, so nobody can speak as the server or as
//! the client: `+` and `-` come and go, `*` the server tells, `!` it refuses, `=` its secret, `#` and
//! `✗` and `✓` are the client's.

use std::fmt::Write;
use std::iter;

use unicode_width::UnicodeWidthStr;

use super::colors;
use super::shown as clean;
use super::stamp::Stamp;
use super::wrap::wrap;
use crate::line::{Chime, Line, Mention, Moves, Shown};
use crate::settings::TimeShown;

/// The column of the names is as wide as most names need, and grows to the widest of `MAX_COLUMN`.
const COLUMN: usize = 7;
const MAX_COLUMN: usize = 16;

/// Columns of the time, of the bar behind it, and of a mark: ` 10:41`, `▌ `, `# `.
const TIME: usize = 6;
const MARGIN: usize = 2;
const MARK: usize = 2;

/// Renders line by line; what it has shown decides whether the time is shown again.
#[derive(Debug)]
pub struct Renderer {
    styles: Styles,
    stamp: Stamp,
    column: usize,
    /// Columns of the terminal, if it has told.
    width: Option<usize>,
}

/// Whether the terminal is asked to colour, and to print bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Styles {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Renderer {
    /// Begins a transcript.
    pub fn new(styles: Styles) -> Self {
        Self {
            styles,
            stamp: Stamp::default(),
            column: COLUMN,
            width: None,
        }
    }

    /// Draws for a terminal of so many columns, from now on.
    pub fn fit(&mut self, columns: Option<usize>) {
        self.width = columns;
    }

    /// Returns a line as the terminal is to show it, with its end; before the first of a day stands
    /// a rule.
    pub fn render(&mut self, shown: &Shown) -> String {
        let mut out = String::new();
        if shown.chime == Chime::Rings {
            out.push('\u{7}');
        }
        if shown.time != TimeShown::Off {
            self.rule(shown, &mut out);
        }
        self.time(shown, &mut out);
        out.push_str(if is_mention(&shown.line) {
            "▌ "
        } else {
            "  "
        });
        let margin = match shown.time {
            TimeShown::Off => MARGIN,
            TimeShown::Once | TimeShown::Each => TIME + MARGIN,
        };
        self.body(&shown.line, margin, &mut out);
        out.push('\n');
        out
    }

    fn rule(&mut self, shown: &Shown, out: &mut String) {
        if let Some(day) = self.stamp.new_day(shown.at) {
            let _ = writeln!(out, " ─ {day} ─");
        }
    }

    fn time(&mut self, shown: &Shown, out: &mut String) {
        let changed = self.stamp.is_new_minute(shown.at);
        match shown.time {
            TimeShown::Off => {}
            TimeShown::Once if !changed => out.push_str("      "),
            TimeShown::Once | TimeShown::Each => {
                let _ = write!(out, " {}", shown.at.strftime("%H:%M"));
            }
        }
    }

    fn body(&mut self, line: &Line, margin: usize, out: &mut String) {
        match line {
            Line::Said {
                name,
                text,
                mention,
            } => {
                self.name(name, out);
                self.text(&clean(text), *mention, out);
            }
            Line::Heard { from, text } => self.whisper(from, "me", text, out),
            Line::Whispered { to, text } => self.whisper("me", to, text, out),
            Line::Came(moves) => came(moves, out),
            Line::Wire(text) => out.push_str(&clean(text)),
            Line::Notice(text) => self.wrapped('*', text, margin, out),
            Line::Refusal(text) => self.wrapped('!', text, margin, out),
            Line::Secret(text) => marked('=', text, out),
            Line::Told(text) => self.wrapped('#', text, margin, out),
            Line::Lost(text) => self.wrapped('✗', text, margin, out),
            Line::Back(text) => self.wrapped('✓', text, margin, out),
        }
    }

    fn wrapped(&self, mark: char, text: &str, margin: usize, out: &mut String) {
        let text = clean(text);
        let text = self
            .width
            .map(|width| wrap(&text, margin + MARK, width))
            .unwrap_or(text);
        let _ = write!(out, "{mark} {text}");
    }

    fn whisper(&self, from: &str, to: &str, text: &str, out: &mut String) {
        let (from, to, text) = (self.person(from), self.person(to), clean(text));
        let _ = write!(out, "{from} ⇢ {to} {text}");
    }

    /// Nobody's colour is ours.
    fn person(&self, name: &str) -> String {
        match name {
            "me" => name.to_owned(),
            name => self.colored(name),
        }
    }

    /// Writes a name into its column, which grows where it is too narrow. Two blanks at least stand
    /// behind it, and one behind a name that whispers: no text can make one look like the other.
    fn name(&mut self, name: &str, out: &mut String) {
        let width = clean(name).width();
        self.column = self.column.max(width.min(MAX_COLUMN));
        let blanks = self.column.saturating_sub(width) + 2;
        out.push_str(&self.colored(name));
        out.extend(iter::repeat_n(' ', blanks));
    }

    fn colored(&self, name: &str) -> String {
        match self.styles {
            Styles::On => format!("\x1b[38;5;{}m{}\x1b[39m", colors::of(name), clean(name)),
            Styles::Off => clean(name),
        }
    }

    fn text(&self, text: &str, mention: Mention, out: &mut String) {
        if self.styles == Styles::On && mention == Mention::OfMe {
            let _ = write!(out, "\x1b[1m{text}\x1b[22m");
        } else {
            out.push_str(text);
        }
    }
}

fn is_mention(line: &Line) -> bool {
    matches!(
        line,
        Line::Said {
            mention: Mention::OfMe,
            ..
        }
    )
}

pub(super) fn marked(mark: char, text: &str, out: &mut String) {
    let _ = write!(out, "{mark} {}", clean(text));
}

/// `+ dave erin and 3 more  - frank`
pub(super) fn came(moves: &Moves, out: &mut String) {
    let joined = people('+', &moves.joined, moves.more_joined);
    let left = people('-', &moves.left, moves.more_left);
    let both: Vec<String> = [joined, left].into_iter().flatten().collect();
    out.push_str(&both.join("  "));
}

fn people(mark: char, names: &[String], more: u32) -> Option<String> {
    let names = names
        .iter()
        .map(|name| clean(name))
        .collect::<Vec<_>>()
        .join(" ");
    match (names.is_empty(), more) {
        (true, 0) => None,
        (true, more) => Some(format!("{mark} {more} more")),
        (false, 0) => Some(format!("{mark} {names}")),
        (false, more) => Some(format!("{mark} {names} and {more} more")),
    }
}

#[cfg(test)]
mod tests;
