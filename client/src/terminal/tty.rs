//! Terminal state, restored however the client ends.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, panic};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::dup2_stdout;
use terminal_size::{Width, terminal_size_of};

/// Ends bracketed paste, and a frame that was being drawn.
const MODES_OFF: &str = "\x1b[?2004l\x1b[?2026l";

/// Clears the cursor's row and everything below.
pub(crate) const ROW_OFF: &str = "\r\x1b[J";
/// Moves below the row, which stays.
pub(crate) const BELOW_ROW: &str = "\r\n";

/// Terminals that cannot move their cursor.
const DUMB: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Returns whether a user reads and types at a terminal.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Returns whether the terminal can only be appended to.
pub(crate) fn is_dumb() -> bool {
    env::var("TERM").is_ok_and(|term| DUMB.contains(&term.to_lowercase().as_str()))
}

/// Returns the number of columns of the terminal.
pub(crate) fn columns() -> Option<usize> {
    let (Width(columns), _) = terminal_size_of(io::stdout())?;
    Some(columns.into())
}

/// The state of the terminal before the client changed it.
#[derive(Debug, Clone)]
pub(crate) struct SavedTerminal(Arc<Mutex<Termios>>);

impl SavedTerminal {
    /// Saves the terminal's state, and restores it if the client panics.
    ///
    /// # Errors
    /// Standard input is not a terminal.
    pub(crate) fn save() -> io::Result<Self> {
        let saved = Self(Arc::new(Mutex::new(tcgetattr(io::stdin())?)));
        let (restored, report) = (saved.clone(), panic::take_hook());
        panic::set_hook(Box::new(move |info| {
            restored.give_back(io::stdout().lock(), BELOW_ROW);
            report(info);
            std::process::exit(1);
        }));
        Ok(saved)
    }

    /// Restores the terminal and writes the last text on it. An editor that still draws its row
    /// draws it nowhere from now on.
    pub(crate) fn leave(&self, last: &str) {
        self.give_back(detach_stdout(), last);
    }

    fn give_back(&self, mut terminal: impl Write, last: &str) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The terminal may be gone, which may be why the client ends: then there is nothing to
        // restore.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &state);
        let _ = terminal.write_all(format!("{MODES_OFF}{last}").as_bytes());
        let _ = terminal.flush();
    }
}

/// Returns the terminal, and redirects standard output to nowhere.
fn detach_stdout() -> Box<dyn Write> {
    let terminal = io::stdout().as_fd().try_clone_to_owned();
    match (terminal, silence_stdout()) {
        (Ok(terminal), Ok(())) => Box::new(File::from(terminal)),
        _ => Box::new(io::stdout()),
    }
}

fn silence_stdout() -> io::Result<()> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    Ok(dup2_stdout(nowhere)?)
}
