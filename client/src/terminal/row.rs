//! Layout of the row that is being typed: which rows of the screen it takes, and where its cursor is.

use std::fmt::Write;
use std::sync::LazyLock;

use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;
use wac_core::name::Name;

use super::render::sanitize;
use crate::app::PromptState;

/// The editor's prompt for somebody who chats; their name is drawn before it.
pub(super) const CHAT: &str = HERE;
/// Sign behind the name: entered text is sent.
const HERE: &str = "▸ ";
/// Entered text waits.
const AWAY: &str = "⟳ ";
/// Entered text answers a question.
const ASKED: &str = "? ";

/// The whole row, whatever is typed.
const PASSWORD: &str = "password: ";

/// The row as it is edited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// [`CHAT`], or a prompt of the editor's own.
    pub(super) prompt: String,
    pub(super) before_cursor: String,
    pub(super) behind_cursor: String,
}

/// Size of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// A place in the layout; the first row and column are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The row cut into the rows of a screen. Where the terminal wraps by itself, there is no line end
/// between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    rows: Vec<ScreenRow>,
    pub(super) cursor: Place,
    /// Columns of the screen.
    columns: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ScreenRow {
    text: String,
    width: usize,
    end: End,
}

/// How a row of the screen ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    /// The text goes on, and the terminal wraps it.
    Wrapped,
    /// With a line end.
    #[default]
    Line,
}

/// What the prompt of somebody who chats is made of. Either may change while they type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chatter {
    pub(super) name: Option<Name>,
    pub(super) state: PromptState,
}

impl Row {
    /// Lays the row out; nothing in it is obeyed by the terminal.
    pub(super) fn layout(&self, chatter: &Chatter, columns: usize) -> Layout {
        let mut layout = Layout::new(columns);
        layout.add(&sanitize(&self.shown_prompt(chatter)));
        if chatter.state == PromptState::Password {
            layout.cursor = layout.end();
            return layout;
        }
        layout.add_lines(&self.before_cursor);
        layout.cursor = layout.end();
        layout.add_lines(&self.behind_cursor);
        if layout.cursor.column == columns {
            layout.wrap_cursor();
        }
        layout
    }

    /// Returns the prompt with the name and the sign of the connection.
    fn shown_prompt(&self, chatter: &Chatter) -> String {
        let sign = match chatter.state {
            PromptState::Here => HERE,
            PromptState::Away => AWAY,
            PromptState::Asked => ASKED,
            PromptState::Password => return PASSWORD.to_owned(),
        };
        if self.prompt != CHAT {
            return self.prompt.clone();
        }
        let name = chatter.name.as_ref().map_or("", Name::as_str);
        name.to_owned() + sign
    }
}

impl Layout {
    fn new(columns: usize) -> Self {
        Self {
            rows: vec![ScreenRow::default()],
            cursor: Place::default(),
            columns,
        }
    }

