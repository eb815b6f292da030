//! Settings file: keys with values, and profiles, which are tables of them.
//!
//! ```toml
//! name = "ann"
//!
//! [profile.work]
//! host = "chat.work.example"
//! ```

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistakes::on_one_line;
use super::{Entry, Origin, Program};

const PROFILE: &str = "profile";
/// Most bytes of a file: 1 MiB. A device may have no end.
const MOST_BYTES: u64 = 1024 * 1024;
const WANTED: &str = "expected a text in quotes, a list of them, a number, true or false";

/// The content of a file.
#[derive(Debug, Default)]
pub struct File {
    /// The path, as it was given.
    pub path: String,
    profiles: Vec<String>,
    /// The entries, each with the profile it stands in; in the order of the lines of each.
    entries: Vec<(Option<String>, Entry)>,
}

impl File {
    /// Reads a file; `None` if it is not there, which is a mistake only if it must be. Adds the mistakes, each with its
    /// line, to `problems`.
    pub fn open(path: &Path, must_exist: bool, problems: &mut Vec<String>) -> Option<Self> {
        let shown = path.display().to_string();
        match text_of(path) {
            Ok(text) => return Some(Self::read(&shown, &text, problems)),
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => {}
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
            profiles: Vec::new(),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let begin = error.span().map_or(0, |span| span.start);
            reader.tell(begin, error.message());
        }
        let mut entries = Vec::new();
        if errors.is_empty() {
            reader.table(None, table.get_ref(), &mut entries);
        }
        entries.sort_by_key(|(_, at, _)| *at);
        let entries = entries
            .into_iter()
            .map(|(profile, _, entry)| (profile, entry));
        Self {
            path: path.to_owned(),
            profiles: reader.profiles,
            entries: entries.collect(),
        }
    }

    /// Returns the layers, the highest first: the selected profile, and what stands outside the profiles. There is
    /// a problem if the profile is missing, and for each mistake in another.
    pub fn layers(
        self,
        profile: Option<&str>,
        program: &Program,
        problems: &mut Vec<String>,
    ) -> Vec<Vec<Entry>> {
        let mut layers = [Vec::new(), Vec::new()];
        if let Some(wanted) = profile.filter(|name| !self.profiles.iter().any(|it| it == name)) {
            problems.push(self.missing(wanted));
        }
        for (name, entry) in self.entries {
            match name {
                None => layers[1].push(entry),
                Some(name) if Some(&*name) == profile => layers[0].push(entry),
                Some(_) => problems.extend(program.mistake(&entry)),
            }
        }
        layers.into()
    }

    fn missing(&self, profile: &str) -> String {
        if self.path.is_empty() {
            return format!("there is no [profile.{profile}]: there is no file");
        }
        let there_are = match self.profiles.join(", ") {
            names if names.is_empty() => "none".to_owned(),
            names => names,
        };
        let path = &self.path;
        let problem = format!("{path}: there is no [profile.{profile}]; there are {there_are}");
        on_one_line(&problem)
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    let bytes = file.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if bytes as u64 > MOST_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    problems: &'a mut Vec<String>,
    profiles: Vec<String>,
}

impl Reader<'_> {
    /// Reads the entries of a table, each with where it stands.
    fn table(
        &mut self,
        profile: Option<&str>,
        table: &DeTable<'_>,
        entries: &mut Vec<(Option<String>, usize, Entry)>,
    ) {
        for (key, value) in table {
            let at = value.span().start;
            let (key, texts) = (&**key.get_ref(), self.texts(value));
            match (value.get_ref(), texts) {
                (DeValue::Table(inner), _) if profile.is_none() && key == PROFILE => {
                    self.table(Some(PROFILE), inner, entries);
                }
                (DeValue::Table(inner), _) if profile == Some(PROFILE) => {
                    self.profiles.push(key.to_owned());
                    self.table(Some(key), inner, entries);
                }
                (_, Some(texts)) if profile != Some(PROFILE) => {
                    let (key, origin) = (key.to_owned(), Origin::Line(self.place(at)));
                    let entry = Entry { key, texts, origin };
                    entries.push((profile.map(str::to_owned), at, entry));
                }
                _ => self.tell(at, &format!("{key}: {WANTED}")),
            }
        }
    }

    fn texts(&self, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.scalar(item)).collect(),
            _ => self.scalar(value).map(|text| vec![text]),
        }
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

    fn tell(&mut self, at: usize, problem: &str) {
        let place = self.place(at);
        let problem = on_one_line(&format!("{place}: {problem}"));
        self.problems.push(problem);
    }

    fn place(&self, at: usize) -> String {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", self.path)
    }
}
