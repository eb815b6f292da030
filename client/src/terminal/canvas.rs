//! Canvas: the transcript, and below it the row that is being typed. Turns what is to change into
//! what is to be written.
//!
//! It knows where its row stands on the screen from what it has written, and never asks the terminal.

use std::fmt::Write;

use super::osc::Title;
use super::row::{Chatter, Layout, Row, Size};
use crate::app::{PromptState, Unread};

/// Keeps the terminal from showing half a frame.
const BEGIN_FRAME: &str = "\x1b[?2026h";
const END_FRAME: &str = "\x1b[?2026l";
/// Clears from the cursor, in the first column, to the end of the screen. The screen below is cleared
/// from the second column on: `tmux` takes what is cleared from the very first for the whole screen,
/// and keeps it above, a copy for each key.
const CLEAR_BELOW: &str = "\x1b[K\x1b[C\x1b[J\r";
const CLEAR_SCREEN: &str = "\x1b[H\x1b[J";

/// Set by terminals that wrap their lines anew: tmux, those of GNOME, KDE and Windows, and others.
const REFLOW_VARIABLES: [&str; 6] = [
    "TMUX",
    "VTE_VERSION",
    "KONSOLE_VERSION",
    "WT_SESSION",
    "KITTY_WINDOW_ID",
    "ALACRITTY_WINDOW_ID",
];
const REFLOW_TERMS: [&str; 6] = [
    "alacritty",
    "foot",
    "tmux",
    "wezterm",
    "xterm-ghostty",
    "xterm-kitty",
];
const REFLOW_PROGRAMS: [&str; 6] = [
    "Apple_Terminal",
    "WezTerm",
    "ghostty",
    "iTerm.app",
    "tmux",
    "vscode",
];

/// What a terminal does to its lines when its width changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resizing {
    /// It cuts them off, or is not known to do otherwise.
    Cuts,
    /// It wraps them anew.
    Reflows,
}

impl Resizing {
    /// Returns what the terminal is known to do, which it tells in its environment. Over `ssh` that
    /// does not come along.
    pub(super) fn of_terminal(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        let named = |name: &str, known: &[&str]| {
            let value = variable(name).unwrap_or_default();
            known.iter().any(|known| value.starts_with(known))
        };
        if REFLOW_VARIABLES.iter().any(is_set)
            || named("TERM", &REFLOW_TERMS)
            || named("TERM_PROGRAM", &REFLOW_PROGRAMS)
        {
            Self::Reflows
        } else {
            Self::Cuts
        }
    }
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct Canvas {
    resizing: Resizing,
    chatter: Chatter,
    title: Title,
    row: Option<Row>,
    /// The row as it stands on the screen, if it does.
    drawn: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    layout: Layout,
    size: Size,
}

impl Canvas {
    pub(super) fn new(resizing: Resizing) -> Self {
        Self {
            resizing,
            chatter: Chatter {
                name: None,
                state: PromptState::Here,
            },
            title: Title::default(),
            row: None,
            drawn: None,
        }
    }

    /// Changes the prompt of somebody who chats.
    pub(super) fn set_chatter(&mut self, chatter: Chatter) {
        self.chatter = chatter;
    }

    /// Shows the number of unread lines in the title.
    pub(super) fn retitle(&mut self, unread: Unread) -> String {
        self.title.change(unread)
    }

    /// Changes the row.
    pub(super) fn set_row(&mut self, row: Row) {
        self.row = Some(row);
    }

    /// Prints lines above the row, and draws the row anew, as far as it has changed.
    pub(super) fn frame(&mut self, lines: &str, size: Size) -> String {
        if lines.is_empty()
            && let Some(added) = self.draw_added(size)
        {
            return added;
        }
        let mut frame = BEGIN_FRAME.to_owned();
        self.erase(size, &mut frame);
        frame.push_str(lines);
        self.draw(size, &mut frame);
        frame.push_str(END_FRAME);
        frame
    }

    /// Clears the screen but for the row.
    pub(super) fn clear(&mut self, size: Size) -> String {
        self.drawn = None;
        CLEAR_SCREEN.to_owned() + &self.frame("", size)
    }

    /// Leaves the row where it stands, for good, and moves below it.
    pub(super) fn leave_row(&mut self, size: Size) -> String {
        self.row = None;
        let Some(drawn) = self.drawn.take() else {
            return String::new();
        };
        // Where the size has changed meanwhile, below is where the screen ends, at the latest.
        let below = drawn.layout.height() - 1 - drawn.layout.cursor.row;
        let mut text = String::new();
        move_by(below.min(size.rows), 'B', &mut text);
        text + "\r\n"
    }

