//! Screen of `wacd top`: the terminal's second page, from which the keys are read. It is given back when this is dropped,
//! also before a signal ends the program.

use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Shows the second page, hides the cursor and cuts long lines.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// q, and Ctrl-C, which is a key while no signal is made of it.
const LEAVING_KEYS: [u8; 3] = [b'q', b'Q', 3];

/// The terminal.
#[derive(Debug)]
pub(super) struct Screen {
    former: Termios,
    /// The signals that would end the program at once; they wait here until the terminal is given back.
    signals: SignalFd,
    former_mask: SigSet,
}

impl Screen {
    /// Takes over the terminal, if there is one to read from and to write to.
    pub(super) fn open() -> io::Result<Option<Self>> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(None);
        }
        let ending = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
        let signals =
            SignalFd::with_flags(&ending, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let former_mask = SigSet::thread_get_mask()?;
        ending.thread_block()?;
        let former = tcgetattr(io::stdin())?;
        let mut own = former.clone();
        own.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &own)?;
        let screen = Self {
            former,
            signals,
            former_mask,
        };
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
            let stdin = io::stdin();
            let input = PollFd::new(stdin.as_fd(), PollFlags::POLLIN);
            let mut watched = [input, PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            if poll(&mut watched, left)? == 0 {
                return Ok(false);
            }
            if watched[1].any() == Some(true) {
                return Ok(true);
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
        // Nothing is left to be done about a terminal that is gone.
        let _ = write(LEAVE);
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.former);
        // Whoever waits for the program is to see that a signal has ended it.
        let ending = self.signals.read_signal().ok().flatten();
        let _ = self.former_mask.thread_set_mask();
        if let Some(Ok(signal)) = ending.map(|it| Signal::try_from(it.ssi_signo.cast_signed())) {
            let _ = raise(signal);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    terminal.write_all(text.as_bytes())?;
    terminal.flush()
}
