//! wac: the WAC chat client.

use std::process::ExitCode;

use anyhow::Error;
use wac_client::args::CommandLine;
use wac_client::exit::Ending;
use wac_client::{Failure, start};

fn main() -> ExitCode {
    match start(&CommandLine::read()) {
        Ok(ending) => ended(&ending),
        Err(failure) => failed(failure),
    }
}

fn ended(ending: &Ending) -> ExitCode {
    if let Ending::Failed(why) = ending {
        eprintln!("wac: {why}");
    }
    ExitCode::from(ending.code())
}

/// The one place where a failure becomes text: its whole chain, and what may help.
fn failed(failure: Failure) -> ExitCode {
    let (code, hint) = (failure.code(), failure.hint());
    eprintln!("wac: {:#}", Error::new(failure));
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(code)
}
