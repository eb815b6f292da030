//! Settings of the chat, as plain values; flags, the environment and the settings file supply them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use wac_core::DEFAULT_PORT;
use wac_core::name::Name;

use super::target::Address;

/// What the client needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Where the server is. Default: 127.0.0.1:4700.
    pub host: Address,
    /// Who one is there. Default: nobody; the chat asks.
    pub name: Option<Name>,
    /// How one chats.
    pub settings: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: Address::Tcp {
                host: "127.0.0.1".to_owned(),
                port: DEFAULT_PORT,
            },
            name: None,
            settings: Settings::default(),
        }
    }
}

/// Everything about the chat that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    /// Whether text is coloured. Default: where the terminal can.
    pub color: Color,
    /// Where the time is shown. Default: when it changes.
    pub time: TimeDisplay,
    /// What rings the terminal's bell. Default: mentions and whispers.
    pub bell: BellLevel,
    /// Append-only, in words instead of signs and without colours: for screen readers. Default: no.
    pub plain: bool,
    /// How often a lost connection is tried again. Default: until it is back.
    pub reconnect: Reconnect,
    /// Where what is said is appended. Default: nowhere.
    pub log: Option<PathBuf>,
    /// Whether what is entered is kept for the next time. Default: yes.
    pub history: HistoryMode,
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// Where the terminal can, and `NO_COLOR` does not say otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TimeDisplay {
    /// On the first line of each minute.
    #[default]
    Once,
    /// On each line.
    Each,
    /// Nowhere.
    Off,
}

/// What rings the terminal's bell; each rings for what the one before does, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum BellLevel {
    /// Nothing.
    Off,
    /// A message that names the person.
    Mention,
    /// A whisper.
    #[default]
    Whisper,
    /// Every message.
    All,
}

/// How often a lost connection is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reconnect {
    /// Until it is back.
    #[default]
    Forever,
    /// So many times in a row; 0: a lost connection is the end.
    Times(u32),
}

/// Whether what is entered is kept for the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum HistoryMode {
    /// It is, but for whispers.
    #[default]
    On,
    /// It is not.
    Off,
}

/// A text is no value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {wanted}")]
pub(crate) struct SettingError {
    found: String,
    wanted: &'static str,
}

/// The words of a setting, and what they mean.
type Words<T> = [(&'static str, T)];

const COLORS: &Words<Color> = &[
    ("auto", Color::Auto),
    ("always", Color::Always),
    ("never", Color::Never),
];

const TIMES: &Words<TimeDisplay> = &[
    ("once", TimeDisplay::Once),
    ("each", TimeDisplay::Each),
    ("off", TimeDisplay::Off),
];

const BELLS: &Words<BellLevel> = &[
    ("off", BellLevel::Off),
    ("mention", BellLevel::Mention),
    ("whisper", BellLevel::Whisper),
    ("all", BellLevel::All),
];

const HISTORIES: &Words<HistoryMode> = &[("on", HistoryMode::On), ("off", HistoryMode::Off)];

const FOREVER: &str = "forever";

fn find<T: Copy>(words: &Words<T>, found: &str, wanted: &'static str) -> Result<T, SettingError> {
    let of_word = words.iter().find(|(word, _)| *word == found);
    of_word
        .map(|(_, value)| *value)
        .ok_or_else(|| SettingError {
            found: found.to_owned(),
            wanted,
        })
}

fn word<T: PartialEq>(words: &Words<T>, wanted: &T) -> &'static str {
    let (word, _) = words
        .iter()
        .find(|(_, value)| value == wanted)
        .expect("every value has a word");
    word
}

impl FromStr for Color {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        find(COLORS, text, "auto, always or never")
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(COLORS, self))
    }
}

impl FromStr for TimeDisplay {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        find(TIMES, text, "once, each or off")
    }
}

impl fmt::Display for TimeDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(TIMES, self))
    }
}

impl FromStr for BellLevel {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        find(BELLS, text, "off, mention, whisper or all")
    }
}

impl fmt::Display for BellLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(BELLS, self))
    }
}

impl FromStr for HistoryMode {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        find(HISTORIES, text, "on or off")
    }
}

impl fmt::Display for HistoryMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(HISTORIES, self))
    }
}

impl FromStr for Reconnect {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text == FOREVER {
            return Ok(Self::Forever);
        }
        text.parse().map(Self::Times).map_err(|_| SettingError {
            found: text.to_owned(),
            wanted: "forever or a number of tries",
        })
    }
}

impl fmt::Display for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str(FOREVER),
            Self::Times(times) => write!(f, "{times}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_read_back<T: FromStr<Err = SettingError> + fmt::Display>(words: &[&str]) {
        for word in words {
            assert_eq!(
                word.parse::<T>().map(|value| value.to_string()),
                Ok((*word).to_owned())
            );
        }
        assert!("Nonsense".parse::<T>().is_err());
    }

    #[test]
    fn every_value_is_read_as_it_is_written() {
        is_read_back::<Color>(&["auto", "always", "never"]);
        is_read_back::<TimeDisplay>(&["once", "each", "off"]);
        is_read_back::<BellLevel>(&["off", "mention", "whisper", "all"]);
        is_read_back::<HistoryMode>(&["on", "off"]);
        is_read_back::<Reconnect>(&["forever", "0", "12"]);
    }

    #[test]
    fn a_wrong_value_is_told_with_what_is_wanted() {
        let error = "red".parse::<Color>().unwrap_err();
        assert_eq!(error.to_string(), "\"red\" is not auto, always or never");
        let error = "-1".parse::<Reconnect>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"-1\" is not forever or a number of tries"
        );
    }
}
