//! Fuzz target of the screen: what a server sends, up to what a terminal, a log and a program are given.

use std::time::Duration;

use fastrand::Rng;
use jiff::civil::date;
use unicode_width::UnicodeWidthStr;
use wac_core::MAX_SERVER_LINE_BYTES;
use wac_core::text::is_removed;
use wac_core::wire::line::ServerLine;

use crate::app::event::{Action, Event};
use crate::app::line::{Chime, Line, TranscriptLine};
use crate::app::settings::{BellLevel, Config, Notify, Settings, TimeDisplay};
use crate::app::{App, Focus, Mode};
use crate::io::line_reader::LineDecoder;
use crate::protocol::clock::Now;
use crate::protocol::text::plain;
use crate::script::filter::Said;
use crate::script::format::Format;
use crate::terminal::osc;
use crate::terminal::render::log::logged;
use crate::terminal::render::plain::PlainRenderer;
use crate::terminal::render::sanitize;
use crate::terminal::render::screen::{ScreenRenderer, Styles};

/// What the first bytes of an input choose.
struct Shape {
    /// The length of the pieces in which the stream arrives.
    piece: usize,
    view: View,
    time: TimeDisplay,
    mode: Mode,
    is_logged_in: bool,
}

/// What shows the chat.
enum View {
    Screen {
        renderer: ScreenRenderer,
        styles: Styles,
        columns: usize,
    },
    Plain(PlainRenderer),
    Log,
}

impl Shape {
    const BYTES: usize = 3;

    fn of(bytes: &[u8]) -> Self {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
        let (piece, columns, bits) = (byte(0), byte(1), byte(2));
        let has = |bit: u8| bits & bit != 0;
        let styles = if has(1) { Styles::On } else { Styles::Off };
        Self {
            piece: usize::from(piece) + 1,
            view: match bits >> 5 & 3 {
                0 => View::Plain(PlainRenderer::default()),
                1 => View::Log,
                _ => View::screen(styles, columns.into()),
            },
            time: match bits >> 1 & 3 {
                0 => TimeDisplay::Off,
                1 => TimeDisplay::Each,
                _ => TimeDisplay::Once,
            },
            mode: if has(8) { Mode::Pipe } else { Mode::Screen },
            is_logged_in: !has(16),
        }
    }
}

impl View {
    fn screen(styles: Styles, columns: usize) -> Self {
        let mut renderer = ScreenRenderer::new(styles);
        renderer.fit(Some(columns));
        Self::Screen {
            renderer,
            styles,
            columns,
        }
    }

    fn show(&mut self, shown: &TranscriptLine) {
        match self {
            Self::Screen {
                renderer,
                styles,
                columns,
            } => {
                let text = renderer.render(shown);
                let text = unstyled(without_bell(&text, shown), *styles);
                check_text(&text);
                check_lines(&text, shown, *columns);
            }
            Self::Plain(renderer) => check_text(without_bell(&renderer.render(shown), shown)),
            Self::Log => {
                let text = logged(shown);
                check_text(&text);
                assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            }
        }
    }
}

/// Shows what a server sends: nothing of it is obeyed by a terminal, wherever the stream is cut.
pub fn screen(bytes: &[u8]) {
    let (shape, stream) = bytes.split_at(bytes.len().min(Shape::BYTES));
    let shape = Shape::of(shape);
    let lines = lines(stream, shape.piece);
    assert_eq!(lines, self::lines(stream, usize::MAX));
    let is_logged_in = shape.is_logged_in;
    let mut shown = Shown::new(shape);
    if is_logged_in {
        shown.hear("PONG wac greeted");
        shown.hear("* welcome, ann");
    }
    for line in lines {
        check_program(&line);
        shown.hear(&line);
    }
    shown.happens(Event::Tick);
    let why = shown.last.clone();
    shown.happens(Event::Lost {
        why: Some(why),
        unsent: vec!["MSG last".to_owned()],
    });
}

fn lines(stream: &[u8], piece: usize) -> Vec<String> {
    let (mut decoder, mut lines) = (LineDecoder::default(), Vec::new());
    for piece in stream.chunks(piece) {
        decoder.feed(piece, |line| {
            // What is no UTF-8 is replaced by a character of three bytes.
            assert!(line.len() <= 3 * MAX_SERVER_LINE_BYTES);
            lines.push(line.to_owned());
        });
    }
    lines
}

/// A chat, and all that shows it.
struct Shown {
    app: App,
    now: Now,
    time: TimeDisplay,
    view: View,
    title: osc::Title,
    /// The last line of the server.
    last: String,
}

impl Shown {
    fn new(shape: Shape) -> Self {
        let config = Config {
            name: "ann".parse().ok(),
            settings: Settings {
                bell: BellLevel::All,
                highlight: "look".parse().into_iter().collect(),
                notify: Notify::Osc9,
                ..Settings::default()
            },
            ..Config::default()
        };
        let mut shown = Self {
            app: App::new(shape.mode, &config, Rng::with_seed(1)),
            now: Now {
                elapsed: Duration::from_secs(24 * 3600),
                local: date(2025, 11, 22).at(23, 58, 0, 0),
                ..Now::default()
            },
            time: shape.time,
            view: shape.view,
            title: osc::Title::default(),
            last: String::new(),
        };
        shown.happens(Event::connected());
        shown.happens(Event::Focus(Focus::Lost));
        shown
    }

    fn hear(&mut self, line: &str) {
        line.clone_into(&mut self.last);
        self.happens(Event::Line(line.to_owned()));
    }

