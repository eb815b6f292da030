//! Scrollback: the last messages, for `/last` and `/grep`.

use std::collections::VecDeque;

use jiff::civil::{Date, DateTime};
use wac_core::name::Folded;

use crate::app::line::{Line, ME};

/// Capacity in lines and bytes: a long day of a lively room, in 1 MiB.
const MAX_LINES: usize = 10_000;
const MAX_BYTES: usize = 1024 * 1024;
/// Most lines shown at once.
const MAX_SHOWN: usize = 100;

/// The last messages.
#[derive(Debug, Default)]
pub(super) struct Scrollback {
    lines: VecDeque<(Date, String)>,
    bytes: usize,
}

impl Scrollback {
    /// Keeps a line if it is a message or a whisper.
    pub(super) fn keep(&mut self, at: DateTime, line: &Line) {
        let said = match line {
            Line::Said { name, text, .. } => format!("{name}: {text}"),
            Line::WhisperFrom { from, text } => format!("{from} ⇢ {ME} {text}"),
            Line::WhisperTo { to, text } => format!("{ME} ⇢ {to} {text}"),
            _ => return,
        };
        let line = format!("{} {said}", at.strftime("%H:%M"));
        self.bytes += line.len();
        self.lines.push_back((at.date(), line));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front();
            self.bytes -= oldest.map_or(0, |(_, oldest)| oldest.len());
        }
    }

    pub(super) fn last(&self, count: usize, today: Date) -> Vec<String> {
        let count = count.min(MAX_SHOWN);
        let begin = self.lines.len().saturating_sub(count);
        let last = self.lines.range(begin..);
        last.map(|line| dated(line, today)).collect()
    }

    /// Returns the last lines that contain the text, in any case, the oldest first.
    pub(super) fn holding(&self, text: &str, today: Date) -> Vec<String> {
        let wanted = Folded::of(text);
        let holds = |(_, line): &&(_, String)| Folded::of(line).as_str().contains(wanted.as_str());
        let found = self.lines.iter().rev().filter(holds).take(MAX_SHOWN);
        let mut found: Vec<String> = found.map(|line| dated(line, today)).collect();
        found.reverse();
        found
    }
}

/// Writes the day before a line, unless it is today.
fn dated((day, line): &(Date, String), today: Date) -> String {
    if *day == today {
        return line.clone();
    }
    format!("{} {line}", day.strftime("%a %-d %b"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::line::Mention;

    const TODAY: Date = jiff::civil::date(2025, 11, 22);

    fn past(texts: &[String]) -> Scrollback {
        let mut scrollback = Scrollback::default();
        for text in texts {
            let line = Line::Said {
                name: "bob".into(),
                text: text.clone(),
                mention: Mention::None,
            };
            scrollback.keep(TODAY.at(10, 41, 0, 0), &line);
        }
        scrollback
    }

    #[test]
    fn the_last_lines_come_back_in_order() {
        let scrollback = past(&["one".into(), "two".into(), "three".into()]);
        let last = scrollback.last(2, TODAY);
        assert_eq!(last, ["10:41 bob: two", "10:41 bob: three"]);
        assert_eq!(scrollback.last(99, TODAY).len(), 3);
    }

    #[test]
    fn a_text_is_found_in_any_case() {
        let scrollback = past(&["The KEY".into(), "no".into(), "keys".into()]);
        assert_eq!(
            scrollback.holding("key", TODAY),
            ["10:41 bob: The KEY", "10:41 bob: keys"]
        );
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let texts: Vec<String> = (0..2000)
            .map(|n| format!("{n}{}", "x".repeat(1024)))
            .collect();
        let scrollback = past(&texts);
        assert!(scrollback.bytes <= MAX_BYTES);
        assert!(scrollback.last(1, TODAY)[0].contains("bob: 1999x"));
    }

    #[test]
    fn a_line_of_another_day_has_its_day() {
        let past = past(&["one".into()]);
        let later = TODAY.tomorrow().unwrap();
        assert_eq!(past.last(1, later), ["Sat 22 Nov 10:41 bob: one"]);
        assert_eq!(past.holding("one", later), ["Sat 22 Nov 10:41 bob: one"]);
    }
}
