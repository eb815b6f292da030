//! Line reader: reads a connection without ever pausing, and passes its lines on.

use std::io::{ErrorKind, Read};

use wac_core::MAX_SERVER_LINE_BYTES;

/// Size of the read buffer.
const READ_BYTES: usize = 64 * 1024;

/// Reads until the connection ends. Returns the system's error, or `None` if it was closed in
/// order.
pub(crate) fn read(mut connection: impl Read, mut tell: impl FnMut(&str)) -> Option<String> {
    let mut buffer = [0; READ_BYTES];
    let mut decoder = LineDecoder::default();
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => return None,
            Ok(count) => decoder.feed(&buffer[..count], &mut tell),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Some(error.to_string()),
        }
    }
}

/// Cuts a byte stream into lines. Holds at most one line (`MAX_SERVER_LINE_BYTES`).
///
/// A line longer than the protocol allows is split into pieces, and invalid UTF-8 is replaced:
/// nothing is left out.
#[derive(Debug, Default)]
pub(crate) struct LineDecoder {
    partial: Vec<u8>,
}

impl LineDecoder {
    pub(crate) fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        for &byte in bytes {
            match byte {
                b'\n' => self.end(&mut line),
                _ => self.partial.push(byte),
            }
            if self.partial.len() == MAX_SERVER_LINE_BYTES {
                self.end(&mut line);
            }
        }
    }

    fn end(&mut self, line: &mut impl FnMut(&str)) {
        let bytes = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        line(&String::from_utf8_lossy(bytes));
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        assert_eq!(read(bytes, |line| lines.push(line.to_owned())), None);
        lines
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        assert_eq!(lines(b"one\r\ntwo\n\r\nunfinished"), ["one", "two", ""]);
    }

    #[test]
    fn any_split_of_the_stream_gives_the_same_lines() {
        let (mut decoder, mut cut) = (LineDecoder::default(), Vec::new());
        for byte in "Zoë: hi\r\nBob: ho\r\n".bytes() {
            decoder.feed(&[byte], |line| cut.push(line.to_owned()));
        }
        assert_eq!(cut, ["Zoë: hi", "Bob: ho"]);
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces() {
        let pieces = lines(&[b'x'; 2 * MAX_SERVER_LINE_BYTES + 1]);
        assert_eq!(pieces.len(), 2);
        assert!(
            pieces
                .iter()
                .all(|piece| piece.len() == MAX_SERVER_LINE_BYTES)
        );
    }

    #[test]
    fn what_is_no_utf8_is_replaced() {
        assert_eq!(lines(b"a\xffb\n"), ["a\u{fffd}b"]);
    }
}
