//! Manual pages and completions, made from the command line itself.

use std::io;
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::config::sources::program;

/// Returns the manual page of `wacd` in roff.
///
/// # Errors
/// None: memory takes what is written.
pub fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(program().command().clone()).render(&mut page)?;
    Ok(page)
}

/// Writes the pages of `wacd` and its subcommands into a folder: `wacd.1`, `wacd-stop.1` and so on.
///
/// # Errors
/// An I/O error if a file can't be written.
pub fn write_pages(folder: &Path) -> io::Result<()> {
    let command = program().command().clone().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder)
}

/// Returns the completions for a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program().command().clone(), "wacd", &mut script);
    script
}
