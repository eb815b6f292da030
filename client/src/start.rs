//! Does what the command line asks for.

use std::io::{self, Write};

use crate::args::{Command, CommandLine};
use crate::config::Loaded;
use crate::exit::Ending;
use crate::failure::Failure;
use crate::run;
use crate::{manual, raw, script};

/// Chats, or does what the command says, to the end; returns what brought it.
///
/// # Errors
/// Why it did not start.
pub fn start(line: &CommandLine) -> Result<Ending, Failure> {
    let load = || Loaded::load(&line.given, line.target());
    match &line.command {
        None if line.raw => raw::run(&load()?.config),
        None => run::run(&load()?.config),
        Some(Command::Send(args)) => {
            let config = load()?.config;
            script::send(args, &config.host, config.name.as_ref())
        }
        Some(Command::Listen(args)) => {
            let config = load()?.config;
            script::listen(args, &config.host, config.name.as_ref())
        }
        Some(Command::Who(_)) => script::who(&load()?.config.host),
        Some(Command::Config) => Ok(print(&load()?.to_string())),
        Some(Command::Man) => Ok(print(&manual::page())),
        Some(Command::Completions { shell }) => Ok(print(&manual::completions(*shell))),
    }
}

/// Prints a text.
fn print(text: &str) -> Ending {
    let mut output = io::stdout().lock();
    let printed = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    printed.map_or_else(|error| Ending::unwritten(&error), |()| Ending::Done)
}
