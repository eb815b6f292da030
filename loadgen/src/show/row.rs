//! A row of the live view: its text, and how much it matters where there is no room for all.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a cut text ends with, so that no number cut short is taken for a smaller one.
const CUT: char = '…';

/// How a row is painted, where colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Something is wrong.
    Alarm,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// Where there are too many rows, those with the highest rank go first.
    pub(crate) rank: u8,
}

impl Row {
    /// A row in the usual tone.
    pub(crate) fn new(rank: u8, text: String) -> Self {
        Self {
            text,
            tone: Tone::Plain,
            rank,
        }
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.text.width()
    }
}

/// Leaves out what matters least until `height` rows are left, and cuts each to `width` columns.
pub(crate) fn fit(mut rows: Vec<Row>, width: usize, height: usize) -> Vec<Row> {
    while rows.len() > height {
        let least = (0..rows.len()).max_by_key(|&at| rows[at].rank);
        rows.remove(least.expect("more rows than some number are not none"));
    }
    for row in &mut rows {
        row.text = cut(&row.text, width);
    }
    rows
}

/// The text if it fits, else as much of its beginning as fits with a sign that it was cut.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.trim_end().to_owned();
    }
    let mut room = width.saturating_sub(1);
    let fits = text.chars().take_while(|char| {
        let left = room.checked_sub(char.width().unwrap_or(0));
        room = left.unwrap_or(0);
        left.is_some()
    });
    let mut text: String = fits.collect();
    if width > 0 {
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_shows_that_it_was_cut() {
        assert_eq!(cut("p99 11.6", 8), "p99 11.6");
        assert_eq!(cut("p99 11.6", 7), "p99 11…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn what_matters_least_goes_first() {
        let rows = [2, 0, 9, 1, 9].map(|rank| Row::new(rank, rank.to_string()));
        let left = fit(rows.into(), 80, 3);
        let left: Vec<_> = left.iter().map(|row| row.rank).collect();
        assert_eq!(left, [2, 0, 1]);
    }
}
