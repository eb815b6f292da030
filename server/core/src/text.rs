//! Text for people: cleaned of characters that a terminal would obey instead of show, cut, and numbers in groups.

use std::borrow::Cow;

/// Tells whether a character is removed from everything that others see: control characters
/// except TAB, bidirectional embeddings, overrides and isolates, line and paragraph separators,
/// and the invisible tag characters.
pub fn is_removed(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        '\u{2028}' | '\u{2029}' => true,
        '\u{E0000}'..='\u{E007F}' => true,
        _ => c.is_control(),
    }
}

/// Returns the text without the characters that [`is_removed`] names; the rest is unchanged.
///
/// # Cost
/// Allocates only if something is removed.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_removed) {
        Cow::Owned(text.chars().filter(|&c| !is_removed(c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns the part of a text that a refusal may echo: its first 32 characters.
pub fn cut(text: &str) -> &str {
    const ECHOED_CHARS: usize = 32;
    text.char_indices()
        .nth(ECHOED_CHARS)
        .map_or(text, |(end, _)| &text[..end])
}

/// Tells whether a text is empty or consists of blanks.
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Returns a number with its digits in groups of three: `57,012`.
pub fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_unchanged() {
        assert!(matches!(clean("hello, wörld\t👩‍👩‍👧 שלום"), Cow::Borrowed(_)));
    }

    #[test]
    fn characters_that_a_terminal_would_obey_are_removed() {
        assert_eq!(clean("a\u{1b}[2Jb\u{9b}c\0d\u{7f}"), "a[2Jbcd");
        assert_eq!(
            clean("\u{202e}gpj.exe\u{2066}x\u{2069}\u{2028}y\u{e0041}"),
            "gpj.exexy"
        );
    }

    #[test]
    fn an_echo_is_cut_to_32_characters() {
        assert_eq!(cut(&"ä".repeat(40)).chars().count(), 32);
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0, ','), "0");
        assert_eq!(grouped(999, ','), "999");
        assert_eq!(grouped(1_198_800, ' '), "1 198 800");
    }
}
