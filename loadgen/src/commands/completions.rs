//! Completions for a shell, made of the command line itself.

use std::io;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::Args;
use crate::result::exit::Exit;

/// Prints them.
pub(super) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    generate(shell, &mut Args::command(), "wac-loadgen", &mut text);
    // Not straight to standard output: the generator panics where that is closed.
    io::Write::write_all(&mut io::stdout(), &text).context("cannot write the completions")?;
    Ok(Exit::Pass)
}
