//! Rendering: turns text from the wire into text that a terminal shows but never obeys.

pub(crate) mod colors;
pub(crate) mod log;
pub(crate) mod plain;
pub(crate) mod screen;
mod stamp;
mod wrap;

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;
use wac_core::text::is_removed;

/// Most combining marks on one letter: twice the four that the scripts with most marks use (Hebrew
/// with cantillation, Tibetan; Vietnamese uses two).
const MAX_MARKS: usize = 8;

/// Joins the emoji around it.
const JOINER: char = '\u{200D}';

/// Replacement of a TAB, which would move the cursor.
const TAB: &str = "    ";

/// Returns the text as it may be written to a terminal or a file: C0 control characters as `^[`, C1
/// and bidirectional controls as `<U+202E>`. Excess combining marks are dropped, and joiners that join
/// nothing: `tmux` would join them to a sign that it draws next.
pub(crate) fn sanitize(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut marks, mut is_joined) = (0, false);
    for c in text.chars() {
        if c == JOINER {
            is_joined = true;
            continue;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks <= MAX_MARKS {
            if is_joined && !c.is_ascii() && !is_named(c) {
                shown.push(JOINER);
            }
            push(c, &mut shown);
        }
        is_joined = false;
    }
    shown
}

fn push(c: char, shown: &mut String) {
    match c {
        '\t' => shown.push_str(TAB),
        '\u{0}'..='\u{1F}' | '\u{7F}' => shown.extend(['^', caret(c)]),
        _ if is_named(c) => {
            let _ = write!(shown, "<U+{:04X}>", u32::from(c));
        }
        _ => shown.push(c),
    }
}

/// Returns whether the code point of a character beyond ASCII is shown in its place.
fn is_named(c: char) -> bool {
    is_removed(c) || turns_direction(c)
}

/// Returns the letter typed with Ctrl for a C0 character; `?` for DEL.
fn caret(c: char) -> char {
    char::from((u32::from(c) as u8) ^ 0x40)
}

/// Returns whether a character is a direction mark that the protocol permits, because some scripts
/// need it.
fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
    )
}

fn is_mark(c: char) -> bool {
    !c.is_control() && c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joiner_that_joins_nothing_is_dropped() {
        assert_eq!(sanitize("👩\u{200d}👧 x"), "👩\u{200d}👧 x");
        for (text, shown) in [
            ("👩\u{200d}", "👩"),
            ("a\u{200d}b", "ab"),
            ("\u{200d}\u{200d}", ""),
            ("👩\u{200d}\u{202e}👧", "👩<U+202E>👧"),
        ] {
            assert_eq!(sanitize(text), shown, "{text:?}");
        }
    }

    #[test]
    fn text_of_any_script_passes_as_it_is() {
        for text in ["hello", "Zoë", "中文", "שלום", "👩‍👩‍👧 👍🏽", "नमस्ते"]
        {
            assert_eq!(sanitize(text), text);
        }
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(sanitize("\u{1b}]0;owned\u{7}\0\u{7f}"), "^[]0;owned^G^@^?");
        assert_eq!(sanitize("\u{9b}2J"), "<U+009B>2J");
        assert_eq!(sanitize("a\tb\rc\nd"), "a    b^Mc^Jd");
    }

    #[test]
    fn what_turns_the_direction_is_named() {
        assert_eq!(
            sanitize("\u{202e}gpj.exe\u{2066}\u{200f}"),
            "<U+202E>gpj.exe<U+2066><U+200F>"
        );
    }

    #[test]
    fn marks_do_not_pile_up() {
        let pile = format!("a{}b", "\u{301}".repeat(10_000));
        assert_eq!(
            sanitize(&pile),
            format!("a{}b", "\u{301}".repeat(MAX_MARKS))
        );
    }

    #[test]
    fn no_character_at_all_leaves_a_control_behind() {
        for c in '\0'..=char::MAX {
            let shown = sanitize(&c.to_string());
            assert!(!shown.chars().any(is_removed), "{c:?}: {shown:?}");
        }
    }
}
