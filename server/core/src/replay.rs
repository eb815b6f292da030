//! Replays: the past of the room as a reader is shown it, in texts and spans of the log.

use std::ops::Range;

use crate::log::{Place, Position, View};
use crate::unix_time::UnixSeconds;
use crate::wire::history::History;
use crate::wire::line::ServerLine;
use crate::wire::notice::Notice;
use crate::wire::refusal::Refusal;

/// What is to be shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recall {
    /// The last lines.
    Last(u64),
    /// The lines since a place.
    Since(Place),
}

/// A part of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A line of the server's.
    Text(Box<[u8]>),
    /// Lines of the log.
    Span(Range<Position>),
}

/// The most times that stand within a replay.
const MOST_TIMES: usize = 32;
const DAY_SECONDS: u64 = 24 * 60 * 60;
/// The steps of the times, in seconds: the finest that needs no more times is taken.
const STEPS: [u64; 7] = [
    60,
    10 * 60,
    60 * 60,
    DAY_SECONDS,
    10 * DAY_SECONDS,
    100 * DAY_SECONDS,
    u64::MAX,
];

/// Returns what is recalled, up to the view's head: the first line, the room's lines with the times between them, and the last
/// line; or the refusal of a place that is none of this room's.
pub fn replay(view: &View, recall: Recall) -> Vec<Part> {
    match recall {
        Recall::Last(lines) => shown(view, view.last_lines(lines), false),
        Recall::Since(place) if view.has(place) => shown(view, place.at, false),
        Recall::Since(place) if place.at > view.start() => refused(),
        Recall::Since(_) => shown(view, view.first_line(), true),
    }
}

fn refused() -> Vec<Part> {
    vec![Part::Text(
        ServerLine::Refusal(Refusal::NotAMark).to_bytes(),
    )]
}

fn shown(view: &View, from: Position, is_cut: bool) -> Vec<Part> {
    let head = view.head();
    let mut parts = vec![text(History::Begins {
        lines: view.lines_between(from, head),
        since: view.second_at(from),
        is_cut,
    })];
    if from == head {
        return parts;
    }
    let mut begin = from;
    for (at, second) in times(view, from..head) {
        parts.push(Part::Span(begin..at));
        parts.push(text(History::At(second)));
        begin = at;
    }
    parts.push(Part::Span(begin..head));
    parts.push(text(History::Ends));
    parts
}

fn text(line: History) -> Part {
    Part::Text(ServerLine::Notice(Notice::History(line)).to_bytes())
}

/// Returns the positions before which a time is to stand: where a new minute begins, or a new one of the finest step that needs at
/// most so many.
fn times(view: &View, span: Range<Position>) -> Vec<(Position, UnixSeconds)> {
    let times = STEPS
        .iter()
        .find_map(|&step| changes(view, span.clone(), step));
    times.expect("the coarsest step never changes")
}