    fn add_lines(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.rows.push(ScreenRow::default());
            }
            self.add(&sanitize(line));
        }
    }

    fn add(&mut self, text: &str) {
        for letter in text.graphemes(true) {
            match joined_width(letter) {
                None => self.add_letter(letter),
                Some(widest) => self.add_joined(letter, widest),
            }
        }
    }

    fn add_letter(&mut self, letter: &str) {
        let width = width(letter);
        if self.last().width + width > self.columns {
            self.last().end = End::Wrapped;
            self.rows.push(ScreenRow::default());
        }
        let row = self.last();
        row.text.push_str(letter);
        row.width += width;
    }

    /// Adds a letter whose width is known to the terminal alone: the terminal is told where the next
    /// one stands, and gets no chance to wrap. Else the rows would be counted wrongly, and the row
    /// drawn over the transcript.
    fn add_joined(&mut self, letter: &str, widest: usize) {
        let columns = self.columns;
        let row = self.last();
        if row.width > 0 && row.width + widest >= columns {
            row.end = if row.width == columns {
                End::Wrapped
            } else {
                End::Line
            };
            self.rows.push(ScreenRow::default());
        }
        let row = self.last();
        row.width += width(letter);
        let _ = write!(row.text, "{letter}\x1b[{}G\x1b[K", row.width + 1);
    }

    fn last(&mut self) -> &mut ScreenRow {
        self.rows.last_mut().expect("there is always a row")
    }

    fn end(&mut self) -> Place {
        Place {
            row: self.rows.len() - 1,
            column: self.last().width,
        }
    }

    /// Moves a cursor behind the last column to the row below, which there has to be.
    fn wrap_cursor(&mut self) {
        let row = self.cursor.row + 1;
        if row == self.rows.len() {
            self.rows.push(ScreenRow::default());
        }
        self.cursor = Place { row, column: 0 };
    }

    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Returns the part that fits on a screen, and has the cursor.
    pub(super) fn window(mut self, height: usize) -> Self {
        let first = (self.cursor.row + 1).saturating_sub(height.max(1));
        self.rows.truncate(first + height.max(1));
        self.rows.drain(..first);
        self.cursor.row -= first;
        self
    }

    /// Returns the text as it is written, from the first row to the end of the last.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let last = self.rows.len() - 1;
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(&row.text);
            if number < last && row.end == End::Line {
                text.push('\n');
            }
        }
        text
    }

    /// Returns what this layout has more than another, if that is all at the end, where both have the
    /// cursor.
    pub(super) fn added_to(&self, other: &Self) -> Option<&str> {
        let (last, rows) = self.rows.split_last()?;
        let (other_last, other_rows) = other.rows.split_last()?;
        let is_at_end = self.has_cursor_at_end() && other.has_cursor_at_end();
        let added = last.text.strip_prefix(&*other_last.text);
        added.filter(|_| is_at_end && rows == other_rows)
    }

    fn has_cursor_at_end(&self) -> bool {
        let end = self.rows.last().map_or(0, |row| row.width);
        self.cursor.row + 1 == self.rows.len() && self.cursor.column == end
    }

    /// Returns the row of the cursor once the terminal has wrapped its lines anew.
    pub(super) fn cursor_row_when_reflowed(&self, columns: usize) -> usize {
        let columns = columns.max(1);
        let (mut row, mut offset) = (0, 0);
        for screen_row in &self.rows[..self.cursor.row] {
            offset += screen_row.width;
            if screen_row.end == End::Line {
                row += offset.div_ceil(columns).max(1);
                offset = 0;
            }
        }
        // At the end of a full row the cursor stays there, as in `tmux`. In a terminal that moves it on, a
        // copy of the row stays behind; the other mistake would cost a line of the transcript.
        let cursor = offset + self.cursor.column;
        row + cursor.saturating_sub(usize::from(self.has_cursor_at_end())) / columns
    }
}

/// Returns the columns of a letter; of letters joined to one, the columns that this terminal is likely
/// to give them.
fn width(letter: &str) -> usize {
    static MODE: LazyLock<GraphemeClusterMode> = LazyLock::new(GraphemeClusterMode::from_env);
    MODE.width(letter).into()
}

