//! Table of the settings, read by the flags, the environment, the file, `wac config`, the manual
//! page and the README's test.

use std::path::{self, Path, PathBuf};
use std::str::FromStr;

use crate::app::mention::Word;
use crate::app::settings::{BellLevel, Color, Config, HistoryMode, TimeDisplay};
use crate::app::target::{Target, parse_name};

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name: `key = "…"` in the file, `WAC_KEY` in the environment, `--key` as a flag.
    pub(crate) key: &'static str,
    /// Its form on the command line.
    pub(crate) flag: Flag,
    /// Its meaning, in a few words.
    pub(crate) does: &'static str,
    /// Sets it; the error names the value found and those wanted.
    pub(super) put: fn(&mut Config, &str) -> Result<(), String>,
    /// Returns its value, if it has one.
    pub(super) get: fn(&Config) -> Option<String>,
}

/// The form of a setting on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    /// The HOST argument; there is no flag.
    Host,
    /// `--key VALUE`
    Value(&'static str),
    /// `--key VALUES`, separated by commas or blanks; in the file a list.
    List(&'static str),
    /// `--key FILE`
    File,
    /// `--key COMMAND`, or one of two words.
    Command(&'static str),
    /// `--key WORD`, one of these.
    OneOf(&'static [&'static str]),
    /// `--key`, or an alias.
    Switch(&'static str),
}

/// Every setting.
pub(crate) const SETTINGS: [Setting; 13] = [
    Setting {
        key: "host",
        flag: Flag::Host,
        does: "the server: [NAME@]HOST[:PORT] or unix:PATH",
        put: |config, text| {
            config.host = parse::<Target>(text)?.address;
            Ok(())
        },
        get: |config| Some(config.host.to_string()),
    },
    Setting {
        key: "name",
        flag: Flag::Value("NAME"),
        does: "the name to chat under",
        put: |config, text| {
            config.name = Some(parse_name(text).map_err(|why| why.to_string())?);
            Ok(())
        },
        get: |config| config.name.as_ref().map(ToString::to_string),
    },
    Setting {
        key: "alt-name",
        flag: Flag::Value("NAME"),
        does: "the name to chat under if the first is taken",
        put: |config, text| {
            config.alt_name = Some(parse_name(text).map_err(|why| why.to_string())?);
            Ok(())
        },
        get: |config| config.alt_name.as_ref().map(ToString::to_string),
    },
    Setting {
        key: "color",
        flag: Flag::OneOf(Color::WORDS),
        does: "the use of colours on a terminal",
        put: |config, text| set(&mut config.settings.color, text),
        get: |config| Some(config.settings.color.to_string()),
    },
    Setting {
        key: "time",
        flag: Flag::OneOf(TimeDisplay::WORDS),
        does: "which lines show the time",
        put: |config, text| set(&mut config.settings.time, text),
        get: |config| Some(config.settings.time.to_string()),
    },
    Setting {
        key: "bell",
        flag: Flag::OneOf(BellLevel::WORDS),
        does: "what rings the bell; each value includes those before it",
        put: |config, text| set(&mut config.settings.bell, text),
        get: |config| Some(config.settings.bell.to_string()),
    },
    Setting {
        key: "highlight",
        flag: Flag::List("WORDS"),
        does: "the words that are highlighted like your name",
        put: |config, text| {
            config.settings.highlight = list(text, str::parse::<Word>)?;
            Ok(())
        },
        get: |config| joined(&config.settings.highlight),
    },
    Setting {
        key: "mute",
        flag: Flag::List("NAMES"),
        does: "the people whose messages are hidden",
        put: |config, text| {
            config.settings.mute = list(text, parse_name)?;
            Ok(())
        },
        get: |config| joined(&config.settings.mute),
    },
    Setting {
        key: "notify",
        flag: Flag::Command("off|osc9|COMMAND"),
        does: "what notifies you of mentions and whispers while you look elsewhere: off, osc9 (the terminal) or a command",
        put: |config, text| set(&mut config.settings.notify, text),
        get: |config| Some(config.settings.notify.to_string()),
    },
    Setting {
        key: "plain",
        flag: Flag::Switch("screen-reader"),
        does: "plain mode, for screen readers: words instead of signs, no colours, no escape sequences",
        put: |config, text| {
            let plain = text.parse();
            config.settings.plain = plain.map_err(|_| format!("{text:?} is not true or false"))?;
            Ok(())
        },
        get: |config| Some(config.settings.plain.to_string()),
    },
    Setting {
        key: "reconnect",
        flag: Flag::Value("forever|N|0"),
        does: "how often a lost connection is tried again, on a terminal: forever or a number",
        put: |config, text| set(&mut config.settings.reconnect, text),
        get: |config| Some(config.settings.reconnect.to_string()),
    },
    Setting {
        key: "log",
        flag: Flag::File,
        does: "the file that the chat is appended to",
        put: |config, text| {
            config.settings.log = (!text.is_empty()).then(|| absolute(text));
            Ok(())
        },
        get: |config| Some(config.settings.log.as_ref()?.display().to_string()),
    },
    Setting {
        key: "history",
        flag: Flag::OneOf(HistoryMode::WORDS),
        does: "whether entered lines are kept for the next run, except whispers",
        put: |config, text| set(&mut config.settings.history, text),
        get: |config| Some(config.settings.history.to_string()),
    },
];

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|why: T::Err| why.to_string())
}

fn set<T: FromStr<Err: ToString>>(value: &mut T, text: &str) -> Result<(), String> {
    *value = parse(text)?;
    Ok(())
}

/// Returns a path that means the same wherever the client is started the next time.
fn absolute(text: &str) -> PathBuf {
    match path::absolute(text) {
        Ok(path) if !Path::new(text).starts_with("~") => path,
        _ => PathBuf::from(text),
    }
}

/// Parses the items of a list.
fn list<T, E: ToString>(text: &str, item: impl Fn(&str) -> Result<T, E>) -> Result<Vec<T>, String> {
    let items = text.split(|c: char| c == ',' || c.is_whitespace());
    items
        .filter(|text| !text.is_empty())
        .map(|text| item(text).map_err(|why| why.to_string()))
        .collect()
}

fn joined(list: &[impl ToString]) -> Option<String> {
    let texts: Vec<String> = list.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

impl Setting {
    /// Returns its default, if it has one.
    pub(crate) fn default(&self) -> Option<String> {
        (self.get)(&Config::default())
    }

    /// Returns its variable in the environment: `WAC_NAME`.
    pub(crate) fn variable(&self) -> String {
        format!("WAC_{}", self.key.to_uppercase().replace('-', "_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_takes_what_it_is() {
        for setting in &SETTINGS {
            let words = match setting.flag {
                Flag::OneOf(words) => words.iter().map(ToString::to_string).collect(),
                _ => Vec::from_iter(setting.default()),
            };
            for word in words {
                let mut config = Config::default();
                assert_eq!((setting.put)(&mut config, &word), Ok(()), "{}", setting.key);
                assert_eq!((setting.get)(&config), Some(word), "{}", setting.key);
            }
            // A file may be called anything, and so may a command.
            let wrong = (setting.put)(&mut Config::default(), "a:b c");
            assert_eq!(
                wrong.is_err(),
                !matches!(setting.flag, Flag::File | Flag::Command(_)),
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn the_readme_lists_every_setting() {
        let readme = include_str!("../../../README.md");
        for setting in &SETTINGS {
            let default = setting.default().unwrap_or_else(|| "none".to_owned());
            let row = format!("| `{}` | {} | {default} |", setting.key, setting.does);
            assert!(readme.contains(&row), "{row}");
        }
    }
}
