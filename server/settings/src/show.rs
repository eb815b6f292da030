//! Settings as text that is a settings file: those in effect with their origins, and a commented file of all.

use std::fmt;

use clap::Arg;

use super::{Loaded, Program, Setting, is_switch, takes_list};

/// The width of comments.
const COLUMNS: usize = 100;

/// Writes every setting with its origin; never a secret.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.iter().try_for_each(|setting| setting.fmt(f))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, origin) = (&self.entry.key, &self.entry.origin);
        match self.value() {
            None => writeln!(f, "# {key} is not set"),
            Some(_) if self.is_secret => writeln!(f, "# {key} is set, and not shown: {origin}"),
            Some(value) => writeln!(f, "{:<40} # {origin}", format!("{key} = {value}")),
        }
    }
}

impl Setting {
    /// Returns the value as the file has it.
    pub fn value(&self) -> Option<String> {
        let texts = &self.entry.texts;
        let is_set =
            !texts.is_empty() || (self.takes_list && self.entry.origin != super::Origin::Default);
        is_set.then(|| value(texts, self.takes_list))
    }
}

impl Program {
    /// Returns a settings file that holds every key at its default, commented out.
    pub fn sample(&self) -> String {
        self.keys().map(|arg| self.described(arg)).collect()
    }

    fn described(&self, arg: &Arg) -> String {
        let help = arg.get_long_help().or(arg.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let comment: String = wrap(&help)
            .iter()
            .map(|line| format!("# {line}\n"))
            .collect();
        let defaults = arg.get_default_values().iter();
        let mut texts: Vec<String> = defaults
            .map(|text| text.to_string_lossy().into_owned())
            .collect();
        if let (Some(delimiter), [list]) = (arg.get_value_delimiter(), &texts[..]) {
            texts = list.split(delimiter).map(str::to_owned).collect();
        }
        if texts.is_empty() {
            let names = arg.get_value_names().unwrap_or_default();
            texts = names.iter().map(ToString::to_string).collect();
        }
        if is_switch(arg) {
            texts = vec!["false".to_owned()];
        }
        let value = value(&texts, takes_list(arg));
        format!("{comment}#{} = {value}\n\n", super::key(arg))
    }
}

/// Returns texts as the file has them: a list, a number, true or false, or a text in quotes.
fn value(texts: &[String], takes_list: bool) -> String {
    let quoted = |text: &String| toml::Value::from(text.as_str()).to_string();
    match texts {
        [text] if !takes_list && is_bare(text) => text.clone(),
        [text] if !takes_list => quoted(text),
        _ => format!(
            "[{}]",
            texts.iter().map(quoted).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn is_bare(text: &str) -> bool {
    let is_number = text
        .parse::<u32>()
        .is_ok_and(|number| number.to_string() == text);
    is_number || ["true", "false"].contains(&text)
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
