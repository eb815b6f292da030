//! The terminal's state, to be given back as it was, however the client ends.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, panic};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::dup2_stdout;
use terminal_size::{Width, terminal_size_of};

/// Ends the bracketing of pastes, and a frame that was being drawn.
const MODES_OFF: &str = "\x1b[?2004l\x1b[?2026l";

/// Takes the row of the cursor away, and what is below.
pub(crate) const ROW_OFF: &str = "\r\x1b[J";
/// Goes below the row, which stays.
pub(crate) const BELOW_ROW: &str = "\r\n";

/// Terminals that cannot move their cursor.
const DUMB: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Tells whether there is a person at a terminal, who reads and types.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Tells whether the terminal can only be written to.
pub(crate) fn is_dumb() -> bool {
    env::var("TERM").is_ok_and(|term| DUMB.contains(&term.to_lowercase().as_str()))
}

/// Returns how many columns the terminal has.
pub(crate) fn columns() -> Option<usize> {
    let (Width(columns), _) = terminal_size_of(io::stdout())?;
    Some(columns.into())
}

/// The terminal as it was.
#[derive(Debug, Clone)]
pub(crate) struct Saved(Arc<Mutex<Termios>>);

impl Saved {
    /// Remembers the terminal's state, and gives it back if the client panics.
    ///
    /// # Errors
    /// Where standard input is no terminal.
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

    /// Gives the terminal back, and writes what is to be on it last. An editor that still draws its row
    /// draws it nowhere from now on.
    pub(crate) fn leave(&self, last: &str) {
        self.give_back(detach_stdout(), last);
    }

    fn give_back(&self, mut terminal: impl Write, last: &str) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The terminal may be gone, which is why we leave: there is nothing to give back then.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &state);
        let _ = terminal.write_all(format!("{MODES_OFF}{last}").as_bytes());
        let _ = terminal.flush();
    }
}

/// Returns the terminal; what is written to standard output from now on goes nowhere.
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
