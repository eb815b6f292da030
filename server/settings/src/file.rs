//! Settings file: keys with values, and profiles, which are tables of them.
//!
//! ```toml
//! name = "ann"
//!
//! [profile.work]
//! host = "chat.work.example"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Origin};

const PROFILE: &str = "profile";
const WANTED: &str = "expected a text in quotes, a list of them, a number, true or false";

/// The content of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The path, as it was given.
    pub path: String,
    /// The entries outside the profiles.
    pub entries: Vec<Entry>,
    /// The entries of each profile.
    pub profiles: BTreeMap<String, Vec<Entry>>,
}

impl File {
    /// Reads a file; `None` if it is not there. Adds its mistakes, each with its line, to `problems`.
    pub fn open(path: &Path, problems: &mut Vec<String>) -> Option<Self> {
        let shown = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => return Some(Self::read(&shown, &text, problems)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => problems.push(format!("{shown}: {error}")),
        }
        None
    }

    /// Parses a text.
    pub fn read(path: &str, text: &str, problems: &mut Vec<String>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader {
            path,
            text,
            problems,
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return reader.file(table.get_ref());
        }
        for error in errors {
            let begin = error.span().map_or(0, |span| span.start);
            reader.tell(begin, error.message());
        }
        Self::default()
    }

    /// Takes out the layers, the highest first: the selected profile, and what stands outside the profiles. There is
    /// a problem if the profile is missing. The other profiles stay.
    pub fn take_layers(
        &mut self,
        profile: Option<&str>,
        problems: &mut Vec<String>,
    ) -> Vec<Vec<Entry>> {
        let mut layers = Vec::new();
        if let Some(name) = profile {
            match self.profiles.remove(name) {
                Some(profile) => layers.push(profile),
                None => problems.push(self.missing(name)),
            }
        }
        layers.push(std::mem::take(&mut self.entries));
        layers
    }

    fn missing(&self, profile: &str) -> String {
        let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
        let there_are = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        let path = if self.path.is_empty() {
            "no file"
        } else {
            &self.path
        };
        format!("{path}: there is no [profile.{profile}]; there are {there_are}")
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File {
            path: self.path.to_owned(),
            ..File::default()
        };
        let mut entries = Vec::new();
        for (key, value) in table {
            match (&**key.get_ref(), value.get_ref()) {
                (PROFILE, DeValue::Table(profiles)) => self.profiles(profiles, &mut file),
                (key, _) => entries.extend(self.entry(key, value)),
            }
        }
        file.entries = in_order(entries);
        file
    }

    fn profiles(&mut self, profiles: &DeTable<'_>, file: &mut File) {
        for (name, profile) in profiles {
            let Some(table) = profile.get_ref().as_table() else {
                let found = self.found(profile);
                let key = format!("profile.{}", name.get_ref());
                self.tell(
                    profile.span().start,
                    &format!("{key}: found {found}, expected a table"),
                );
                continue;
            };
            let entries = table
                .iter()
                .filter_map(|(key, value)| self.entry(key.get_ref(), value));
            let entries = in_order(entries.collect());
            file.profiles.insert(name.get_ref().to_string(), entries);
        }
    }

    /// Returns an entry, and where it stands.
    fn entry(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<(usize, Entry)> {
        let texts = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.scalar(item)).collect(),
            _ => self.scalar(value).map(|text| vec![text]),
        };
        let at = value.span().start;
        let Some(texts) = texts else {
            let found = self.found(value);
            self.tell(at, &format!("{key}: found {found}, {WANTED}"));
            return None;
        };
        let (key, origin) = (key.to_owned(), Origin::Line(self.place(at)));
        Some((at, Entry { key, texts, origin }))
    }

    /// Returns a single value as a flag would have it.
    fn scalar(&self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) => {
                Some(self.text[value.span()].replace('_', ""))
            }
            DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => None,
        }
    }

    /// Returns the kind of a value, which may be long or a secret.
    fn found(&self, value: &Spanned<DeValue<'_>>) -> &'static str {
        match value.get_ref() {
            DeValue::Array(_) => "a list of lists or tables",
            DeValue::Table(_) => "a table",
            DeValue::Datetime(_) => "a date",
            _ => "a value",
        }
    }

    fn tell(&mut self, at: usize, problem: &str) {
        let place = self.place(at);
        self.problems.push(format!("{place}: {problem}"));
    }

    fn place(&self, at: usize) -> String {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", self.path)
    }
}

fn in_order(mut entries: Vec<(usize, Entry)>) -> Vec<Entry> {
    entries.sort_by_key(|(at, _)| *at);
    entries.into_iter().map(|(_, entry)| entry).collect()
}