fn changes(view: &View, span: Range<Position>, step: u64) -> Option<Vec<(Position, UnixSeconds)>> {
    let mut found = Vec::new();
    let mut from = span.start;
    while let Some(at) = view.next_change(from..span.end, |second| second.0 / step) {
        if found.len() == MOST_TIMES {
            return None;
        }
        found.push((at, view.second_at(at)));
        from = at;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::{CHUNK_BYTES, RoomLog};

    /// 2026-11-29 13:01:17 UTC
    const NOON: u64 = 1_795_957_277;
    const REFUSED: &str = "! not a mark of this room\n";

    struct Room {
        log: RoomLog,
        view: View,
        now: u64,
    }

    impl Room {
        fn new() -> Self {
            let mut room = Self::beginning_at(Position(0));
            room.say("Ann: hi", 0);
            room
        }

        fn beginning_at(at: Position) -> Self {
            let (now, mut view) = (NOON, View::default());
            let log = RoomLog::beginning_at(at, CHUNK_BYTES, UnixSeconds(now));
            view.catch_up(&log);
            Self { log, view, now }
        }

        fn say(&mut self, line: &str, seconds_later: u64) -> Place {
            self.now += seconds_later;
            let line = [line.as_bytes(), b"\r\n"].concat();
            self.log.append(&line, UnixSeconds(self.now)).unwrap();
            self.view.catch_up(&self.log);
            self.view.place()
        }

        fn shows(&self, recall: Recall) -> String {
            let mut shown = Vec::new();
            for part in replay(&self.view, recall) {
                match part {
                    Part::Text(text) => shown.extend_from_slice(&text),
                    Part::Span(Range { mut start, end }) => {
                        while start < end {
                            let bytes = self.view.bytes(start, end);
                            shown.extend_from_slice(bytes);
                            start = start.plus(bytes.len());
                        }
                    }
                }
            }
            String::from_utf8(shown).unwrap().replace("\r\n", "\n")
        }
    }

    #[test]
    fn the_last_lines_are_shown_between_a_first_and_a_last_line_with_each_new_minute() {
        let mut room = Room::new();
        room.say("Bob: hello", 3);
        room.say("Ann: lunch?", 40);
        room.say("Bob: yes", 0);
        assert_eq!(
            room.shows(Recall::Last(3)),
            "* history: 3 lines since 2026-11-29 13:01:20 UTC\nBob: hello\n\
             * at 2026-11-29 13:02 UTC\nAnn: lunch?\nBob: yes\n* history ends\n"
        );
        assert_eq!(
            room.shows(Recall::Last(1)),
            "* history: 1 line since 2026-11-29 13:02:00 UTC\nBob: yes\n* history ends\n"
        );
        assert!(
            room.shows(Recall::Last(1000))
                .starts_with("* history: 4 lines since")
        );
    }

    #[test]
    fn what_was_said_since_a_place_is_shown_and_nothing_alone() {
        let mut room = Room::new();
        let place = room.say("Bob: hello", 3);
        assert_eq!(
            room.shows(Recall::Since(place)),
            "* history: nothing since 2026-11-29 13:01:20 UTC\n"
        );
        room.say("Ann: lunch?", 2);
        assert_eq!(
            room.shows(Recall::Since(place)),
            "* history: 1 line since 2026-11-29 13:01:22 UTC\nAnn: lunch?\n* history ends\n"
        );
    }

    #[test]
    fn a_place_that_is_none_of_this_room_is_refused() {
        let mut room = Room::new();
        let Place { at: head, second } = room.say("Bob: hello", 3);
        for at in [Position(3), head.plus(1), Position(u64::MAX)] {
            assert_eq!(room.shows(Recall::Since(Place { at, second })), REFUSED);
        }
    }

    #[test]
    fn a_place_that_is_used_again_is_refused() {
        let (mut lost, mut room) = (Room::new(), Room::new());
        let before = lost.say("Bob: hello", 3);
        let place = lost.say("Ann: lunch?", 0);
        room.say("Bob: hello", 3);
        // As long, and at a second that the clock had not reached before.
        let again = room.say("Bob: supper", 1);
        room.say("Ann: yes", 0);
        assert_eq!(again.at, place.at);
        assert_eq!(room.shows(Recall::Since(place)), REFUSED);
        assert!(room.shows(Recall::Since(again)).contains("UTC\nAnn: yes\n"));
        assert!(
            room.shows(Recall::Since(before))
                .contains("UTC\nBob: supper\n")
        );
    }

    #[test]
    fn where_the_log_begins_nothing_tells_the_second_of_the_line_before() {
        let mut room = Room::beginning_at(Position(70_000));
        let place = room.view.place();
        room.say("Bob: hello", 3);
        let second = UnixSeconds(NOON - 1);
        for place in [place, Place { second, ..place }] {
            assert!(
                room.shows(Recall::Since(place))
                    .contains("UTC\nBob: hello\n")
            );
        }
    }

    #[test]
    fn a_place_that_is_no_longer_kept_is_answered_with_all_that_is() {
        let mut room = Room::new();
        let place = room.say("Bob: hello", 3);
        let line = "x".repeat(4000);
        (0..40).for_each(|_| _ = room.say(&line, 0));
        let shown = room.shows(Recall::Since(place));
        let first = shown.lines().next().unwrap();
        assert!(
            first.ends_with("2026-11-29 13:01:20 UTC; what was said before is no longer kept"),
            "{first}"
        );
        let lines: Vec<&str> = shown.lines().collect();
        let kept = &lines[1..lines.len() - 1];
        assert!(kept.iter().all(|kept| *kept == line));
        assert!(first.starts_with(&format!("* history: {} lines", kept.len())));
        assert!(kept.len() * (line.len() + 2) > CHUNK_BYTES - line.len());
        let at = room.view.start();
        let begin = Recall::Since(Place { at, ..place });
        assert!(room.shows(begin).contains("no longer kept"));
    }

    #[test]
    fn an_empty_room_shows_nothing() {
        let room = Room::beginning_at(Position(70_000));
        let nothing = "* history: nothing since 2026-11-29 13:01:17 UTC\n";
        assert_eq!(room.shows(Recall::Last(20)), nothing);
        let place = room.view.place();
        assert_eq!(room.shows(Recall::Since(place)), nothing);
        let at = Position(7);
        let before = Recall::Since(Place { at, ..place });
        assert!(room.shows(before).contains("no longer"));
    }

    #[test]
    fn a_long_past_has_a_time_for_each_ten_minutes_or_hour_or_day() {
        for (apart, wanted) in [(60, 32), (600, 20), (3600, 20), (20 * 3600, 17)] {
            let mut room = Room::new();
            let times = if apart == 60 { 32 } else { 20 };
            (0..times).for_each(|_| _ = room.say("Bob: hello", apart));
            let shown = room.shows(Recall::Last(1000));
            let count = shown
                .lines()
                .filter(|line| line.starts_with("* at"))
                .count();
            assert!(count <= MOST_TIMES);
            if apart == 60 {
                assert_eq!(count, wanted);
            } else {
                assert_eq!(count, 20, "{apart}");
            }
        }
        let mut room = Room::new();
        (0..200).for_each(|_| _ = room.say("Bob: hello", 61));
        let shown = room.shows(Recall::Last(1000));
        let times: Vec<&str> = shown
            .lines()
            .filter(|line| line.starts_with("* at"))
            .collect();
        assert_eq!(times.len(), 20, "every ten minutes of 203");
        assert!(
            times
                .iter()
                .all(|time| time.len() == "* at 2026-11-29 13:02 UTC".len())
        );
    }

    proptest! {
        #[test]
        fn any_number_of_lines_is_found_wherever_they_lie(
            lengths in proptest::collection::vec(1usize..9000, 1..60),
            wanted in 1u64..70,
        ) {
            let mut room = Room::new();
            let mut lines = vec!["Ann: hi".to_owned()];
            for length in lengths {
                lines.push("y".repeat(length));
                room.say(lines.last().unwrap(), 0);
            }
            let shown = room.shows(Recall::Last(wanted));
            let shown: Vec<&str> = shown.lines().collect();
            let shown = &shown[1..shown.len() - 1];
            prop_assert!(shown.len() as u64 <= wanted);
            prop_assert_eq!(shown, &lines[lines.len() - shown.len()..]);
            let kept = room.view.head().0 - room.view.first_line().0;
            let bytes: usize = shown.iter().map(|line| line.len() + 2).sum();
            prop_assert!(shown.len() as u64 == wanted || bytes as u64 == kept);
        }
    }
}
