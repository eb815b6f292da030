//! Flags of the settings, generated from the [table](super::table).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches, ValueHint};

use super::Assignment;
use super::table::{Flag, SETTINGS, Setting};

/// The settings given on the command line, and the sources of others.
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

/// The assignments by flags, in the order of the table.
#[derive(Debug, Clone)]
pub(crate) struct SettingFlags(pub Vec<Assignment>);

impl clap::Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().filter_map(Setting::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            Some(Assignment {
                key: setting.key.to_owned(),
                text: setting.given(matches)?,
                origin: format!("--{}", setting.key),
            })
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Setting {
    fn arg(&self) -> Option<Arg> {
        let mut notes = vec![format!("env: {}", self.variable())];
        notes.extend(self.default().map(|default| format!("default: {default}")));
        let help = format!("Sets {} [{}]", self.does, notes.join("; "));
        let arg = Arg::new(self.key).long(self.key).global(true).help(help);
        match self.flag {
            Flag::Host => None,
            Flag::Value(value) | Flag::List(value) => Some(arg.value_name(value)),
            Flag::Command(value) => {
                Some(arg.value_name(value).value_hint(ValueHint::CommandString))
            }
            Flag::File => Some(arg.value_name("FILE").value_hint(ValueHint::FilePath)),
            Flag::Switch(alias) => Some(arg.visible_alias(alias).action(ArgAction::SetTrue)),
            Flag::OneOf(words) => {
                let words = PossibleValuesParser::new(words.iter().copied());
                Some(arg.value_name("WORD").value_parser(words))
            }
        }
    }

    /// Returns the value of the flag, if it was given.
    fn given(&self, matches: &ArgMatches) -> Option<String> {
        match self.flag {
            Flag::Host => None,
            Flag::Switch(_) => matches.get_flag(self.key).then(|| "true".to_owned()),
            Flag::Value(_) | Flag::List(_) | Flag::File | Flag::Command(_) | Flag::OneOf(_) => {
                matches.get_one::<String>(self.key).cloned()
            }
        }
    }
}
