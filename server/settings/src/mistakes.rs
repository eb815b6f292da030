//! Mistakes: what clap says about a value, in the words of a file.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Entry, Program, is_switch, takes_list};

impl Program {
    /// Returns what is wrong with an entry.
    pub(super) fn mistake(&self, entry: &Entry) -> Option<String> {
        let why = match self.key(&entry.key) {
            None => self.unknown(&entry.key),
            Some(arg) if !takes_list(arg) && entry.texts.len() != 1 => {
                "takes one value, not a list".to_owned()
            }
            Some(arg) if is_switch(arg) => {
                let text = &entry.texts[0];
                let is_word = ["true", "false"].contains(&text.as_str());
                (!is_word).then(|| format!("invalid value '{text}', expected true or false"))?
            }
            Some(_) => self.refusal(entry)?,
        };
        Some(on_one_line(&format!("{}: {why}", entry.place())))
    }

    fn unknown(&self, key: &str) -> String {
        let error = self.parse(vec![format!("--{key}")]).err();
        let similar = error.and_then(|error| match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(flag)) => {
                self.key(flag.trim_start_matches('-')).map(super::key)
            }
            _ => None,
        });
        match similar {
            Some(similar) => format!("there is no such key; did you mean '{similar}'?"),
            None => "there is no such key".to_owned(),
        }
    }

    /// Returns why clap refuses a value.
    fn refusal(&self, entry: &Entry) -> Option<String> {
        let flag = |text: &String| format!("--{}={text}", entry.key);
        let error = self.parse(entry.texts.iter().map(flag).collect()).err()?;
        let expected = match error.kind() {
            ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(words)) => format!("expected {}", one_of(words)),
                _ => "expected a value".to_owned(),
            },
            ErrorKind::ValueValidation => std::error::Error::source(&error)?.to_string(),
            ErrorKind::InvalidUtf8 => "expected UTF-8".to_owned(),
            // An argument that a whole command line must have; another that would rule it out.
            _ => return None,
        };
        let is_secret = self.secrets.contains(&entry.key.as_str());
        let found = match error.get(ContextKind::InvalidValue) {
            Some(ContextValue::String(found)) if !is_secret => format!(" '{found}'"),
            _ => String::new(),
        };
        Some(if expected.starts_with("expected") {
            format!("invalid value{found}, {expected}")
        } else if is_secret {
            "invalid value".to_owned()
        } else {
            // Such words name the value themselves.
            expected
        })
    }

    fn parse(&self, flags: Vec<String>) -> Result<(), clap::Error> {
        let table: Command = self.table().clone();
        let words = [table.get_name().to_owned()].into_iter().chain(flags);
        table.try_get_matches_from(words).map(drop)
    }
}

/// Escapes control characters: a key or value that is quoted neither breaks the line nor is obeyed by a terminal.
pub(super) fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

fn one_of(words: &[String]) -> String {
    match words {
        [words @ .., last] if !words.is_empty() => format!("{} or {last}", words.join(", ")),
        _ => words.concat(),
    }
}
