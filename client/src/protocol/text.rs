//! Text from elsewhere: a paste, a file, the output of a program.

use anstream::adapter::strip_str;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use wac_core::name::Folded;
use wac_core::text::clean;

/// Removes escape sequences whole, and every other character that a terminal would obey: of
/// `\x1b[31mred` stays `red`, not `[31mred`.
pub(crate) fn plain(text: &str) -> String {
    // A sequence may begin with a single character of C1, which stands for ESC and a letter.
    let text: String = text.chars().flat_map(spelled_out).collect();
    clean(&strip_str(&text).to_string()).into_owned()
}

/// Makes each line of a text [`plain`].
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    lines.join("\n")
}

/// Returns a name as it is searched for: in lower case and without accents, which no two people in a
/// room differ by.
pub(crate) fn bare(name: &str) -> String {
    let folded = Folded::of(name);
    let parts = folded.as_str().nfd();
    parts.filter(|&c| !is_combining_mark(c)).collect()
}

fn spelled_out(c: char) -> impl Iterator<Item = char> {
    let letter = match c {
        '\u{80}'..='\u{9f}' => char::from_u32(u32::from(c) - 0x40),
        _ => None,
    };
    let first = letter.map_or(c, |_| '\x1b');
    [first].into_iter().chain(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_script_stays_as_it_is() {
        for text in ["hello", " a\tb ", "Zoë 中文 שלום 👩‍👩‍👧", "[31m", "\\e[0m"]
        {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn escape_sequences_are_taken_out_whole() {
        for sequence in [
            "\x1b[0m",
            "\x1b[38;5;1m",
            "\x1b[?25l",
            "\x1b]0;title\x07",
            "\x1b]8;;http://x\x1b\\",
            "\x1bPq\x1b\\",
            "\x1b(B",
            "\x1bc",
            "\u{9b}2J",
            "\u{9d}0;title\u{9c}",
        ] {
            assert_eq!(plain(&format!("x{sequence}Y")), "xY", "{sequence:?}");
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_stays() {
        assert_eq!(plain("a\x07b\x08c\x0ed\u{202e}e\x7ff\0\x1b"), "abcdef");
    }
}
