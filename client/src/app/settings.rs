//! Settings of the chat, as plain values; flags, the environment and the settings file supply them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use wac_core::DEFAULT_PORT;
use wac_core::name::Name;
use wac_tls::Fingerprint;

use super::mention::Word;
use super::target::Address;
use crate::protocol::catch_up::MOST_LINES;
use crate::protocol::password::{Password, Passwords, Secrecy};

/// The configuration of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The servers of the room, in the order in which they are tried; never empty. Default: 127.0.0.1:4700.
    pub(crate) hosts: Vec<Address>,
    /// The name to log in under. Default: none; the chat asks.
    pub(crate) name: Option<Name>,
    /// The name to log in under if the first is taken. Default: none.
    pub(crate) alt_name: Option<Name>,
    /// The file of authorities that vouch for the server. Default: none; the key of the first time counts.
    pub(crate) tls_ca: Option<PathBuf>,
    /// The key that the server must have. Default: the one that it had the first time.
    pub(crate) tls_pin: Option<Fingerprint>,
    /// The file whose first line is the password. Default: none; the chat asks.
    pub(crate) password_file: Option<PathBuf>,
    /// The password that was in it.
    pub(crate) password: Option<Password>,
    /// Whether a password may be sent where others on the way could read it. Default: no.
    pub(crate) insecure_password: bool,
    pub(crate) settings: Settings,
}

impl Config {
    /// Returns what is known of the password before a server asks for it.
    pub(crate) fn passwords(&self) -> Passwords {
        let is_private = self.hosts.iter().all(Address::is_private);
        let secrecy = if self.insecure_password || is_private {
            Secrecy::Kept
        } else {
            Secrecy::Exposed
        };
        Passwords::new(self.password.clone(), secrecy)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hosts: vec![Address::Tcp {
                host: "127.0.0.1".to_owned(),
                port: DEFAULT_PORT,
            }],
            name: None,
            alt_name: None,
            tls_ca: None,
            tls_pin: None,
            password_file: None,
            password: None,
            insecure_password: false,
            settings: Settings::default(),
        }
    }
}

/// The settings of the chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    /// The use of colours. Default: where the terminal can.
    pub(crate) color: Color,
    /// The lines that show the time. Default: the first of each minute.
    pub(crate) time: TimeDisplay,
    /// The lines that ring the terminal's bell. Default: mentions and whispers.
    pub(crate) bell: BellLevel,
    /// The people whose messages are hidden. Default: none.
    pub(crate) mute: Vec<Name>,
    /// The words that are highlighted like the user's name. Default: none.
    pub(crate) highlight: Vec<Word>,
    /// What notifies of mentions and whispers while the user does not look. Default: nothing.
    pub(crate) notify: Notify,
    /// Plain mode, for screen readers: append-only, words instead of signs, no colours. Default:
    /// no.
    pub(crate) plain: bool,
    /// How often a lost connection is tried again. Default: until it is back.
    pub(crate) reconnect: Reconnect,
    /// The file that the chat is appended to. Default: none.
    pub(crate) log: Option<PathBuf>,
    /// Whether entered lines are kept for the next run. Default: yes.
    pub(crate) history: HistoryMode,
    /// How many of the lines before they came a user is shown. Default: 20.
    pub(crate) last: LastLines,
}

/// A value that a setting cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {wanted}")]
pub(crate) struct SettingError {
    found: String,
    wanted: String,
}

/// Defines an enum whose values are written as words.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        $name:ident { $( $(#[$value_attribute:meta])* $value:ident = $word:literal, )+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub(crate) enum $name {
            $( $(#[$value_attribute])* $value, )+
        }

        impl $name {
            /// Every word, in the order of the values.
            pub(crate) const WORDS: &[&str] = &[$( $word, )+];
        }

        impl FromStr for $name {
            type Err = SettingError;

            fn from_str(text: &str) -> Result<Self, SettingError> {
                match text {
                    $( $word => Ok(Self::$value), )+
                    _ => Err(SettingError {
                        found: text.to_owned(),
                        wanted: one_of(Self::WORDS),
                    }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::WORDS[*self as usize])
            }
        }
    };
}

