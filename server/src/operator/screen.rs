//! Screen of `wacd top`: the terminal's second page, from which the keys are read. It is given back when this is dropped,
//! also before a signal ends the program.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use nix::poll::PollTimeout;
use rustix::termios::LocalModes;

use crate::process::terminal_mode::{TerminalMode, Waited};

/// Shows the second page, hides the cursor and cuts long lines.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// q, and Ctrl-C, which is a key while no signal is made of it.
const LEAVING_KEYS: [u8; 3] = [b'q', b'Q', 3];

/// The terminal.
#[derive(Debug)]
pub(super) struct Screen(TerminalMode);

impl Screen {
    /// Takes over the terminal, if there is one to read from and to write to.
    pub(super) fn open() -> io::Result<Option<Self>> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(None);
        }
        let screen = Self(TerminalMode::set(|modes| {
            modes.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        })?);
        write(ENTER)?;
        Ok(Some(screen))
    }

    /// Shows a text in place of the former one.
    pub(super) fn show(&self, text: &str) -> io::Result<()> {
        let lines: String = text
            .lines()
            .map(|line| format!("{line}\x1b[K\r\n"))
            .collect();
        write(&format!("\x1b[H{lines}\x1b[J"))
    }

    /// Waits for a time; returns whether a key asks to leave before it is over.
    pub(super) fn is_left_within(&self, time: Duration) -> io::Result<bool> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match self.0.wait(Some(left))? {
                Waited::Nothing => return Ok(false),
                Waited::Signal => return Ok(true),
                Waited::Input => {}
            }
            let mut keys = [0; 64];
            let count = io::stdin().read(&mut keys)?;
            if count == 0 || keys[..count].iter().any(|key| LEAVING_KEYS.contains(key)) {
                return Ok(true);
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing is left to be done about a terminal that is gone. Its mode is given back next.
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    terminal.write_all(text.as_bytes())?;
    terminal.flush()
}
