//! Output of a command: text for people, JSON for programs, and why it can't be done.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

/// The JSON goes to standard output: the text makes way.
pub(super) fn is_stdout(json: Option<&Path>) -> bool {
    json == Some(Path::new("-"))
}

/// Prints text on standard output or, where the JSON goes there, on standard error.
///
/// # Errors
/// The system's.
pub(super) fn text(text: &str, json: Option<&Path>) -> anyhow::Result<()> {
    let written = if is_stdout(json) {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    written.context("cannot write the result")
}

/// Writes the JSON to where it was asked for, if it was.
///
/// # Errors
/// The system's.
pub(super) fn json(value: &impl Serialize, to: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = to else { return Ok(()) };
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    if is_stdout(to) {
        io::stdout()
            .write_all(&text)
            .context("cannot write the JSON")
    } else {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A rate as it is typed: `20/s`, `0.156/s`.
pub(super) fn rate(rate: f64) -> String {
    format!("{rate}/s")
}

/// Why, and what to do instead. It ends the program as a wrong command line does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);
