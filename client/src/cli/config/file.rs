//! Settings file.
//!
//! ```toml
//! name = "ann"
//!
//! [profile.work]
//! host = "chat.work.example"
//! ```

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Assignment;

/// The content of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    /// The assignments outside the profiles.
    pub(super) entries: Vec<Assignment>,
    /// The assignments of each profile.
    pub(super) profiles: BTreeMap<String, Vec<Assignment>>,
}

const PROFILE: &str = "profile";

/// Parses the text of a file; reports each mistake with its line.
pub(super) fn read(path: &str, text: &str, problems: &mut Vec<String>) -> File {
    let mut reader = TableReader {
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
    File::default()
}

struct TableReader<'a> {
    path: &'a str,
    text: &'a str,
    problems: &'a mut Vec<String>,
}

impl TableReader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match (&**key.get_ref(), value.get_ref()) {
                (PROFILE, DeValue::Table(profiles)) => self.profiles(profiles, &mut file),
                (key, _) => file.entries.extend(self.entry(key, value)),
            }
        }
        file
    }

    fn profiles(&mut self, profiles: &DeTable<'_>, file: &mut File) {
        for (name, profile) in profiles {
            let Some(table) = profile.get_ref().as_table() else {
                let found = self.found(profile);
                self.tell(
                    profile.span().start,
                    &format!("profile.{}: found {found}, wanted a table", name.get_ref()),
                );
                continue;
            };
            let entries = table
                .iter()
                .filter_map(|(key, value)| self.entry(key.get_ref(), value))
                .collect();
            file.profiles.insert(name.get_ref().to_string(), entries);
        }
    }

    fn entry(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Assignment> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Array(items) if items.iter().all(|item| item.get_ref().is_str()) => {
                let items: Vec<&str> = items
                    .iter()
                    .filter_map(|item| item.get_ref().as_str())
                    .collect();
                items.join(",")
            }
            _ => {
                let found = self.found(value);
                let wanted =
                    "wanted a text in quotes, a list of them, a whole number, true or false";
                self.tell(
                    value.span().start,
                    &format!("{key}: found {found}, {wanted}"),
                );
                return None;
            }
        };
        Some(Assignment {
            key: key.to_owned(),
            text,
            origin: self.place(value.span().start),
        })
    }

    /// Returns a value as the file has it, or its kind if it may be long.
    fn found(&self, value: &Spanned<DeValue<'_>>) -> String {
        match value.get_ref() {
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
            _ => self.text[value.span()].to_owned(),
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::cli::config) fn entry(key: &str, text: &str, origin: &str) -> Assignment {
        let [key, text, origin] = [key, text, origin].map(str::to_owned);
        Assignment { key, text, origin }
    }

    #[test]
    fn a_file_has_entries_and_profiles() {
        let text = "name = 'ann'\nreconnect = 5\n\n[profile.work]\nplain = true\nname = \"a\"\n";
        let mut problems = Vec::new();
        let file = read("f", text, &mut problems);
        assert_eq!(problems, [""; 0]);
        let entries = [entry("name", "ann", "f:1"), entry("reconnect", "5", "f:2")];
        assert_eq!(file.entries, entries);
        let work = [entry("name", "a", "f:6"), entry("plain", "true", "f:5")];
        assert_eq!(file.profiles["work"], work);
    }

    #[test]
    fn a_list_of_texts_is_a_value() {
        let mut problems = Vec::new();
        let file = read(
            "f",
            "mute = ['bob', \"eve\"]\nhighlight = []\n",
            &mut problems,
        );
        assert_eq!(problems, [""; 0]);
        let entries = [
            entry("highlight", "", "f:2"),
            entry("mute", "bob,eve", "f:1"),
        ];
        assert_eq!(file.entries, entries);
    }

    #[test]
    fn what_is_no_value_is_told_with_its_line() {
        let text = "name = [1,\n 2]\nhost = 1.5\nprofile = 3\n[color]\nx = 1\n";
        let mut problems = Vec::new();
        let file = read("f", text, &mut problems);
        problems.sort();
        let wanted = "wanted a text in quotes, a list of them, a whole number, true or false";
        assert_eq!(
            problems,
            [
                format!("f:1: name: found a list, {wanted}"),
                format!("f:3: host: found 1.5, {wanted}"),
                format!("f:5: color: found a table, {wanted}"),
            ]
        );
        assert_eq!(file.entries, [entry("profile", "3", "f:4")]);
    }

    #[test]
    fn every_mistake_of_spelling_is_told_with_its_line() {
        let mut problems = Vec::new();
        let file = read("f", "name = ann\n\nhost = \"home\n", &mut problems);
        assert_eq!(file, File::default());
        assert!(problems[0].starts_with("f:1: "), "{problems:?}");
        assert!(problems[1].starts_with("f:3: "), "{problems:?}");
    }
}
