//! Configuration: the settings from all sources, and their saving. See [`wac_settings`] for the order of the sources.

pub(crate) mod flags;
mod load;
mod save;

use clap::CommandFactory;
use wac_settings::Program;

pub(crate) use self::load::Loaded;
pub(crate) use self::save::SettingsFile;
use crate::cli::args::CommandLine;

/// Describes `wac`, whose settings are the flags common to all its commands.
pub(crate) fn program() -> Program {
    let others = &["raw", "profile", "config"];
    Program::new(CommandLine::command(), None, "WAC", others, &[])
}
