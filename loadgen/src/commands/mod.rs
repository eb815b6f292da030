//! Commands: one file for each.

mod compare;
mod doctor;
mod find_max;
mod man;
mod output;
mod report;
mod run;
mod settings;

use std::io;
use std::process::ExitCode;

use wac_settings::{Loaded, Problems};

use crate::cli::{Command, Preset};
use crate::engine::JoinError;
use crate::machine::preflight::PreflightError;
use crate::plan::PlanError;
use crate::result::verdict::Exit;

/// Does what was typed.
pub(crate) fn main() -> ExitCode {
    let read = settings::read().map_err(anyhow::Error::from);
    match read.and_then(|(args, loaded)| perform(args.command, &loaded)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let exit = exit_of(&error);
            output::settled(Err(error), exit).into()
        }
    }
}

fn perform(command: Command, settings: &Loaded) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(Preset::Run, &args),
        Command::Town(args) => run::run(Preset::Town, &args),
        Command::Idle(args) => run::run(Preset::Idle, &args),
        Command::Storm(args) => run::run(Preset::Storm, &args),
        Command::Soak(args) => run::soak(&args),
        Command::Flood(args) => run::run(Preset::Flood, &args),
        Command::Report(args) => report::report(&args),
        Command::FindMax(args) => find_max::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions { shell } => man::completions(shell),
        Command::Man { command } => man::run(command.as_deref()),
        Command::Config(_) => {
            let shown = output::print(io::stdout(), settings.to_string().as_bytes());
            Ok(output::settled(shown, Exit::Pass))
        }
        Command::Compare(args) => compare::run(&args),
    }
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<PlanError>() || error.is::<output::UsageError>() || error.is::<Problems>() {
        Exit::Usage
    } else if error.is::<PreflightError>() || error.is::<JoinError>() {
        Exit::Preflight
    } else if error.is::<output::Closed>() {
        Exit::Interrupted
    } else {
        Exit::Internal
    }
}
