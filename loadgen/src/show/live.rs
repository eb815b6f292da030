//! The edge of the live view: what is known of the terminal, and what is written to it.
//!
//! Each picture is drawn over the one before: the cursor goes up to its first row, and every row is cleared to its end.
//! The cursor then rests at the beginning of the last row, so that a `^C` that the terminal echoes wraps nothing. It is
//! never hidden and nothing of the terminal's state is changed, so there is nothing to restore however a run ends.

use std::env;
use std::fmt::Write as _;
use std::io::{Write, stderr};

use terminal_size::terminal_size_of;

use super::Snapshot;
use super::history::History;
use super::row::{Row, Tone};
use super::view::view;

/// Where the size is not known.
const USUAL: Size = Size {
    width: 80,
    height: 24,
};

/// The live view.
#[derive(Debug)]
pub(crate) struct Live {
    history: History,
    /// Columns of each row of the picture that is on the terminal.
    drawn: Vec<usize>,
    paint: Paint,
}

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Colours,
    /// `NO_COLOR` is set.
    Nothing,
}

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: usize,
    height: usize,
}

impl Default for Live {
    fn default() -> Self {
        // no-color.org: set, and not empty.
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            history: History::default(),
            drawn: Vec::new(),
            paint: if plain {
                Paint::Nothing
            } else {
                Paint::Colours
            },
        }
    }
}

impl Live {
    /// Draws a moment over the one before.
    pub(crate) fn show(&mut self, snapshot: &Snapshot<'_>) {
        self.history.learn(snapshot.seconds);
        let size = size();
        // The last column stays free: a full row would leave the cursor between two rows.
        let columns = size.width.saturating_sub(1);
        let rows = view(snapshot, &self.history, columns, size.height);
        let mut text = back(&self.drawn, size);
        text += &picture(&rows, self.paint);
        write(&text);
        self.drawn = rows.iter().map(Row::width).collect();
    }

    /// Takes the picture away.
    pub(crate) fn end(&mut self) {
        if !self.drawn.is_empty() {
            write(&(back(&self.drawn, size()) + "\x1b[J"));
            self.drawn.clear();
        }
    }
}

/// The size now: it may have changed since the last picture.
fn size() -> Size {
    terminal_size_of(stderr()).map_or(USUAL, |(width, height)| Size {
        width: width.0.into(),
        height: height.0.into(),
    })
}

/// Moves the cursor from the last row of a picture to the first. A terminal that became narrower has wrapped what was
/// longer; the cursor stayed with the beginning of the last row.
fn back(drawn: &[usize], size: Size) -> String {
    let above = &drawn[..drawn.len().saturating_sub(1)];
    let wrapped = above
        .iter()
        .map(|columns| columns.div_ceil(size.width.max(1)).max(1));
    match wrapped.sum::<usize>().min(size.height.saturating_sub(1)) {
        0 => "\r".to_owned(),
        up => format!("\r\x1b[{up}A"),
    }
}

/// The rows as the terminal takes them; what was below is cleared.
fn picture(rows: &[Row], paint: Paint) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let newline = if at > 0 { "\r\n" } else { "" };
        let line = &row.text;
        // A String takes everything.
        let _ = match (row.tone, paint) {
            (Tone::Alarm, Paint::Colours) => write!(text, "{newline}\x1b[1;31m{line}\x1b[0m\x1b[K"),
            _ => write!(text, "{newline}{line}\x1b[K"),
        };
    }
    text + "\x1b[J\r"
}

/// Writes at once, so that no half of a picture is seen.
fn write(text: &str) {
    let mut stderr = stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size {
        width: 80,
        height: 24,
    };

    #[test]
    fn the_cursor_goes_up_to_the_first_row() {
        assert_eq!(back(&[], WIDE), "\r");
        assert_eq!(back(&[79], WIDE), "\r");
        assert_eq!(back(&[79, 0, 12], WIDE), "\r\x1b[2A");
    }

    #[test]
    fn rows_that_a_narrower_terminal_has_wrapped_are_gone_over() {
        let narrow = Size {
            width: 40,
            height: 24,
        };
        assert_eq!(back(&[79, 0, 40, 79], narrow), "\r\x1b[4A");
        let low = Size {
            width: 40,
            height: 3,
        };
        assert_eq!(back(&[79, 79, 79], low), "\r\x1b[2A");
    }

    #[test]
    fn an_alarm_is_red_where_colours_are_wanted() {
        let row = Row {
            tone: Tone::Alarm,
            ..Row::new(0, "wrong".to_owned())
        };
        let rows = [Row::new(0, "right".to_owned()), row];
        let plain = "right\x1b[K\r\nwrong\x1b[K\x1b[J\r";
        assert_eq!(picture(&rows, Paint::Nothing), plain);
        let red = "right\x1b[K\r\n\x1b[1;31mwrong\x1b[0m\x1b[K\x1b[J\r";
        assert_eq!(picture(&rows, Paint::Colours), red);
    }
}
