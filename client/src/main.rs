//! `wac`, the WAC chat client.

use std::process::ExitCode;

use anyhow::Error;
use wac_client::{CommandLine, ExitReason, Failure, start};

fn main() -> ExitCode {
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

/// The one place where a failure becomes text: its whole chain, and what may help.
fn failed(failure: Failure) -> ExitCode {
    let (code, hint) = (failure.code(), failure.hint());
    eprintln!("wac: {:#}", Error::new(failure));
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(code)
}
