//! Prompt for a password: twice without an echo on a terminal, or else one line of standard input.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use rustix::termios::LocalModes;
use wac_core::password::Password;
use zeroize::Zeroizing;

use crate::process::terminal_mode::{TerminalMode, Waited};

/// The most that is read of a line: more than the longest password.
const MOST_BYTES: usize = 4096;

/// Asks for a new password.
///
/// # Errors
/// If there is none, or two that differ, or one that nobody could log in with.
pub(super) fn new_password(name: &str) -> anyhow::Result<Password> {
    let text = if io::stdin().is_terminal() {
        let mode = TerminalMode::set(|modes| {
            modes.local_modes &= !LocalModes::ECHO;
            modes.local_modes |= LocalModes::ECHONL;
        })?;
        let text = ask(&mode, &format!("Password for {name}: "))?;
        if *text != *ask(&mode, "The same again: ")? {
            bail!("the two differ; nothing has changed");
        }
        text
    } else {
        line_of(io::stdin().lock())?
    };
    Password::chosen(&text)
        .map_err(anyhow::Error::msg)
        .context("this password can't be used")
}

/// Reads a line from the terminal.
fn ask(mode: &TerminalMode, prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    match mode.wait(None)? {
        Waited::Input => line_of(io::stdin().lock()),
        Waited::Signal | Waited::Nothing => bail!("interrupted; nothing has changed"),
    }
}

fn line_of(input: impl BufRead) -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(MOST_BYTES));
    let read = input.take(MOST_BYTES as u64).read_line(&mut line);
    if read.context("cannot read a password")? == 0 {
        bail!("no password came; nothing has changed");
    }
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}
