//! Scrollback: the last messages, for `/last` and `/grep`.

use std::collections::VecDeque;

use jiff::civil::{Date, DateTime};
use wac_core::name::Folded;

use crate::app::line::{Line, ME};
use crate::protocol::catch_up::MOST_LINES;

/// Capacity in lines and bytes: a long day of a lively room, in 1 MiB.
const MAX_LINES: usize = 10_000;
const MAX_BYTES: usize = 1024 * 1024;
/// Most lines that are found at once.
const MAX_FOUND: usize = 100;
/// Most lines that are shown again at once.
const MAX_SHOWN: usize = MOST_LINES as usize;

/// The last messages.
#[derive(Debug, Default)]
pub(super) struct Scrollback {
    lines: VecDeque<Kept>,
    bytes: usize,
}

/// A message or a whisper.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    at: DateTime,
    /// `bob: hi`
    text: String,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Room,
    Whisper,
}

impl Scrollback {
    /// Keeps a line if it is a message or a whisper.
    pub(super) fn keep(&mut self, now: DateTime, line: &Line) {
        let Some(kept) = Kept::of(now, line) else {
            return;
        };
        self.bytes += kept.text.len();
        self.lines.push_back(kept);
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.text.len());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn last(&self, count: usize, today: Date) -> Vec<String> {
        self.last_of(&[], count, today)
    }

    /// Returns the last lines, with those of the room that only the server remembers.
    pub(super) fn last_of(&self, room: &[Line], count: usize, today: Date) -> Vec<String> {
        let room = room.iter();
        let room: Vec<Kept> = room
            .filter_map(|line| Kept::of(line.said_at()?, line))
            .collect();
        let all = self.with(&room);
        let begin = all.len().saturating_sub(count.min(MAX_SHOWN));
        all[begin..].iter().map(|kept| kept.dated(today)).collect()
    }

    /// Returns all lines, and those of the server that are not among them each before the line that follows.
    fn with<'a>(&'a self, room: &'a [Kept]) -> Vec<&'a Kept> {
        let mut all = Vec::new();
        let mut missing = self.missing(room).into_iter().rev().peekable();
        for (index, kept) in self.lines.iter().enumerate() {
            while let Some((_, line)) = missing.next_if(|(before, _)| *before == index) {
                all.push(line);
            }
            all.push(kept);
        }
        all.extend(missing.map(|(_, line)| line));
        all
    }

    /// Returns the server's lines that are not kept, the last first, each with the index of the line that it stands before.
    /// Where the same is said several times, the last are kept. Order does not count: the user's own lines are kept before
    /// others that the server took first.
    fn missing<'a>(&self, room: &'a [Kept]) -> Vec<(usize, &'a Kept)> {
        let of_room = |index: &usize| self.lines[*index].origin == Origin::Room;
        let mut kept: Vec<usize> = (0..self.lines.len()).filter(of_room).collect();
        let mut before = self.lines.len();
        let mut missing = Vec::new();
        for line in room.iter().rev() {
            let is_same = |index: &usize| self.lines[*index].text == line.text;
            match kept.iter().rposition(is_same) {
                Some(found) => before = before.min(kept.remove(found)),
                None => missing.push((before, line)),
            }
        }
        missing
    }

    /// Returns the last lines that contain the text, in any case, the oldest first.
    pub(super) fn holding(&self, text: &str, today: Date) -> Vec<String> {
        let wanted = Folded::of(text);
        let holds = |kept: &&Kept| Folded::of(&kept.text).as_str().contains(wanted.as_str());
        let found = self.lines.iter().rev().filter(holds).take(MAX_FOUND);
        let mut found: Vec<String> = found.map(|kept| kept.dated(today)).collect();
        found.reverse();
        found
    }
}

impl Kept {
    fn of(at: DateTime, line: &Line) -> Option<Self> {
        let (text, origin) = match line {
            Line::Said { name, text, .. } => (format!("{name}: {text}"), Origin::Room),
            Line::WhisperFrom { from, text } => (format!("{from} ⇢ {ME} {text}"), Origin::Whisper),
            Line::WhisperTo { to, text } => (format!("{ME} ⇢ {to} {text}"), Origin::Whisper),
            Line::Past(past) => return Self::of(past.at, &past.line),
            _ => return None,
        };
        Some(Self { at, text, origin })
    }

    /// Writes the time before it, and the day unless it is today.
    fn dated(&self, today: Date) -> String {
        let Self { at, text, .. } = self;
        let time = at.strftime("%H:%M");
        if at.date() == today {
            return format!("{time} {text}");
        }
        format!("{} {time} {text}", at.strftime("%a %-d %b"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::line::{Mention, Past, PastKind};

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

    /// A line of bob's, as the server shows it again.
    fn of_server(text: &str) -> Line {
        let line = Line::Said {
            name: "bob".into(),
            text: text.into(),
            mention: Mention::None,
        };
        let (at, kind) = (TODAY.at(9, 0, 0, 0), PastKind::History);
        Line::Past(Box::new(Past { at, line, kind }))
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
    fn what_the_server_remembers_stands_before_what_is_remembered_here() {
        let mut scrollback = past(&["two".into(), "two".into()]);
        let (to, text) = ("bob".to_owned(), "psst".to_owned());
        scrollback.keep(TODAY.at(10, 42, 0, 0), &Line::WhisperTo { to, text });
        let room = ["one", "two", "two", "two"].map(of_server);
        let wanted = [
            "09:00 bob: one",
            "09:00 bob: two",
            "10:41 bob: two",
            "10:41 bob: two",
            "10:42 (me) ⇢ bob psst",
        ];
        assert_eq!(scrollback.last_of(&room, 9, TODAY), wanted);
        assert_eq!(scrollback.last_of(&room, 4, TODAY), wanted[1..]);
    }

    #[test]
    fn what_is_remembered_in_another_order_or_with_gaps_is_not_doubled() {
        let said = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (here, server, wanted) in [
            (&["a", "c"][..], &["a", "b", "c"][..], &["a", "b", "c"][..]),
            (&["b", "a"], &["z", "a", "b"], &["z", "b", "a"]),
            (&["a"], &["a", "b"], &["a", "b"]),
            (&["a", "b"], &["b"], &["a", "b"]),
            (&[], &["a"], &["a"]),
        ] {
            let room: Vec<Line> = server.iter().map(|text| of_server(text)).collect();
            let last = past(&said(here)).last_of(&room, 9, TODAY);
            let texts: Vec<&str> = last
                .iter()
                .filter_map(|line| line.rsplit(' ').next())
                .collect();
            assert_eq!(texts, wanted, "{here:?} {server:?}");
        }
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