    /// Takes the row away until the next frame.
    pub(super) fn hide_row(&mut self, size: Size) -> String {
        let mut text = String::new();
        self.erase(size, &mut text);
        text
    }

    /// Forgets where the row stood: somebody else has written since.
    pub(super) fn forget(&mut self) -> String {
        self.drawn = None;
        format!("\r{CLEAR_BELOW}")
    }

    fn erase(&mut self, size: Size, frame: &mut String) {
        let Some(drawn) = self.drawn.take() else {
            return;
        };
        let up = match self.resizing {
            Resizing::Reflows if drawn.size.columns != size.columns => {
                drawn.layout.cursor_row_when_reflowed(size.columns)
            }
            _ => drawn.layout.cursor.row,
        };
        frame.push('\r');
        move_by(up, 'A', frame);
        frame.push_str(CLEAR_BELOW);
    }

    /// Draws what has been added to the end of the row, if nothing else has changed: most keys.
    fn draw_added(&mut self, size: Size) -> Option<String> {
        let drawn = self.drawn.as_ref().filter(|drawn| drawn.size == size)?;
        let layout = self.layout(size)?;
        let added = layout.added_to(&drawn.layout)?.to_owned();
        self.drawn = Some(Drawn { layout, size });
        Some(added)
    }

    fn layout(&self, size: Size) -> Option<Layout> {
        let asked = (self.chatter.state == PromptState::Password).then(Row::default);
        let row = self.row.as_ref().or(asked.as_ref())?;
        let layout = row.layout(&self.chatter, size.columns);
        // A third of the screen is left to the transcript.
        Some(layout.window(size.rows - size.rows / 3))
    }

