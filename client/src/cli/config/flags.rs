//! Flags of the settings: the one table behind flags, variables, keys of the file, `wac config`, the manual page and the
//! README.

use std::path::{self, Path, PathBuf};
use std::str::FromStr;

use clap::ValueHint;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use wac_core::name::Name;
use wac_tls::Fingerprint;

use crate::app::mention::Word;
use crate::app::settings::{
    BellLevel, Color, Config, HistoryMode, LastLines, Notify, Reconnect, Settings, TimeDisplay,
};
use crate::app::target::{Target, parse_name};

/// The settings, and the sources of those that no flag gives.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct ConfigFlags {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,

    /// Applies the settings of [profile.P] in the file too [env: WAC_PROFILE]
    #[arg(long, global = true, value_name = "P")]
    pub(crate) profile: Option<String>,

    /// Reads the settings from a file [env: WAC_CONFIG; default: $XDG_CONFIG_HOME/wac/client.toml, else
    /// ~/.config/wac/client.toml]
    #[arg(long, global = true, value_name = "F")]
    pub(crate) config: Option<PathBuf>,
}

/// The settings.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SettingFlags {
    /// Sets the server: [NAME@]HOST[:PORT], tls:HOST[:PORT] or unix:PATH; several servers of one room: A,B,C
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4700"
    )]
    host: Target,

    /// Sets the name to chat under
    #[arg(long, global = true, value_name = "NAME", value_parser = parse_name)]
    name: Option<Name>,

    /// Sets the name to chat under if the first is taken
    #[arg(long, global = true, value_name = "NAME", value_parser = parse_name)]
    alt_name: Option<Name>,

    /// Sets the file of authorities that vouch for a tls: server (PEM), instead of the key that it had the first time
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = absolute)]
    tls_ca: Option<PathBuf>,

    /// Sets the key that a tls: server must have, by its fingerprint
    #[arg(long, global = true, value_name = "sha256:HEX")]
    tls_pin: Option<Fingerprint>,

    /// Sets the file whose first line is the password of the name; others may not read it
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = absolute)]
    password_file: Option<PathBuf>,

    /// Sets that a password may be sent in plain text to another machine
    #[arg(long, global = true)]
    insecure_password: bool,

    /// Sets the use of colours on a terminal
    #[arg(long, global = true, value_name = "WORD", default_value = "auto", value_parser = one_of::<Color>(Color::WORDS))]
    color: Color,

    /// Sets which lines show the time
    #[arg(long, global = true, value_name = "WORD", default_value = "once", value_parser = one_of::<TimeDisplay>(TimeDisplay::WORDS))]
    time: TimeDisplay,

    /// Sets what rings the bell; each value includes those before it
    #[arg(long, global = true, value_name = "WORD", default_value = "whisper", value_parser = one_of::<BellLevel>(BellLevel::WORDS))]
    bell: BellLevel,

    /// Sets the words that are highlighted like your name
    #[arg(long, global = true, value_name = "WORDS", value_parser = items::<Word>)]
    highlight: Vec<List<Word>>,

    /// Sets the people whose messages are hidden
    #[arg(long, global = true, value_name = "NAMES", value_parser = names)]
    mute: Vec<List<Name>>,

    /// Sets what notifies you of mentions and whispers while you look elsewhere: off, osc9 (the terminal) or a command
    #[arg(long, global = true, value_name = "off|osc9|COMMAND", default_value = "off", value_hint = ValueHint::CommandString)]
    notify: Notify,

    /// Sets plain mode, for screen readers: words instead of signs, no colours, no escape sequences
    #[arg(long, global = true, visible_alias = "screen-reader")]
    plain: bool,

    /// Sets how often a lost connection is tried again, on a terminal: forever or a number
    #[arg(
        long,
        global = true,
        value_name = "forever|N|0",
        default_value = "forever"
    )]
    reconnect: Reconnect,

    /// Sets the file that the chat is appended to
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = absolute)]
    pub(crate) log: Option<PathBuf>,

    /// Sets whether entered lines are kept for the next run, except whispers
    #[arg(long, global = true, value_name = "WORD", default_value = "on", value_parser = one_of::<HistoryMode>(HistoryMode::WORDS))]
    history: HistoryMode,

    /// Sets how many of the lines said before you came are shown when you come
    #[arg(long, global = true, value_name = "N", default_value = "20")]
    last: LastLines,
}

/// Several items in one value, separated by commas or blanks.
#[derive(Debug, Clone)]
struct List<T>(Vec<T>);

impl From<SettingFlags> for Config {
    fn from(flags: SettingFlags) -> Self {
        Self {
            hosts: flags.host.addresses,
            name: flags.name,
            alt_name: flags.alt_name,
            tls_ca: flags.tls_ca.filter(|path| path != Path::new("")),
            tls_pin: flags.tls_pin,
            password_file: flags.password_file.filter(|path| path != Path::new("")),
            password: None,
            insecure_password: flags.insecure_password,
            settings: Settings {
                color: flags.color,
                time: flags.time,
                bell: flags.bell,
                mute: flags.mute.into_iter().flat_map(|list| list.0).collect(),
                highlight: flags
                    .highlight
                    .into_iter()
                    .flat_map(|list| list.0)
                    .collect(),
                notify: flags.notify,
                plain: flags.plain,
                reconnect: flags.reconnect,
                log: flags.log.filter(|path| path != Path::new("")),
                history: flags.history,
                last: flags.last,
            },
        }
    }
}

fn one_of<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::error::Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

fn names(text: &str) -> Result<List<Name>, String> {
    list(text, parse_name)
}

fn items<T: FromStr<Err: ToString>>(text: &str) -> Result<List<T>, String> {
    list(text, str::parse)
}

fn list<T, E: ToString>(
    text: &str,
    item: impl Fn(&str) -> Result<T, E>,
) -> Result<List<T>, String> {
    let texts = text.split(|c: char| c == ',' || c.is_whitespace());
    let items = texts.filter(|text| !text.is_empty()).map(item);
    let items = items.collect::<Result<_, _>>();
    items.map(List).map_err(|why| why.to_string())
}

/// Returns a path that means the same wherever the client is started the next time.
fn absolute(text: &str) -> Result<PathBuf, String> {
    Ok(match path::absolute(text) {
        Ok(path) if !Path::new(text).starts_with("~") => path,
        _ => PathBuf::from(text),
    })
}

#[cfg(test)]
mod tests {
    use super::super::program;
    use clap::ArgAction;

    #[test]
    fn the_readme_lists_every_setting() {
        let readme = include_str!("../../../README.md");
        for arg in program().keys() {
            let key = arg.get_long().unwrap();
            let help = arg.get_help().unwrap().to_string();
            let does = help
                .strip_prefix("Sets ")
                .unwrap()
                .split(" [env: ")
                .next()
                .unwrap();
            let default = arg.get_default_values().first();
            let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
            let none = if is_switch { "false" } else { "none" };
            let default = default.map_or(none, |default| default.to_str().unwrap());
            let row = format!("| `{key}` | {does} | {default} |");
            assert!(readme.contains(&row), "{row}");
        }
    }
}
