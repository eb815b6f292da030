//! Word wrap for the client's and the server's own lines, to the width of the terminal.
//!
//! Messages are left to the terminal: it selects a line that it wrapped itself as one line and
//! reflows it when its size changes, so an address or a command can be copied.

use unicode_width::UnicodeWidthStr;

use crate::app::commands::HelpEntry;

/// Least room for word wrap: with fewer columns it would leave a column of single words. A terminal of
/// 30 columns has 20 beside its margin.
const MIN_COLUMNS: usize = 16;
/// Further indentation of a help entry's text below its usage.
const MARGIN: usize = 2;

/// Wraps a text that starts at column `indent`, for a terminal of `columns`; further lines are
/// indented as far.
pub(super) fn wrap(text: &str, indent: usize, columns: usize) -> String {
    if !has_room(indent, columns) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut at = indent;
    for (nth, word) in text.split(' ').enumerate() {
        let blank = usize::from(nth > 0);
        if at > indent && at + blank + word.width() > columns {
            out.truncate(out.trim_end().len());
            out.push_str(&line_end(indent));
            at = indent;
        } else if nth > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += word.width();
    }
    out
}

/// Wraps an entry of the help likewise. Its text stays in its column; where that has no room, it stands
/// below, indented further.
pub(super) fn wrap_entry(entry: &HelpEntry, indent: usize, columns: usize) -> String {
    let column = indent + HelpEntry::COLUMN;
    if has_room(column, columns) {
        let usage = HelpEntry {
            does: "",
            ..entry.clone()
        };
        return usage.to_string() + &wrap(entry.does, column, columns);
    }
    let below = indent + MARGIN;
    wrap(&entry.usage, indent, columns) + &line_end(below) + &wrap(entry.does, below, columns)
}

fn has_room(indent: usize, columns: usize) -> bool {
    columns.saturating_sub(indent) >= MIN_COLUMNS
}

fn line_end(indent: usize) -> String {
    format!("\n{:indent$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(wrap("one two", 10, 40), "one two");
        assert_eq!(wrap("", 10, 40), "");
        assert_eq!(wrap(&"x".repeat(30), 10, 40), "x".repeat(30));
    }

    #[test]
    fn what_is_too_long_is_broken_between_words() {
        let text = "one two three four five six seven";
        let wanted = "one two three four five\n      six seven";
        assert_eq!(wrap(text, 6, 30), wanted);
        let text = "中文 中文 中文 中文 中文 中文";
        assert_eq!(wrap(text, 2, 26), "中文 中文 中文 中文 中文\n  中文");
    }

    #[test]
    fn a_narrow_terminal_breaks_between_words_too() {
        let text = "y sends them, j joins them into one";
        let indented = "y sends them, j\n          joins them into one";
        assert_eq!(wrap(text, 10, 30), indented);
    }

    #[test]
    fn no_word_is_broken() {
        let word = "x".repeat(60);
        let text = format!("see {word} there");
        assert_eq!(wrap(&text, 2, 40), format!("see\n  {word}\n  there"));
    }

    #[test]
    fn the_text_of_a_help_entry_stays_in_its_column_or_stands_below() {
        let entry = HelpEntry {
            usage: "/send".to_owned(),
            does: "sends the lines you entered",
        };
        let blanks = " ".repeat(28);
        let wide = format!("/send{blanks}sends the lines you entered");
        assert_eq!(wrap_entry(&entry, 2, 62), wide);
        let below = " ".repeat(35);
        let narrow = format!("/send{blanks}sends the lines\n{below}you entered");
        assert_eq!(wrap_entry(&entry, 2, 51), narrow);
        let narrower = "/send\n            sends the lines\n            you entered";
        assert_eq!(wrap_entry(&entry, 10, 30), narrower);
    }

    #[test]
    fn blanks_in_a_text_make_no_table() {
        let text = "10:41 bob: look  at the whole table";
        let wanted = "10:41 bob: look  at the\n      whole table";
        assert_eq!(wrap(text, 6, 30), wanted);
    }

    #[test]
    fn where_there_is_no_room_the_terminal_breaks_it() {
        let text = "one two three four five six seven";
        assert_eq!(wrap(text, 10, 20), text);
    }
}
