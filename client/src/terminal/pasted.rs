//! Pasted text: text from elsewhere that comes in one piece, made fit for the row.

use crate::protocol::text::plain_lines;

/// Most bytes: 1 MiB, more than anyone says. The rest is dropped.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Most lines. The editor counts rows in 16 bits.
pub(super) const MAX_LINES: usize = 10_000;

/// A text whose lines end in `\n`, without anything that a terminal would obey.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pasted {
    pub(super) text: String,
    /// It was too long, and has lost its end.
    pub(super) is_cut: bool,
}

impl Pasted {
    /// Takes bytes in whatever encoding; what is not UTF-8 becomes U+FFFD.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BYTES)]);
        let mut text = plain_lines(&text.replace("\r\n", "\n").replace('\r', "\n"));
        let end = text.match_indices('\n').nth(MAX_LINES).map(|(end, _)| end);
        if let Some(end) = end {
            text.truncate(end);
        }
        let is_cut = end.is_some() || bytes.len() > MAX_BYTES;
        Self { text, is_cut }
    }
}
