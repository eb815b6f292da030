//! Lines of standard input. A line too long to be sent is never held in memory as a whole.

use std::io::{self, BufRead, Read};

use wac_core::MAX_CLIENT_LINE_BYTES;

use crate::app::event::InputError;

/// Longest line held in memory: twice what can be sent.
const MAX_BYTES: usize = 2 * MAX_CLIENT_LINE_BYTES;

/// Reads the next line, without its line ending, or why it cannot be used; `None` at the end of the
/// input.
///
/// # Errors
/// The input cannot be read.
pub(crate) fn next_line(
    input: &mut impl BufRead,
) -> io::Result<Option<Result<String, InputError>>> {
    let mut line = Vec::new();
    let limit = MAX_BYTES as u64;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == MAX_BYTES && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(InputError::TooLong)));
    }
    let text = String::from_utf8(line).map_err(|_| InputError::NotUtf8);
    Ok(Some(text.map(without_end)))
}

fn without_end(mut line: String) -> String {
    line.truncate(line.trim_end_matches(['\n', '\r']).len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_the_last_needs_no_end() {
        let mut input = &b"one\r\n\xff\n\ntwo"[..];
        let mut next = || next_line(&mut input).unwrap();
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
        let mut input = text.as_bytes();
        let mut next = || next_line(&mut input).unwrap();
        assert_eq!(next(), Some(Ok(longest.clone())));
        assert_eq!(next(), Some(Err(InputError::TooLong)));
        assert_eq!(next(), Some(Err(InputError::TooLong)));
        assert_eq!(next(), Some(Ok("next".into())));
    }
}
