//! Settings of a program: the flags of its clap command, each of which is a key of a file and a variable of the
//! environment too. The command is the one table; nothing about a setting is said twice.
//!
//! ```text
//!  default < file < profile (a part of the file) < environment < flag
//! ```
//!
//! Each source but the flags is a layer of [entries](Entry). What no higher layer gives becomes the default of its
//! argument, so clap checks and converts every value in one way; mistakes are told all at once.

mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod mistakes;
mod show;

use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use clap::builder::StyledStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

pub use file::File;

/// The version, with the commit if one is known.
pub const VERSION: &str = env!("WAC_VERSION");
/// The version without the commit.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");
/// The commit, or `unknown`.
pub const COMMIT: &str = env!("WAC_BUILT_FROM");

/// A program, and which of its flags are settings.
#[derive(Debug, Clone)]
pub struct Program {
    command: Command,
    /// The subcommand that has every setting; without one, the command itself.
    table: Option<&'static str>,
    /// The beginning of each variable's name.
    prefix: &'static str,
    /// Long flags that are no settings.
    others: &'static [&'static str],
    /// Keys whose values are never shown.
    secrets: &'static [&'static str],
}

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// An argument.
    Flag(String),
    /// A variable.
    Variable(String),
    /// A line of a file.
    Line(String),
}

/// A value for a key, from a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key: the long name of a flag.
    pub key: String,
    /// The values; more than one only for a flag that may be repeated.
    pub texts: Vec<String>,
    /// The origin.
    pub origin: Origin,
}

/// A setting, with its value in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value, as an entry; without texts if it has none.
    pub entry: Entry,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    takes_list: bool,
}

/// The settings in effect.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What clap makes of them, for [`clap::FromArgMatches`].
    pub matches: ArgMatches,
    /// Every setting that the command has, in the order of its flags.
    pub settings: Vec<Setting>,
}

/// All mistakes in the settings, a line each.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