    fn draw(&mut self, size: Size, frame: &mut String) {
        let Some(layout) = self.layout(size) else {
            return;
        };
        frame.push_str(&layout.text());
        frame.push('\r');
        move_by(layout.height() - 1 - layout.cursor.row, 'A', frame);
        move_by(layout.cursor.column, 'C', frame);
        self.drawn = Some(Drawn { layout, size });
    }
}

fn move_by(count: usize, direction: char, text: &mut String) {
    if count > 0 {
        let _ = write!(text, "\x1b[{count}{direction}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vt100::Parser;

    const SIZE: Size = Size {
        columns: 20,
        rows: 6,
    };

    /// A canvas and the screen that shows it.
    struct ShownText {
        canvas: Canvas,
        screen: Parser,
        size: Size,
    }

    impl ShownText {
        fn new() -> Self {
            Self {
                canvas: Canvas::new(Resizing::Cuts),
                screen: Parser::new(SIZE.rows as u16, SIZE.columns as u16, 100),
                size: SIZE,
            }
        }

        fn types(&mut self, before: &str, behind: &str) {
            self.canvas.set_row(Row {
                prompt: "Ann> ".to_owned(),
                before_cursor: before.to_owned(),
                behind_cursor: behind.to_owned(),
            });
            self.prints("");
        }

        fn prints(&mut self, lines: &str) {
            let frame = self.canvas.frame(lines, self.size);
            self.writes(&frame);
        }

        /// The terminal turns a line end into two characters.
        fn writes(&mut self, text: &str) {
            self.screen.process(text.replace('\n', "\r\n").as_bytes());
        }

        fn resizes(&mut self, columns: usize) {
            self.size.columns = columns;
            let screen = self.screen.screen_mut();
            screen.set_size(SIZE.rows as u16, columns as u16);
            self.prints("");
        }

        /// Checks the screen, the cursor as `█` in the place of what it stands on.
        #[track_caller]
        fn shows(&self, wanted: &[&str]) {
            let screen = self.screen.screen();
            let (cursor_row, cursor_column) = screen.cursor_position();
            let rows = screen
                .rows(0, screen.size().1)
                .enumerate()
                .map(|(number, row)| {
                    let mut row: Vec<char> = row.chars().collect();
                    if number == usize::from(cursor_row) {
                        row.resize(row.len().max(usize::from(cursor_column) + 1), ' ');
                        row[usize::from(cursor_column)] = '█';
                    }
                    row.into_iter().collect::<String>()
                });
            let mut rows: Vec<String> = rows.collect();
            rows.truncate(
                rows.iter()
                    .rposition(|row| !row.is_empty())
                    .map_or(0, |at| at + 1),
            );
            assert_eq!(rows, wanted);
        }
    }

    /// `tmux` keeps a screen that is cleared from its first column as if it was history.
    #[test]
    fn the_row_is_never_cleared_from_its_first_column_on() {
        let mut shown = ShownText::new();
        shown.types("ab", "");
        shown.types("a", "");
        shown.prints("one\n");
        let size = shown.size;
        let frames = [
            shown.canvas.frame("two\n", size),
            shown.canvas.hide_row(size),
            shown.canvas.forget(),
        ];
        for frame in frames {
            assert!(frame.contains("\x1b[C\x1b[J"), "{frame:?}");
        }
    }

    #[test]
    fn lines_are_printed_above_the_row() {
        let mut shown = ShownText::new();
        shown.prints("first\n");
        shown.types("hel", "lo");
        shown.prints("second\nthird\n");
        shown.shows(&["first", "second", "third", "Ann> hel█o"]);
    }

    #[test]
    fn a_row_of_several_rows_is_drawn_over_itself() {
        let mut shown = ShownText::new();
        shown.prints("first\n");
        shown.types("0123456789abcdefghijklmnopq", "");
        shown.types("0123456789abcdefg", "hijkl\nx");
        shown.prints("second\n");
        shown.shows(&["first", "second", "Ann> 0123456789abcde", "fg█ijkl", "x"]);
        shown.types("", "");
        shown.shows(&["first", "second", "Ann> █"]);
    }

    #[test]
    fn a_terminal_tells_what_it_does_to_its_lines() {
        let of = |name: &str, value: &str| {
            Resizing::of_terminal(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(of("TMUX", "/tmp/tmux-0/default,1,0"), Resizing::Reflows);
        assert_eq!(of("TERM", "foot-extra"), Resizing::Reflows);
        assert_eq!(of("TERM_PROGRAM", "iTerm.app"), Resizing::Reflows);
        assert_eq!(of("TERM", "xterm-256color"), Resizing::Cuts);
        assert_eq!(of("TMUX", ""), Resizing::Cuts);
    }

    #[test]
    fn of_a_row_that_grows_only_what_is_new_is_written() {
        let mut canvas = Canvas::new(Resizing::Cuts);
        let mut draw = |before: &str, behind: &str| {
            canvas.set_row(Row {
                prompt: "Ann> ".to_owned(),
                before_cursor: before.to_owned(),
                behind_cursor: behind.to_owned(),
            });
            canvas.frame("", SIZE)
        };
        draw("hel", "");
        assert_eq!(draw("hello", ""), "lo");
        assert_eq!(draw("hello", ""), "");
        assert!(draw("hell", "").starts_with(BEGIN_FRAME));
        assert!(draw("hell", "o").starts_with(BEGIN_FRAME));
        assert!(draw("hello", "").starts_with(BEGIN_FRAME));
        assert!(draw("hello, hello, he", "").starts_with(BEGIN_FRAME));
        assert_eq!(draw("hello, hello, hello", ""), "llo");
    }

    #[test]
    fn another_width_leaves_no_copy() {
        let mut shown = ShownText::new();
        shown.prints("first\n");
        shown.types("0123456789abcdef", "");
        for (columns, rows) in [
            (12, ["first", "Ann> 0123456", "789abcdef█"]),
            (17, ["first", "Ann> 0123456789ab", "cdef█"]),
        ] {
            shown.resizes(columns);
            shown.shows(&rows);
        }
    }

    #[test]
    fn of_a_tall_row_the_screen_shows_a_part_and_the_scrollback_none() {
        let mut shown = ShownText::new();
        shown.prints("first\n");
        let lines: Vec<String> = (1..10).map(|number| number.to_string()).collect();
        shown.types(&lines.join("\n"), "");
        shown.prints("second\n");
        shown.shows(&["first", "second", "6", "7", "8", "9█"]);
        shown.types("", &lines.join("\n"));
        shown.shows(&["first", "second", "Ann> █", "2", "3", "4"]);
        shown.prints("third\n");
        shown.shows(&["second", "third", "Ann> █", "2", "3", "4"]);
        shown.types("", "");
        shown.shows(&["second", "third", "Ann> █"]);
        let screen = shown.screen.screen_mut();
        screen.set_scrollback(1);
        assert!(screen.contents().starts_with("first\nsecond\nthird\nAnn>"));
    }

    #[test]
    fn a_row_that_is_left_stays_and_one_that_is_hidden_comes_back() {
        let mut shown = ShownText::new();
        shown.types("one", "\ntwo");
        let text = shown.canvas.leave_row(SIZE);
        shown.writes(&text);
        shown.prints("first\n");
        shown.shows(&["Ann> one", "two", "first", "█"]);
        shown.types("draft", "");
        let text = shown.canvas.hide_row(SIZE);
        shown.writes(&text);
        shown.shows(&["Ann> one", "two", "first", "█"]);
        shown.prints("");
        shown.shows(&["Ann> one", "two", "first", "Ann> draft█"]);
    }
}
