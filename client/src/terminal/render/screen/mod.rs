//! Screen format of the transcript: a time where it changes, a column of names, a bar at a mention.
//!
//! ```text
//!  10:41  bob      does anyone have the deploy notes?
//!         carol    wiki, second link
//!  10:42▌ bob      ann: can you check them?
//! ```
//! The signs behind the margin cannot occur in a name, so nobody can pose as the server or the
//! client: `+` joins, `-` leaves, `*` notices, `!` refusals, `=` the server's secret; `#`, `✗`, `✓`
//! and `⟳` are the client's, as is the rule `── since you looked ──`; `(me)` is the user.

use std::fmt::Write;
use std::iter;

use unicode_width::UnicodeWidthStr;

use super::colors;
use super::sanitize;
use super::stamp::Stamp;
use super::wrap::{wrap, wrap_entry};
use crate::app::commands::HelpEntry;
use crate::app::line::{Chime, Line, ME, Mention, Past, PastKind, PresenceChanges, TranscriptLine};
use crate::app::settings::TimeDisplay;

/// Initial width of the name column, enough for most names; it grows to the widest name, up to
/// `MAX_COLUMN`.
const COLUMN: usize = 7;
const MAX_COLUMN: usize = 16;

/// Columns of the time, of the bar after it, and of a sign: ` 10:41`, `▌ `, `# `.
const TIME: usize = 6;
const MARGIN: usize = 2;
const MARK: usize = 2;

/// A renderer of lines. The line before decides whether the time is shown again.
#[derive(Debug)]
pub(crate) struct ScreenRenderer {
    styles: Styles,
    stamp: Stamp,
    column: usize,
    /// Columns of the terminal, if known.
    width: Option<usize>,
}

/// Whether the output has colours and bold text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Styles {
    On,
    Off,
}

impl ScreenRenderer {
    pub(crate) fn new(styles: Styles) -> Self {
        Self {
            styles,
            stamp: Stamp::default(),
            column: COLUMN,
            width: None,
        }
    }

    /// Sets the width of the terminal.
    pub(crate) fn fit(&mut self, columns: Option<usize>) {
        self.width = columns;
    }

    /// Returns a line as the terminal shows it, with its line ending; a rule precedes the first
    /// line of a day.
    pub(crate) fn render(&mut self, shown: &TranscriptLine) -> String {
        let mut out = String::new();
        if shown.chime == Chime::Rings {
            out.push('\u{7}');
        }
        if shown.time != TimeDisplay::Off {
            self.rule(shown, &mut out);
        }
        self.time(shown, &mut out);
        out.push_str(if is_mention(&shown.line) {
            "▌ "
        } else {
            "  "
        });
        let margin = match shown.time {
            TimeDisplay::Off => MARGIN,
            TimeDisplay::Once | TimeDisplay::Each => TIME + MARGIN,
        };
        self.body(&shown.line, margin, &mut out);
        out.push('\n');
        out
    }

    fn rule(&mut self, shown: &TranscriptLine, out: &mut String) {
        if let Some(day) = self.stamp.new_day(shown.at) {
            let _ = writeln!(out, " ─ {day} ─");
        }
    }

    fn time(&mut self, shown: &TranscriptLine, out: &mut String) {
        let changed = self.stamp.is_new_minute(shown.at);
        match shown.time {
            TimeDisplay::Off => {}
            TimeDisplay::Once if !changed => out.push_str("      "),
            TimeDisplay::Once | TimeDisplay::Each => {
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
                self.text(&sanitize(text), *mention, out);
            }
            Line::WhisperFrom { from, text } => self.whisper(from, ME, text, out),
            Line::WhisperTo { to, text } => self.whisper(ME, to, text, out),
            Line::Waiting { to: None, text } => marked('⟳', text, out),
            Line::Waiting { to: Some(to), text } => {
                out.push_str("⟳ ");
                self.whisper(ME, to, text, out);
            }
            Line::Presence(changes) => self.presence(changes, margin, out),
            Line::Wire(text) | Line::Output(text) => out.push_str(&sanitize(text)),
            Line::Notice(text) => self.wrapped('*', text, margin, out),
            Line::Refusal(text) => self.wrapped('!', text, margin, out),
            Line::Secret(text) => marked('=', text, out),
            Line::Help(entry) => self.help(entry, margin, out),
            Line::Note(text) => self.wrapped('#', text, margin, out),
            Line::Lost(text) => self.wrapped('✗', text, margin, out),
            Line::Back(text) => self.wrapped('✓', text, margin, out),
            Line::Rule(text) => out.push_str(&self.dim(&format!("── {text} ──"))),
            Line::Past(past) => self.past(past, margin, out),
        }
    }

