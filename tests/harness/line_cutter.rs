//! Line cutter of a peer: cuts the bytes from the server into lines, and checks each line against the protocol.

use std::io::BufRead;

/// The longest line a server may send, its ending included: 4,352 bytes.
pub const MAX_LINE_BYTES: usize = 4352;

/// Received bytes that have not been handed out yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// The number of bytes at the front that were handed out, in `0..=bytes.len()`.
    taken: usize,
}

impl Inbox {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next whole line, without its ending.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<&str> {
        let waiting = &self.bytes[self.taken..];
        let length = { waiting }.skip_until(b'\n').expect("a slice can be read");
        let line = &waiting[..length];
        assert!(
            length <= MAX_LINE_BYTES,
            "a line of more than {MAX_LINE_BYTES} bytes: {}",
            line.escape_ascii()
        );
        if line.last() != Some(&b'\n') {
            return None;
        }
        self.taken += length;
        Some(checked(line))
    }

    /// Returns everything up to the end of the first `needle`, as raw bytes.
    pub(crate) fn take_through(&mut self, needle: &[u8]) -> Option<Vec<u8>> {
        let waiting = &self.bytes[self.taken..];
        let start = waiting
            .windows(needle.len())
            .position(|window| window == needle)?;
        let found = waiting[..start + needle.len()].to_vec();
        self.taken += found.len();
        Some(found)
    }

    /// Returns everything there is, as raw bytes.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        let all = self.bytes.split_off(self.taken);
        self.bytes.clear();
        self.taken = 0;
        all
    }
}

/// Returns a line's text after checking that it ends with CR LF and is UTF-8.
#[track_caller]
fn checked(line: &[u8]) -> &str {
    let Some(text) = line.strip_suffix(b"\r\n") else {
        panic!(
            "a line that does not end with CR LF: {}",
            line.escape_ascii()
        );
    };
    match str::from_utf8(text) {
        Ok(text) => text,
        Err(_) => panic!("a line that is not UTF-8: {}", line.escape_ascii()),
    }
}