impl Program {
    /// Describes a program whose variables begin with `prefix`. The long flags of its `table` (a subcommand, or without
    /// one the command itself) are its settings, except for `others`; values of `secrets` are never shown.
    pub fn new(
        command: Command,
        table: Option<&'static str>,
        prefix: &'static str,
        others: &'static [&'static str],
        secrets: &'static [&'static str],
    ) -> Self {
        let mut program = Self {
            command,
            table,
            prefix,
            others,
            secrets,
        };
        let keys: Vec<String> = program.keys().map(key).collect();
        let named = |arg: Arg| match arg.get_long() {
            Some(long) if keys.iter().any(|key| key == long) => program.with_variable(arg),
            _ => arg,
        };
        program.command = mut_all_args(program.command.clone(), named);
        program
    }

    /// Names the variable in a flag's help.
    fn with_variable(&self, arg: Arg) -> Arg {
        let note = format!(" [env: {}]", self.variable(&key(&arg)));
        let noted = |help: &StyledStr| help.to_string() + &note;
        let (short, long) = (arg.get_help().map(noted), arg.get_long_help().map(noted));
        let arg = short.into_iter().fold(arg, Arg::help);
        long.into_iter().fold(arg, Arg::long_help)
    }

    /// Returns the command, which knows the variables.
    pub fn command(&self) -> &Command {
        &self.command
    }

    fn table(&self) -> &Command {
        let sub = self
            .table
            .and_then(|name| self.command.find_subcommand(name));
        sub.unwrap_or(&self.command)
    }

    /// Returns the arguments of the settings.
    pub fn keys(&self) -> impl Iterator<Item = &Arg> {
        self.table()
            .get_arguments()
            .filter(|arg| arg.get_long().is_some_and(|long| self.is_key(long)))
    }

    fn is_key(&self, long: &str) -> bool {
        !["help", "version"].contains(&long) && !self.others.contains(&long)
    }

    fn key(&self, key: &str) -> Option<&Arg> {
        self.keys().find(|arg| arg.get_long() == Some(key))
    }

    /// Returns the variable of a key: `WACD_LOG_FILE`.
    pub fn variable(&self, key: &str) -> String {
        let key = key.to_uppercase().replace('-', "_");
        format!("{}_{key}", self.prefix)
    }

    /// Returns the variables that are set; an empty one counts as unset.
    pub fn environment(&self, get: &dyn Fn(&str) -> Option<OsString>) -> Vec<Entry> {
        let entry = |arg: &Arg| {
            let variable = self.variable(arg.get_long()?);
            let text = get(&variable).filter(|text| !text.is_empty())?;
            let text = text.to_string_lossy();
            let texts = if takes_list(arg) {
                text.split(',').map(|text| text.trim().to_owned()).collect()
            } else {
                vec![text.into_owned()]
            };
            Some(Entry {
                key: key(arg),
                texts,
                origin: Origin::Variable(variable),
            })
        };
        self.keys().filter_map(entry).collect()
    }

    /// Loads the settings from the command line and the layers, the highest first.
    ///
    /// # Errors
    /// [`Problems`]: those found already, and every mistake in a layer, whether or not its value would be used.
    pub fn load(
        &self,
        words: &[OsString],
        layers: &[Vec<Entry>],
        mut problems: Vec<String>,
    ) -> Result<Loaded, Problems> {
        let parse = |command: Command| {
            let parsed = command.try_get_matches_from(words);
            parsed.map_err(|error| Problems(vec![error.to_string()]))
        };
        problems.extend(
            layers
                .iter()
                .flatten()
                .filter_map(|entry| self.mistake(entry)),
        );
        let given = parse(self.command.clone())?;
        let entries = self.resolve(level(&given), layers, &mut problems);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let matches = parse(self.with_defaults(&entries))?;
        let settings = self.settings(level(&matches), &entries);
        Ok(Loaded { matches, settings })
    }

    /// Returns, for each key that no flag gives, the entry of the highest layer. A value rules out those of lower
    /// layers that conflict with it.
    fn resolve<'a>(
        &'a self,
        given: &ArgMatches,
        layers: &'a [Vec<Entry>],
        problems: &mut Vec<String>,
    ) -> Vec<&'a Entry> {
        let args = self.table().get_arguments();
        let mut taken: Vec<&Arg> = args
            .filter(|arg| source(given, arg) == Some(ValueSource::CommandLine))
            .collect();
        let mut entries = Vec::new();
        for layer in layers {
            let higher = taken.clone();
            for entry in layer {
                let Some(arg) = self.key(&entry.key) else {
                    continue;
                };
                let ruled_out = |others: &[&'a Arg]| {
                    let mut others = others.iter();
                    others.find(|other| self.conflict(other, arg)).copied()
                };
                match (ruled_out(&higher), ruled_out(&taken)) {
                    (Some(_), _) => continue,
                    (None, Some(other)) => {
                        let place = entry.place();
                        problems.push(format!("{place}: cannot be used with {}", key(other)));
                    }
                    (None, None) => {}
                }
                taken.push(arg);
                entries.push(entry);
            }
        }
        entries
    }

    fn conflict(&self, one: &Arg, other: &Arg) -> bool {
        let blocks = |one: &Arg, other: &Arg| {
            let blocked = self.table().get_arg_conflicts_with(one);
            blocked.iter().any(|arg| arg.get_id() == other.get_id())
        };
        one.get_id() == other.get_id() || blocks(one, other) || blocks(other, one)
    }

    /// Returns the command, with the values of the entries in place of its defaults.
    fn with_defaults(&self, entries: &[&Entry]) -> Command {
        let laid = |arg: Arg| match entries
            .iter()
            .find(|entry| Some(&*entry.key) == arg.get_long())
        {
            Some(entry) => arg.default_values(entry.texts.clone()),
            None => arg,
        };
        mut_all_args(self.command.clone(), laid)
    }

    fn settings(&self, matches: &ArgMatches, entries: &[&Entry]) -> Vec<Setting> {
        let is_there = |arg: &&Arg| matches.try_contains_id(arg.get_id().as_str()).is_ok();
        let setting = |arg: &Arg| {
            let key = key(arg);
            let entry = entries.iter().find(|entry| entry.key == key);
            let origin = match source(matches, arg) {
                Some(ValueSource::CommandLine) => Origin::Flag(format!("--{key}")),
                _ => entry.map_or(Origin::Default, |entry| entry.origin.clone()),
            };
            let texts = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
            let texts = texts
                .map(|text| text.to_string_lossy().into_owned())
                .collect();
            Setting {
                is_secret: self.secrets.contains(&key.as_str()),
                takes_list: takes_list(arg),
                entry: Entry { key, texts, origin },
            }
        };
        self.keys().filter(is_there).map(setting).collect()
    }
}

impl Loaded {
    /// Returns the place to name in a message about a key: `--motd`, `WACD_MOTD` or `wacd.toml:3: motd`.
    pub fn place(&self, key: &str) -> String {
        let setting = self
            .settings
            .iter()
            .find(|setting| setting.entry.key == key);
        setting.map_or_else(|| format!("--{key}"), |setting| setting.entry.place())
    }
}

impl Entry {
    /// Returns the place to name in a message about it.
    pub fn place(&self) -> String {
        match &self.origin {
            Origin::Default => format!("--{}", self.key),
            Origin::Flag(place) | Origin::Variable(place) => place.clone(),
            Origin::Line(line) => format!("{line}: {}", self.key),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag(place) | Self::Variable(place) | Self::Line(place) => f.write_str(place),
        }
    }
}

/// Returns a parser of numbers in a range, for [`Arg::value_parser`].
pub fn within<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + fmt::Display + Clone,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("expected {} to {}", range.start(), range.end()))
    }
}

/// Returns the matches of the command that was called, which hold the global ones too.
fn level(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, sub)| sub)
}

fn source(matches: &ArgMatches, arg: &Arg) -> Option<ValueSource> {
    let id = arg.get_id().as_str();
    matches
        .try_contains_id(id)
        .is_ok()
        .then(|| matches.value_source(id))?
}

fn mut_all_args(command: Command, change: impl Fn(Arg) -> Arg) -> Command {
    command
        .mut_args(&change)
        .mut_subcommands(|sub| sub.mut_args(&change))
}

fn key(arg: &Arg) -> String {
    arg.get_long().unwrap_or_default().to_owned()
}

fn takes_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}