    /// Draws a line of the past, dim if it was said before the user came.
    fn past(&mut self, past: &Past, margin: usize, out: &mut String) {
        let mut text = String::new();
        self.body(&past.line, margin, &mut text);
        out.push_str(&match past.kind {
            PastKind::Missed => text,
            PastKind::History => self.dim(&text),
        });
    }

    fn dim(&self, text: &str) -> String {
        match self.styles {
            Styles::On => text
                .split('\n')
                .map(|row| format!("\x1b[2m{row}\x1b[22m"))
                .collect::<Vec<_>>()
                .join("\n"),
            Styles::Off => text.to_owned(),
        }
    }

    fn wrapped(&self, mark: char, text: &str, margin: usize, out: &mut String) {
        let text = sanitize(text);
        let text = self
            .width
            .map(|width| wrap(&text, margin + MARK, width))
            .unwrap_or(text);
        let _ = write!(out, "{mark} {text}");
    }

    fn help(&self, entry: &HelpEntry, margin: usize, out: &mut String) {
        let text = match self.width {
            Some(width) => wrap_entry(entry, margin + MARK, width),
            None => entry.to_string(),
        };
        let _ = write!(out, "# {text}");
    }

    fn presence(&self, changes: &PresenceChanges, margin: usize, out: &mut String) {
        let mut text = String::new();
        came(changes, &mut text);
        out.push_str(&match self.width {
            Some(width) => wrap(&text, margin, width),
            None => text,
        });
    }

    fn whisper(&self, from: &str, to: &str, text: &str, out: &mut String) {
        let (from, to, text) = (self.person(from), self.person(to), sanitize(text));
        let _ = write!(out, "{from} ⇢ {to} {text}");
    }

    /// Colours a name, but not the user's own `me`.
    fn person(&self, name: &str) -> String {
        match name {
            ME => name.to_owned(),
            name => self.colored(name),
        }
    }

    /// Writes a name into its column, which grows if it is too narrow. At least two blanks follow
    /// it, but one follows a whisperer's name: no text can make a message look like a whisper.
    fn name(&mut self, name: &str, out: &mut String) {
        let width = sanitize(name).width();
        self.column = self.column.max(width.min(MAX_COLUMN));
        let blanks = self.column.saturating_sub(width) + 2;
        out.push_str(&self.colored(name));
        out.extend(iter::repeat_n(' ', blanks));
    }

    fn colored(&self, name: &str) -> String {
        match self.styles {
            Styles::On => format!("\x1b[38;5;{}m{}\x1b[39m", colors::of(name), sanitize(name)),
            Styles::Off => sanitize(name),
        }
    }

    fn text(&self, text: &str, mention: Mention, out: &mut String) {
        if self.styles == Styles::On && mention != Mention::None {
            let _ = write!(out, "\x1b[1m{text}\x1b[22m");
        } else {
            out.push_str(text);
        }
    }
}

fn is_mention(line: &Line) -> bool {
    match line {
        Line::Said { mention, .. } => *mention != Mention::None,
        Line::Past(past) => is_mention(&past.line),
        _ => false,
    }
}

pub(super) fn marked(mark: char, text: &str, out: &mut String) {
    let _ = write!(out, "{mark} {}", sanitize(text));
}

/// `+ dave erin (3 more)  - frank`
pub(super) fn came(changes: &PresenceChanges, out: &mut String) {
    let joined = people('+', &changes.joined, changes.more_joined);
    let left = people('-', &changes.left, changes.more_left);
    let both: Vec<String> = [joined, left].into_iter().flatten().collect();
    out.push_str(&both.join("  "));
}

fn people(mark: char, names: &[String], more: u32) -> Option<String> {
    let names = names
        .iter()
        .map(|name| sanitize(name))
        .collect::<Vec<_>>()
        .join(" ");
    match (names.as_str(), more) {
        ("", 0) => None,
        ("", more) => Some(format!("{mark} ({more} more)")),
        (names, 0) => Some(format!("{mark} {names}")),
        (names, more) => Some(format!("{mark} {names} ({more} more)")),
    }
}

#[cfg(test)]
mod tests;
