//! The transcript as it is drawn.

use jiff::civil::{DateTime, date};

use super::*;

fn at(hour: i8, minute: i8) -> DateTime {
    date(2025, 11, 22).at(hour, minute, 0, 0)
}

fn said(name: &str, text: &str) -> Line {
    Line::Said {
        name: name.to_owned(),
        text: text.to_owned(),
        mention: Mention::None,
    }
}

fn silent(at: DateTime, time: TimeDisplay, line: Line) -> TranscriptLine {
    TranscriptLine {
        at,
        time,
        chime: Chime::Silent,
        line,
    }
}

/// Draws the lines without colours; the margin of the drawing is left out.
#[track_caller]
fn draws(time: TimeDisplay, lines: Vec<(DateTime, Line)>, drawing: &str) {
    let mut renderer = ScreenRenderer::new(Styles::Off);
    let drawn: String = lines
        .into_iter()
        .map(|(at, line)| renderer.render(&silent(at, time, line)))
        .collect();
    let wanted: String = drawing
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('|'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(drawn, wanted);
}

#[test]
fn joins_and_leaves_are_wrapped_between_names() {
    let mut renderer = ScreenRenderer::new(Styles::Off);
    renderer.fit(Some(25));
    let changes = PresenceChanges {
        joined: vec!["jack".into(), "jack2".into()],
        left: vec!["jack".into(), "jones".into()],
        ..PresenceChanges::default()
    };
    let line = silent(at(10, 41), TimeDisplay::Off, Line::Presence(changes));
    let wanted = "  + jack jack2  - jack\n  jones\n";
    assert_eq!(renderer.render(&line), wanted);
}

#[test]
fn a_transcript_is_read_in_columns() {
    let (first, second) = (at(10, 41), at(10, 42));
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    draws(
        TimeDisplay::Once,
        vec![
            (first, said("bob", "does anyone have the deploy notes?")),
            (first, said("carol", "wiki, second link")),
            (
                second,
                Line::Presence(PresenceChanges {
                    joined: names(&["dave", "erin"]),
                    left: names(&["frank"]),
                    more_left: 12,
                    ..PresenceChanges::default()
                }),
            ),
            (
                second,
                Line::Said {
                    name: "bob".into(),
                    text: "ann: can you check them?".into(),
                    mention: Mention::OfMe,
                },
            ),
            (
                second,
                Line::WhisperFrom {
                    from: "bob".into(),
                    text: "psst, wrong room".into(),
                },
            ),
            (
                second,
                Line::WhisperTo {
                    to: "bob".into(),
                    text: "thanks".into(),
                },
            ),
            (second, Line::Notice("online (2): ann, bob".into())),
            (second, Line::Refusal("no user named eve".into())),
            (second, Line::Secret("swordfish".into())),
            (at(10, 52), Line::Lost("connection lost".into())),
            (at(10, 52), Line::Back("back".into())),
            (at(10, 52), Line::Note("wanted: /w NAME TEXT".into())),
        ],
        "| ─ Saturday 22 November ─
         | 10:41  bob      does anyone have the deploy notes?
         |        carol    wiki, second link
         | 10:42  + dave erin  - frank (12 more)
         |      ▌ bob      ann: can you check them?
         |        bob ⇢ (me) psst, wrong room
         |        (me) ⇢ bob thanks
         |        * online (2): ann, bob
         |        ! no user named eve
         |        = swordfish
         | 10:52  ✗ connection lost
         |        ✓ back
         |        # wanted: /w NAME TEXT",
    );
}

#[test]
fn what_was_said_before_is_dim_and_what_was_missed_is_not() {
    let past = |kind, line| {
        let at = at(10, 40);
        Line::Past(Box::new(Past { at, line, kind }))
    };
    let drawn = |line| {
        let mut renderer = ScreenRenderer::new(Styles::On);
        renderer.render(&silent(at(10, 40), TimeDisplay::Off, line))
    };
    let hi = || Line::Notice("hi".into());
    assert_eq!(
        drawn(past(PastKind::History, hi())),
        "  \x1b[2m* hi\x1b[22m\n"
    );
    assert_eq!(drawn(past(PastKind::Missed, hi())), "  * hi\n");
    let rule = Line::Rule("from now on".into());
    assert_eq!(drawn(rule), "  \x1b[2m── from now on ──\x1b[22m\n");
    let mention = Line::Said {
        name: "bob".into(),
        text: "ann?".into(),
        mention: Mention::OfMe,
    };
    assert!(drawn(past(PastKind::Missed, mention)).starts_with("▌ "));
}

#[test]
fn midnight_is_a_rule() {
    let late = date(2025, 12, 31).at(23, 59, 0, 0);
    let early = date(2026, 1, 1).at(0, 0, 0, 0);
    draws(
        TimeDisplay::Each,
        vec![
            (late, said("bob", "one")),
            (late, said("bob", "two")),
            (early, said("bob", "three")),
        ],
        "| ─ Wednesday 31 December ─
         | 23:59  bob      one
         | 23:59  bob      two
         | ─ Thursday 1 January ─
         | 00:00  bob      three",
    );
}

#[test]
fn who_wants_no_time_has_none() {
    draws(
        TimeDisplay::Off,
        vec![
            (at(10, 41), said("bob", "one")),
            (at(10, 42), said("bob", "two")),
        ],
        "|  bob      one
         |  bob      two",
    );
}

#[test]
fn the_column_of_names_grows_to_a_limit() {
    let now = at(10, 41);
    draws(
        TimeDisplay::Off,
        vec![
            (now, said("bob", "one")),
            (now, said("maximilian", "two")),
            (now, said("中文", "three")),
            (now, said("a_name_of_more_than_sixteen", "four")),
            (now, said("bob", "five")),
        ],
        "|  bob      one
         |  maximilian  two
         |  中文        three
         |  a_name_of_more_than_sixteen  four
         |  bob               five",
    );
}

#[test]
fn long_lines_are_broken_at_words_but_not_what_people_say() {
    let mut renderer = ScreenRenderer::new(Styles::Off);
    renderer.fit(Some(36));
    let text = "one two three four five six seven";
    let lines = [Line::Note(text.into()), said("bob", text)];
    let drawn: String = lines
        .into_iter()
        .map(|line| renderer.render(&silent(at(10, 41), TimeDisplay::Each, line)))
        .collect();
    let wanted = " ─ Saturday 22 November ─\n \
         10:41  # one two three four five\n          six seven\n \
         10:41  bob      one two three four five six seven\n";
    assert_eq!(drawn, wanted);
}

#[test]
fn no_message_looks_like_a_whisper() {
    let whisper = Line::WhisperFrom {
        from: "evelyn-1".into(),
        text: "hi".into(),
    };
    let lines = vec![
        (at(10, 41), said("evelyn-1", "⇢ (me) hi")),
        (at(10, 41), whisper),
    ];
    draws(
        TimeDisplay::Off,
        lines,
        "|  evelyn-1  ⇢ (me) hi
         |  evelyn-1 ⇢ (me) hi",
    );
}

#[test]
fn names_are_coloured_and_mentions_bold() {
    let mut renderer = ScreenRenderer::new(Styles::On);
    let line = Line::Said {
        name: "bob".into(),
        text: "ann?".into(),
        mention: Mention::OfMe,
    };
    let drawn = renderer.render(&TranscriptLine {
        at: at(10, 41),
        time: TimeDisplay::Off,
        chime: Chime::Rings,
        line,
    });
    let color = colors::of("bob");
    assert_eq!(
        drawn,
        format!("\u{7}▌ \x1b[38;5;{color}mbob\x1b[39m      \x1b[1mann?\x1b[22m\n")
    );
}

#[test]
fn nothing_from_the_wire_is_obeyed() {
    let bad = || "\x1b]0;owned\x07\r\n\u{202e}\u{9b}2J".to_owned();
    let lines = [
        said(&bad(), &bad()),
        Line::WhisperFrom {
            from: bad(),
            text: bad(),
        },
        Line::WhisperTo {
            to: bad(),
            text: bad(),
        },
        Line::Presence(PresenceChanges {
            joined: vec![bad()],
            ..PresenceChanges::default()
        }),
        Line::Wire(bad()),
        Line::Notice(bad()),
        Line::Refusal(bad()),
        Line::Secret(bad()),
        Line::Note(bad()),
        Line::Lost(bad()),
        Line::Back(bad()),
    ];
    let mut renderer = ScreenRenderer::new(Styles::Off);
    for line in lines {
        let drawn = renderer.render(&silent(at(10, 41), TimeDisplay::Once, line));
        let text = drawn.trim_end_matches('\n').replace("November ─\n", "");
        assert!(!text.chars().any(wac_core::text::is_removed), "{text:?}");
        assert!(
            text.contains("^[]0;owned^G^M^J<U+202E><U+009B>2J"),
            "{text:?}"
        );
    }
}
