//! Output of a command: text for people, JSON for programs, and what could not be done. Places are opened before there
//! is anything to write; what fails in the end is told when all the rest is out.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use wac_settings::Problems;

use crate::report::files::Place;
use crate::result::verdict::Exit;

/// Where a result goes.
pub(super) struct Output {
    json: Option<Json>,
}

/// Where its JSON goes.
enum Json {
    /// The text makes way, to standard error.
    Stdout,
    File(Place),
}

impl Output {
    /// Opens the place of the JSON, if one is given: `-` is standard output.
    ///
    /// # Errors
    /// That it can't be written.
    pub(super) fn open(json: Option<&Path>) -> anyhow::Result<Self> {
        let json = json.map(|path| match path.to_str() {
            Some("-") => Ok(Json::Stdout),
            _ => Place::open(path).map(Json::File),
        });
        Ok(Self {
            json: json.transpose()?,
        })
    }

    /// Prints text.
    ///
    /// # Errors
    /// [`Closed`]; or the system's.
    pub(super) fn text(&self, text: &str) -> anyhow::Result<()> {
        match self.json {
            Some(Json::Stdout) => print(io::stderr(), text.as_bytes()),
            _ => print(io::stdout(), text.as_bytes()),
        }
    }

    /// Shows a result everywhere, and returns how the program ends.
    pub(super) fn finish(self, text: &str, value: &impl Serialize, exit: Exit) -> Exit {
        let shown = self.text(text);
        let exit = settled(self.json(value), exit);
        settled(shown, exit)
    }

    fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        let Some(json) = self.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(value)? + "\n";
        match json {
            Json::Stdout => print(io::stdout(), text.as_bytes()),
            Json::File(place) => place.write(&text),
        }
    }
}

/// Nobody reads the output any more.
#[derive(Debug, thiserror::Error)]
#[error("the output is closed")]
pub(super) struct Closed;

/// Writes all of it.
///
/// # Errors
/// [`Closed`]; or the system's.
pub(super) fn print(mut to: impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => written.context("cannot write the result"),
    }
}

/// Tells what could not be written. A result that was to pass does not; that nobody reads it is no failure.
pub(super) fn settled(written: anyhow::Result<()>, exit: Exit) -> Exit {
    match written {
        Err(error) if !error.is::<Closed>() => {
            tell(&error);
            if exit == Exit::Pass {
                Exit::Internal
            } else {
                exit
            }
        }
        _ => exit,
    }
}

/// Tells an error on standard error, each of its causes once: some errors name theirs themselves.
pub(super) fn tell(error: &anyhow::Error) {
    let causes = error.chain().skip(1).map(ToString::to_string);
    let text = causes.fold(error.to_string(), |text, cause| {
        if text.contains(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    });
    let text = if error.is::<Problems>() {
        text.replace('\n', "\nwac-loadgen: ")
    } else {
        text
    };
    // Where else could it be told that this can't be written?
    let _ = writeln!(io::stderr(), "wac-loadgen: {text}");
}

/// A rate as it is typed: `20/s`, `0.156/s`.
pub(super) fn rate(rate: f64) -> String {
    format!("{rate}/s")
}

/// Why, and what to do instead. It ends the program as a wrong command line does.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);
