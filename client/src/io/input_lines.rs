//! Lines of standard input, without the byte order mark that some editors begin a text with. A line too long to be sent
//! is never held in memory as a whole.

use std::io::{self, BufRead, Read};

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::other_protocols::without_byte_order_mark;

use crate::app::event::InputError;

/// Longest line held in memory: twice what can be sent.
const MAX_BYTES: usize = 2 * MAX_CLIENT_LINE_BYTES;

/// An input, read line by line.
#[derive(Debug)]
pub(crate) struct InputLines<R> {
    input: R,
    /// The number of lines read.
    lines: u64,
}

impl<R: BufRead> InputLines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, lines: 0 }
    }

    /// Reads the next line, without its line ending, or why it cannot be used; `None` at the end of
    /// the input.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<String, InputError>>> {
        let mut line = Vec::new();
        let mut limited = self.input.by_ref().take(MAX_BYTES as u64);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.lines += 1;
        if line.len() == MAX_BYTES && !line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Err(InputError::TooLong)));
        }
        let text = match self.lines {
            1 => without_byte_order_mark(&line),
            _ => &line,
        };
        let text = std::str::from_utf8(text).map_err(|_| InputError::NotUtf8);
        Ok(Some(text.map(|text| {
            text.trim_end_matches(['\n', '\r']).to_owned()
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_without_a_byte_order_mark_and_the_last_needs_no_end() {
        let mut input = InputLines::new(&b"\xef\xbb\xbfone\r\n\xff\n\ntwo"[..]);
        let mut next = || input.next().unwrap();
        assert_eq!(next(), Some(Ok("one".into())));
        assert_eq!(next(), Some(Err(InputError::NotUtf8)));
        assert_eq!(next(), Some(Ok(String::new())));
        assert_eq!(next(), Some(Ok("two".into())));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_to_its_end() {
        let longest = "x".repeat(MAX_BYTES - 1);
        let text = format!("{longest}\n{longest}xx\n{}\nnext\n", longest.repeat(10));
        let mut input = InputLines::new(text.as_bytes());
        let mut next = || input.next().unwrap();
        assert_eq!(next(), Some(Ok(longest.clone())));
        assert_eq!(next(), Some(Err(InputError::TooLong)));
        assert_eq!(next(), Some(Err(InputError::TooLong)));
        assert_eq!(next(), Some(Ok("next".into())));
    }
}
