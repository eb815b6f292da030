//! Text files as people and their editors leave them: with a byte order mark or without, with either
//! line ending, with an end to the last line or without.

use std::error::Error;
use std::fmt;

use crate::other_protocols::without_byte_order_mark;

/// The reason why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotText {
    /// They begin with a byte order mark of UTF-16.
    Utf16,
    /// They are not UTF-8 at this place; lines and their bytes are counted from 1. The byte itself may be part of
    /// a secret.
    NotUtf8 {
        /// The line.
        line: usize,
        /// The byte of the line.
        byte: usize,
    },
}

/// Returns the text of a file, without its byte order mark.
///
/// # Errors
/// [`NotText`], if it is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, NotText> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NotText::Utf16);
    }
    let bytes = without_byte_order_mark(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        NotText::NotUtf8 {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            byte: before.len() - line_start + 1,
        }
    })
}

/// Returns the lines of a text, without their endings; the last one may have half of its ending, or none.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16 => f.write_str("it is UTF-16; save it as UTF-8"),
            Self::NotUtf8 { line, byte } => write!(
                f,
                "line {line}, byte {byte} is not UTF-8; save it as UTF-8 (if it is Latin-1: iconv -f latin1 -t utf-8)"
            ),
        }
    }
}

impl Error for NotText {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode(b"\xef\xbb\xbfhi\n"), Ok("hi\n"));
        assert_eq!(decode(b""), Ok(""));
    }

    #[test]
    fn what_is_no_utf8_is_found_by_its_line_and_byte() {
        let not_utf8 = |line, byte| Err(NotText::NotUtf8 { line, byte });
        assert_eq!(decode(b"caf\xe9\n"), not_utf8(1, 4));
        assert_eq!(
            decode(b"\xef\xbb\xbfone\r\ntwo\n\n\xc3\xa9\xe9"),
            not_utf8(4, 3)
        );
        assert_eq!(decode(b"one\ntwo \xc3"), not_utf8(2, 5));
        assert_eq!(decode(b"\xff\xfeh\0i\0"), Err(NotText::Utf16));
    }

    #[test]
    fn lines_end_in_any_way() {
        let all = |text| lines(text).collect::<Vec<_>>();
        assert_eq!(all("one\ntwo\r\n\r\nthree"), ["one", "two", "", "three"]);
        assert_eq!(all("one\r\ntwo\r"), ["one", "two"]);
        assert_eq!(all("one\n"), ["one"]);
    }
}