words! {
    /// The use of colours.
    Color {
        /// Where the terminal can, unless `NO_COLOR` is set.
        #[default]
        Auto = "auto",
        Always = "always",
        Never = "never",
    }
}

words! {
    /// The lines that show the time.
    TimeDisplay {
        /// The first line of each minute.
        #[default]
        Once = "once",
        /// Every line.
        Each = "each",
        Off = "off",
    }
}

words! {
    /// The lines that ring the terminal's bell; each value includes those before it.
    BellLevel {
        Off = "off",
        /// A message that mentions the user, or has a highlighted word.
        Mention = "mention",
        #[default]
        Whisper = "whisper",
        /// Every message.
        All = "all",
    }
}

words! {
    /// Whether entered lines are kept for the next run.
    HistoryMode {
        /// They are, except whispers.
        #[default]
        On = "on",
        Off = "off",
    }
}

/// `auto, always or never`
fn one_of(words: &[&str]) -> String {
    match words {
        [words @ .., last] if !words.is_empty() => format!("{} or {last}", words.join(", ")),
        words => words.concat(),
    }
}

/// The number of the room's last lines that a user who comes is shown: 0 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastLines(pub(crate) u64);

impl Default for LastLines {
    fn default() -> Self {
        Self(20)
    }
}

impl FromStr for LastLines {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let lines = text.parse().ok().filter(|lines| *lines <= MOST_LINES);
        lines.map(Self).ok_or_else(|| SettingError {
            found: text.to_owned(),
            wanted: format!("a number of lines from 0 to {MOST_LINES}"),
        })
    }
}

impl fmt::Display for LastLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a lost connection is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reconnect {
    /// Until it is back.
    #[default]
    Forever,
    /// This many times in a row; 0: a lost connection is the end.
    Times(u32),
}

const FOREVER: &str = "forever";

impl FromStr for Reconnect {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text == FOREVER {
            return Ok(Self::Forever);
        }
        text.parse().map(Self::Times).map_err(|_| SettingError {
            found: text.to_owned(),
            wanted: "forever or a number of tries".to_owned(),
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

/// What notifies of mentions and whispers while the user does not look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Notify {
    #[default]
    Off,
    /// The terminal, if it obeys OSC 9.
    Osc9,
    /// A command in words, which is given the notification as one more.
    Command(Vec<String>),
}

const NOTIFY_OFF: &str = "off";
const NOTIFY_OSC9: &str = "osc9";

impl FromStr for Notify {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match shell_words::split(text) {
            Ok(words) if words == [NOTIFY_OFF] => Ok(Self::Off),
            Ok(words) if words == [NOTIFY_OSC9] => Ok(Self::Osc9),
            Ok(words) if !words.is_empty() => Ok(Self::Command(words)),
            _ => Err(SettingError {
                found: text.to_owned(),
                wanted: "off, osc9 or a command, its quotes closed".to_owned(),
            }),
        }
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str(NOTIFY_OFF),
            Self::Osc9 => f.write_str(NOTIFY_OSC9),
            Self::Command(words) => f.write_str(&shell_words::join(words)),
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
        assert!("'Nonsense".parse::<T>().is_err());
    }

    #[test]
    fn every_value_is_read_as_it_is_written() {
        is_read_back::<Color>(Color::WORDS);
        is_read_back::<TimeDisplay>(TimeDisplay::WORDS);
        is_read_back::<BellLevel>(BellLevel::WORDS);
        is_read_back::<HistoryMode>(HistoryMode::WORDS);
        is_read_back::<Reconnect>(&["forever", "0", "12"]);
        is_read_back::<LastLines>(&["0", "20", "1000"]);
        is_read_back::<Notify>(&["off", "osc9", "notify-send -a 'WAC chat'"]);
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
        let error = "1001".parse::<LastLines>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"1001\" is not a number of lines from 0 to 1000"
        );
    }
}
