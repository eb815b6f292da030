//! Mode of the terminal that is read from: changed for a while, and given back when this is dropped, also before a signal
//! ends the program.

use std::io;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Signals that would end the program at once.
const ENDING: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];

/// The changed mode.
#[derive(Debug)]
pub(crate) struct TerminalMode {
    former: Termios,
    /// The signals wait here until the terminal is given back.
    signals: SignalFd,
    former_mask: SigSet,
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There is something to read.
    Input,
    /// A signal is to end the program.
    Signal,
    /// Neither, and the time is over.
    Nothing,
}

impl TerminalMode {
    /// Changes the mode of the terminal at standard input.
    ///
    /// # Errors
    /// An I/O error if there is none.
    pub(crate) fn set(change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let ending = SigSet::from_iter(ENDING);
        let signals =
            SignalFd::with_flags(&ending, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let former = tcgetattr(io::stdin())?;
        let former_mask = SigSet::thread_get_mask()?;
        // Ctrl-Z waits as well: it would leave the changed mode to the shell.
        SigSet::from_iter(ENDING.into_iter().chain([Signal::SIGTSTP])).thread_block()?;
        let mut own = former.clone();
        change(&mut own);
        let mode = Self {
            former,
            signals,
            former_mask,
        };
        tcsetattr(io::stdin(), OptionalActions::Flush, &own)?;
        Ok(mode)
    }

    /// Waits for input or a signal, for a time or (`None`) as long as it takes.
    pub(crate) fn wait(&self, most: Option<PollTimeout>) -> io::Result<Waited> {
        let stdin = io::stdin();
        let input = PollFd::new(stdin.as_fd(), PollFlags::POLLIN);
        let mut watched = [input, PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut watched, most.unwrap_or(PollTimeout::NONE))?;
        Ok(match ready {
            0 => Waited::Nothing,
            _ if watched[1].any() == Some(true) => Waited::Signal,
            _ => Waited::Input,
        })
    }
}

impl Drop for TerminalMode {
    fn drop(&mut self) {
        // Nothing is left to be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.former);
        // Whoever waits for the program is to see that a signal has ended it.
        let ending = self.signals.read_signal().ok().flatten();
        let _ = self.former_mask.thread_set_mask();
        if let Some(Ok(signal)) = ending.map(|it| Signal::try_from(it.ssi_signo.cast_signed())) {
            let _ = raise(signal);
        }
    }
}
