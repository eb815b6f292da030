//! Word wrap for the client's and the server's own lines, to the width of the terminal.
//!
//! Messages are left to the terminal: it selects a line that it wrapped itself as one line and
//! reflows it when its size changes, so an address or a command can be copied.

use unicode_width::UnicodeWidthStr;

/// Least room for word wrap: with fewer columns it would leave a column of single words. A terminal of
/// 30 columns has 20 beside its margin.
const MIN_COLUMNS: usize = 16;

/// Wraps a text that starts at column `indent`, for a terminal of `columns`; further lines are
/// indented as far. In a row of a table only the last column is wrapped.
pub(super) fn wrap(text: &str, indent: usize, columns: usize) -> String {
    // A head longer than a row is not a table's.
    let head = table_head(text);
    let head = if indent + text[..head].width() < columns {
        head
    } else {
        0
    };
    let hang = [indent + text[..head].width(), indent];
    let room = |indent: &usize| columns.saturating_sub(*indent) >= MIN_COLUMNS;
    match hang.iter().find(|indent| room(indent)) {
        Some(&hang) => broken(text, head, indent, hang, columns),
        None => text.to_owned(),
    }
}

/// Returns the start of the last column of a table's row: behind at least two blanks.
fn table_head(text: &str) -> usize {
    let blanks = text.rfind("  ");
    blanks.map_or(0, |blanks| blanks + "  ".len())
}

fn broken(text: &str, head: usize, indent: usize, hang: usize, columns: usize) -> String {
    let (head, words) = text.split_at(head);
    let mut out = head.to_owned();
    let mut at = indent + head.width();
    for (nth, word) in words.split(' ').enumerate() {
        let blank = usize::from(nth > 0);
        if at > hang && at + blank + word.width() > columns {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            at = hang;
        } else if nth > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += word.width();
    }
    out
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
    fn the_row_of_a_table_stays_in_its_column() {
        let text = "/send                sends what was entered while away";
        let wanted =
            "/send                sends what was entered\n                       while away";
        assert_eq!(wrap(text, 2, 48), wanted);
        let narrow = "/send                sends what was\n  entered while away";
        assert_eq!(wrap(text, 2, 38), narrow);
        let narrower = "/send\n  sends what was entered\n  while away";
        assert_eq!(wrap(text, 2, 27), narrower);
    }

    #[test]
    fn two_blanks_alone_make_no_table() {
        let text = "one two three four five six seven  eight";
        let wanted = "one two three four five\n      six seven  eight";
        assert_eq!(wrap(text, 6, 30), wanted);
    }

    #[test]
    fn where_there_is_no_room_the_terminal_breaks_it() {
        let text = "one two three four five six seven";
        assert_eq!(wrap(text, 10, 20), text);
    }
}
