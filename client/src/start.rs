//! Start of the client: runs what the command line asks for, to its end.

use std::io::{self, BufRead, BufReader, Cursor, Write};
use std::process::ExitCode;

use anyhow::Error;
use wac_core::text::{clean, is_blank};

use crate::app::exit::ExitReason;
use crate::app::settings::Config;
use crate::app::target::Address;
use crate::chat;
use crate::cli::args::verbs::{ListenArgs, SendArgs};
use crate::cli::args::{Command, CommandLine};
use crate::cli::config::Loaded;
use crate::cli::manual;
use crate::failure::Failure;
use crate::io::connection::Connection;
use crate::script::listen::ListenScript;
use crate::script::send::SendScript;
use crate::script::who::WhoScript;
use crate::script::{Script, driver, raw};

/// Runs the client that the command line asks for; returns its exit code.
pub fn run() -> ExitCode {
    match start(&CommandLine::read()) {
        Ok(reason) => ended(&reason),
        Err(failure) => failed(failure),
    }
}

fn ended(reason: &ExitReason) -> ExitCode {
    if let ExitReason::Failed(why) = reason {
        eprintln!("wac: {why}");
    }
    ExitCode::from(reason.code())
}

/// Prints a failure, with its whole chain of causes and a hint.
fn failed(failure: Failure) -> ExitCode {
    let (code, hint) = (failure.code(), failure.hint());
    eprintln!("wac: {:#}", Error::new(failure));
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(code)
}

/// Chats, or runs the command that was given; returns the reason for the end.
///
/// # Errors
/// The client cannot start.
fn start(line: &CommandLine) -> Result<ExitReason, Failure> {
    let load = || Loaded::load(&line.flags, line.target());
    match &line.command {
        None if line.raw => Ok(raw::run(connect(&load()?.config.host)?)),
        None => chat::run(&load()?.config),
        Some(Command::Send(args)) => send(args, load()?.config),
        Some(Command::Listen(args)) => listen(args, load()?.config),
        Some(Command::Who(_)) => play(WhoScript::new(), &load()?.config.host, io::empty()),
        Some(Command::Config) => Ok(print(&load()?.to_string())),
        Some(Command::Man) => Ok(print(&manual::page())),
        Some(Command::Completions { shell }) => Ok(print(&manual::completions(*shell))),
    }
}

/// Connects to the server.
///
/// # Errors
/// [`Failure::Connect`].
pub(crate) fn connect(address: &Address) -> Result<Connection, Failure> {
    Connection::open(address).map_err(|source| Failure::Connect {
        address: address.clone(),
        source,
    })
}

/// Sends one message, or each line of the input as one.
fn send(args: &SendArgs, config: Config) -> Result<ExitReason, Failure> {
    let name = config.name.ok_or(Failure::NoNameTo("send"))?;
    let input: Box<dyn BufRead + Send> = match args.message() {
        // A variable that is not set is no message that was confirmed.
        Some(message) if is_blank(&clean(&message)) => return Err(Failure::Blank),
        Some(message) => Box::new(Cursor::new(message)),
        None => Box::new(BufReader::new(io::stdin())),
    };
    play(SendScript::new(args.plan(name)), &config.host, input)
}

/// Prints messages.
fn listen(args: &ListenArgs, config: Config) -> Result<ExitReason, Failure> {
    if args.whispers && config.name.is_none() {
        return Err(Failure::NoNameTo("hear whispers"));
    }
    let script = ListenScript::new(args.plan(config.name));
    play(script, &config.host, io::empty())
}

fn play(
    script: impl Script,
    address: &Address,
    input: impl BufRead + Send + 'static,
) -> Result<ExitReason, Failure> {
    Ok(driver::play(script, connect(address)?, input)?)
}

fn print(text: &str) -> ExitReason {
    let mut output = io::stdout().lock();
    let printed = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    printed.map_or_else(|error| ExitReason::unwritten(&error), |()| ExitReason::Done)
}
