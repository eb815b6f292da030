//! Other protocols on our port, recognised by the first line of a connection.
//!
//! A web page can make a browser send an HTTP request anywhere, with lines of the page's choice after
//! its first one. So the first line decides, before any is obeyed:
//!
//! | the first line | is foreign if it |
//! |---|---|
//! | has only begun | begins with a usual HTTP verb or as a TLS hello |
//! | is whole | ends in an HTTP version, too, and begins with no command |
//! | is too long | begins with no command |
//!
//! A person who mistypes the first command gets an ordinary refusal.

use crate::wire::command::COMMANDS;

/// The byte order mark that some Windows editors and shells put at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A first line, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The beginning of a line that may go on.
    Begun,
    /// A complete line.
    Whole,
    /// The beginning of a line that is too long.
    TooLong,
}

/// Tells whether a connection's first line belongs to another protocol.
pub fn is_foreign(line: &[u8], extent: Extent) -> bool {
    let line = without_byte_order_mark(line);
    begins_foreign(line)
        || match extent {
            Extent::Begun => false,
            Extent::Whole => ends_in_http_version(line) && !begins_with_command(line),
            Extent::TooLong => !begins_with_command(line),
        }
}

/// Strips bytes that may precede a connection's first command without being part of it.
pub fn without_byte_order_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
}

fn begins_foreign(line: &[u8]) -> bool {
    const FOREIGN: [&[u8]; 7] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"OPTIONS ",
        b"CONNECT ",
        &[0x16, 0x03],
    ];
    FOREIGN.iter().any(|beginning| line.starts_with(beginning))
}

fn ends_in_http_version(line: &[u8]) -> bool {
    words(line)
        .last()
        .and_then(|word| word.strip_prefix(b"HTTP/"))
        .is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit))
}

fn begins_with_command(line: &[u8]) -> bool {
    words(line).next().is_some_and(|word| {
        COMMANDS
            .iter()
            .any(|row| row.word.as_bytes().eq_ignore_ascii_case(word))
    })
}

fn words(line: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_clients_are_recognised_by_their_first_bytes() {
        for beginning in [&b"GET / HTTP/1.1"[..], &[0x16, 0x03, 0x01, 0x02]] {
            assert!(is_foreign(beginning, Extent::Begun));
        }
        for beginning in ["GET", "LIN GET ", "DELETE / HTTP/1.1"] {
            assert!(!is_foreign(beginning.as_bytes(), Extent::Begun));
        }
    }

    #[test]
    fn a_whole_request_line_is_recognised_by_its_end() {
        for line in [
            "DELETE /x HTTP/1.1\r",
            "PROPFIND / HTTP/1.0",
            "PRI * HTTP/2.0\r",
            "\u{feff}PATCH / HTTP/1.1",
        ] {
            assert!(is_foreign(line.as_bytes(), Extent::Whole), "{line}");
        }
        for line in ["MSG I speak HTTP/1.1", "delete me", "HTTP/", "", "hello"] {
            assert!(!is_foreign(line.as_bytes(), Extent::Whole), "{line}");
        }
    }

    #[test]
    fn an_overlong_first_line_is_ours_only_if_it_begins_with_a_command() {
        for (line, foreign) in [
            ("MSG hello ", false),
            ("  w bob hello ", false),
            ("\u{feff}lin x", false),
            ("MSGxxxxx", true),
            ("PURGE /xxxx", true),
            ("\0\u{1}xxxx", true),
        ] {
            assert_eq!(
                is_foreign(line.as_bytes(), Extent::TooLong),
                foreign,
                "{line}"
            );
        }
    }
}
