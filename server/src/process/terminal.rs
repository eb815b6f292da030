//! Terminal output. A line that can't be written (`2>/dev/full`, a closed pipe) is no reason to
//! fail: the exit code tells the outcome.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard output.
pub fn say(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes a text to standard output.
pub fn pass(text: &[u8]) {
    let _ = io::stdout().write_all(text);
}

/// Writes a line to standard error.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