    fn happens(&mut self, event: Event) {
        const BETWEEN: Duration = Duration::from_millis(700);
        self.now.elapsed += BETWEEN;
        self.now.local += BETWEEN;
        for action in self.app.on(event, self.now) {
            self.perform(action);
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Show(line) | Action::Log(line) => self.show(line, Chime::Silent),
            Action::Ring(line) => self.show(line, Chime::Rings),
            Action::Tell(note) => self.show(Line::Note(note), Chime::Silent),
            Action::Notify(text) => check_osc("9;", &osc::notification(&text)),
            Action::CountUnread(unread) => _ = self.title.change(unread),
            Action::Send(line) => assert!(!line.contains(['\r', '\n']), "{line:?}"),
            _ => {}
        }
    }

    fn show(&mut self, line: Line, chime: Chime) {
        let at = line.said_at().unwrap_or(self.now.local);
        let time = self.time;
        self.view.show(&TranscriptLine {
            at,
            time,
            chime,
            line,
        });
    }
}

fn without_bell<'a>(text: &'a str, shown: &TranscriptLine) -> &'a str {
    let rings = shown.chime == Chime::Rings;
    let without = text.strip_prefix('\u{7}').filter(|_| rings);
    without.unwrap_or(text)
}

/// What is the client's or the server's own has room in the terminal; what people say is one line, which is the
/// terminal's to break.
fn check_lines(text: &str, shown: &TranscriptLine, columns: usize) {
    let lines = text
        .strip_suffix('\n')
        .expect("it ends its line")
        .split('\n');
    if is_wrapped(&shown.line) {
        lines.for_each(|line| check_width(line, columns));
    } else {
        let rule = usize::from(text.starts_with(" ─ "));
        assert_eq!(lines.count(), 1 + rule, "{text:?}");
    }
}

/// A line has room, unless it is a single word, or nothing is wrapped in so few columns.
fn check_width(line: &str, columns: usize) {
    const LEAST_COLUMNS: usize = 16 + 10;
    const SIGNS: [&str; 6] = ["*", "!", "#", "✗", "✓", "+"];
    let mut words = line.split(' ').filter(|word| word.width() > 0).peekable();
    words.next_if(|word| word.len() == 5 && word.as_bytes()[2] == b':');
    words.next_if(|word| SIGNS.contains(word));
    let fits = line.width() <= columns || columns < LEAST_COLUMNS;
    assert!(fits || words.count() <= 1, "{columns} columns: {line:?}");
}

/// Returns whether the client breaks a line between words; the others are left to the terminal.
fn is_wrapped(line: &Line) -> bool {
    match line {
        Line::Presence(_) | Line::Notice(_) | Line::Refusal(_) | Line::Help(_) => true,
        Line::Note(_) | Line::Lost(_) | Line::Back(_) => true,
        Line::Wire(_) | Line::Output(_) | Line::Said { .. } | Line::Secret(_) => false,
        Line::WhisperFrom { .. } | Line::WhisperTo { .. } => false,
        Line::Waiting { .. } | Line::Rule(_) => false,
        Line::Past(past) => is_wrapped(&past.line),
    }
}

/// Takes out the styles that the client uses; each ends in its line.
fn unstyled(text: &str, styles: Styles) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    let (mut is_colored, mut is_bold) = (false, false);
    for part in parts {
        assert_eq!(styles, Styles::On, "{text:?}");
        let (style, rest) = part.split_once('m').expect(text);
        match style.strip_prefix("38;5;").map(str::parse::<u8>) {
            Some(Ok(_)) => is_colored = true,
            _ => match style {
                "39" => is_colored = false,
                "1" | "2" => is_bold = true,
                "22" => is_bold = false,
                _ => panic!("{text:?}"),
            },
        }
        assert!(!(is_colored || is_bold) || !rest.contains('\n'), "{text:?}");
        plain.push_str(rest);
    }
    assert!(!is_colored && !is_bold, "{text:?}");
    plain
}

/// Nothing in a text is obeyed by a terminal, but its line ends.
fn check_text(text: &str) {
    let obeyed = text
        .chars()
        .find(|&c| c != '\n' && (is_removed(c) || c == '\t'));
    assert_eq!(obeyed, None, "{text:?}");
}

fn check_osc(kind: &str, written: &str) {
    let text = written
        .strip_prefix("\x1b]")
        .and_then(|text| text.strip_prefix(kind));
    let text = text
        .and_then(|text| text.strip_suffix("\x1b\\"))
        .expect(written);
    check_text(text);
    assert!(!text.contains('\n'), "{text:?}");
}

/// A program that asked for a format is given a line of it, and the very text in JSON; and whatever is pasted is plain.
fn check_program(line: &str) {
    let pasted = plain(line);
    assert!(!pasted.contains(is_removed), "{pasted:?}");
    let Some(said) = Said::of(&ServerLine::parse(line)) else {
        return;
    };
    let json = Format::Json.write(&said, Now::default().utc);
    let read: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(read["from"], said.from);
    assert_eq!(read["text"], said.text);
    let wire = Format::Wire.write(&said, Now::default().utc);
    assert_eq!(sanitize(&wire), wire, "it is safe already");
    for written in [json, wire] {
        check_text(&written);
        assert!(!written.contains('\n'), "{written:?}");
    }
}

#[cfg(test)]
#[path = "../../server/core/fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_pass() {
        super::seeds::run("screen", super::screen);
    }
}