/// Returns the most columns of letters joined to one, if terminals disagree on them: emoji with a
/// joiner, a skin tone or a variant, and flags.
fn joined_width(letter: &str) -> Option<usize> {
    letter.chars().nth(1)?;
    let joined = usize::from(GraphemeClusterMode::Unicode.width(letter));
    let apart = letter.chars().map(|c| match c {
        '\u{1F1E6}'..='\u{1F1FF}' => 2,
        _ => c.width().unwrap_or(0),
    });
    let apart = apart.sum();
    (joined != apart).then_some(joined.max(apart))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Chatter = Chatter {
        name: None,
        state: PromptState::Here,
    };

    fn row(before: &str, behind: &str) -> Row {
        Row {
            prompt: "Ann> ".to_owned(),
            before_cursor: before.to_owned(),
            behind_cursor: behind.to_owned(),
        }
    }

    /// Returns the rows of the screen, the cursor as `█`.
    #[track_caller]
    fn shown(layout: &Layout) -> Vec<String> {
        let rows = layout.rows.iter().map(|row| row.text.clone());
        let mut rows: Vec<String> = rows.collect();
        let cursor = layout.cursor;
        let mut column = 0;
        let at = rows[cursor.row].char_indices().find(|(_, c)| {
            let is_there = column >= cursor.column;
            column += width(&c.to_string());
            is_there
        });
        let at = at.map_or(rows[cursor.row].len(), |(at, _)| at);
        rows[cursor.row].insert(at, '█');
        rows
    }

    #[test]
    fn a_short_row_is_one_row() {
        let layout = row("hel", "lo").layout(&NOBODY, 20);
        assert_eq!(shown(&layout), ["Ann> hel█lo"]);
        assert_eq!(layout.text(), "Ann> hello");
    }

    #[test]
    fn the_sign_tells_how_the_connection_is() {
        let row = Row {
            prompt: CHAT.to_owned(),
            ..Row::default()
        };
        let text = |state| {
            let name = Some("Ann".parse().unwrap());
            row.layout(&Chatter { name, state }, 20).text()
        };
        assert_eq!(text(PromptState::Here), "Ann▸ ");
        assert_eq!(text(PromptState::Away), "Ann⟳ ");
        assert_eq!(text(PromptState::Asked), "Ann? ");
        let search = self::row("x", "");
        assert_eq!(search.layout(&NOBODY, 20).text(), "Ann> x");
    }

    #[test]
    fn a_long_row_wraps_by_itself() {
        let layout = row("0123456", "789").layout(&NOBODY, 10);
        assert_eq!(shown(&layout), ["Ann> 01234", "56█789"]);
        assert_eq!(layout.text(), "Ann> 0123456789");
    }

    #[test]
    fn behind_a_full_row_the_cursor_stands_in_the_next() {
        let layout = row("01234", "").layout(&NOBODY, 10);
        assert_eq!(shown(&layout), ["Ann> 01234", "█"]);
        assert_eq!(layout.text(), "Ann> 01234\n");
        assert_eq!(
            shown(&row("01234", "5").layout(&NOBODY, 10)),
            ["Ann> 01234", "█5"]
        );
        assert_eq!(
            shown(&row("01234", "\n5").layout(&NOBODY, 10)),
            ["Ann> 01234", "█5"]
        );
        assert_eq!(
            shown(&row("", "01234").layout(&NOBODY, 10)),
            ["Ann> █01234"]
        );
    }

    #[test]
    fn a_wide_letter_is_never_cut() {
        let layout = row("0123中", "文").layout(&NOBODY, 10);
        assert_eq!(shown(&layout), ["Ann> 0123", "中█文"]);
        assert_eq!(layout.text(), "Ann> 0123中文");
    }

    #[test]
    fn behind_letters_joined_to_one_the_terminal_is_told_its_column() {
        for (letters, widest) in [("👩‍👩‍👧", 6), ("❤️", 2), ("👍🏽", 4), ("🇩🇪", 4)]
        {
            assert_eq!(joined_width(letters), Some(widest), "{letters}");
            let column = 6 + width(letters);
            let text = row(letters, "x").layout(&NOBODY, 20).text();
            assert_eq!(text, format!("Ann> {letters}\x1b[{column}G\x1b[Kx"));
        }
        for letter in ["x", "中", "👩", "e\u{301}", "한"] {
            assert_eq!(joined_width(letter), None, "{letter}");
        }
    }

    #[test]
    fn letters_joined_to_one_stay_away_from_the_edge() {
        let layout = row("01❤️", "").layout(&NOBODY, 9);
        assert_eq!(layout.height(), 2);
        assert!(layout.text().starts_with("Ann> 01\n❤️"));
        assert_eq!(row("0❤️", "").layout(&NOBODY, 9).height(), 1);
        let full = row("0123❤️", "").layout(&NOBODY, 9);
        assert!(full.text().starts_with("Ann> 0123❤️"));
        assert_eq!(row("❤️❤️", "").layout(&NOBODY, 2).height(), 5);
    }

    #[test]
    fn the_lines_of_a_paste_are_rows_and_nothing_in_them_is_obeyed() {
        let layout = row("one\n\x07two\n", "\u{9b}3").layout(&NOBODY, 20);
        assert_eq!(shown(&layout), ["Ann> one", "^Gtwo", "█<U+009B>3"]);
        assert_eq!(layout.text(), "Ann> one\n^Gtwo\n<U+009B>3");
    }

    #[test]
    fn of_a_tall_row_the_part_with_the_cursor_is_shown() {
        let lines = "1\n2\n3\n4";
        assert_eq!(
            shown(&row(lines, "").layout(&NOBODY, 9).window(2)),
            ["3", "4█"]
        );
        assert_eq!(
            shown(&row("", lines).layout(&NOBODY, 9).window(2)),
            ["Ann> █1", "2"]
        );
        assert_eq!(
            shown(&row("1\n2\n3", "\n4").layout(&NOBODY, 9).window(2)),
            ["2", "3█"]
        );
        assert_eq!(
            shown(&row("1", "").layout(&NOBODY, 9).window(0)),
            ["Ann> 1█"]
        );
    }

    #[test]
    fn a_terminal_that_wraps_anew_moves_the_cursor() {
        let layout = row(&"x".repeat(20), "y").layout(&NOBODY, 20);
        assert_eq!(layout.cursor_row_when_reflowed(20), 1);
        assert_eq!(layout.cursor_row_when_reflowed(10), 2);
        assert_eq!(layout.cursor_row_when_reflowed(80), 0);
        let full = |behind| row("01234", behind).layout(&NOBODY, 20);
        assert_eq!(full("").cursor_row_when_reflowed(10), 0);
        assert_eq!(full("").cursor_row_when_reflowed(5), 1);
        assert_eq!(full("5").cursor_row_when_reflowed(10), 1);
        let lines = row("xxxxxxx\ny", "").layout(&NOBODY, 20);
        assert_eq!(lines.cursor_row_when_reflowed(6), 2);
        assert_eq!(lines.cursor_row_when_reflowed(20), 1);
    }
}
