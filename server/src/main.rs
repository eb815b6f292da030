//! wacd: the WAC chat server.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use wac_server::args::Args;
use wac_server::config::{Config, ConfigError};
use wac_server::listeners::Listeners;
use wac_server::{DrainReport, limits, logging, run};

/// What was typed makes no sense; clap exits with the same.
const EXIT_USAGE: u8 = 2;
/// The drain's time ran out before every session had everything.
const EXIT_CUT_SHORT: u8 = 3;

fn main() -> ExitCode {
    match serve(&Args::parse()) {
        Ok(report) if report.cut_short > 0 => ExitCode::from(EXIT_CUT_SHORT),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wacd: {error:#}");
            if let Some(hint) = hint(&error) {
                eprintln!("hint: {hint}");
            }
            if error.is::<ConfigError>() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn serve(args: &Args) -> anyhow::Result<DrainReport> {
    let files = limits::raise_open_files().context("cannot read the limit of open files")?;
    let config = Config::load(args, files)?; // 1. read only: every problem on the terminal
    let listeners = Listeners::bind(&config.listen, config.send_buffer_bytes)?; // 2. "address in use"
    let _flush_at_end = logging::start(config.log_level); // 3. a thread appears here
    Ok(run(&config, listeners)?) // 4. and here
}

fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let kind = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())?
        .kind();
    match kind {
        std::io::ErrorKind::AddrInUse => {
            Some("another wacd may be running; choose another address with --listen")
        }
        std::io::ErrorKind::PermissionDenied => Some("ports below 1024 need privileges"),
        std::io::ErrorKind::AddrNotAvailable => Some("--listen takes an address of this machine"),
        _ => None,
    }
}
