//! Terminal of the client: its modes, which are restored however the client ends, its size, and what
//! is written to it.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{env, panic};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    InputFlags, LocalFlags, SetArg, SpecialCharacterIndices as Index, Termios, tcgetattr, tcsetattr,
};
use terminal_size::{Height, Width, terminal_size_of};

use super::key_filter::ControlKeys;
use super::row::Size;

/// Has pastes told from keys, and the focus reported.
const MODES_ON: &str = "\x1b[?2004h\x1b[?1004h";
/// Ends the reports of the focus, bracketed paste, and a frame that was being drawn.
const MODES_OFF: &str = "\x1b[?1004l\x1b[?2004l\x1b[?2026l";

/// Size of a terminal that does not tell its own.
const USUAL: Size = Size {
    columns: 80,
    rows: 24,
};

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

/// Returns whether a terminal is gone; a shell may take its time to say so with a signal.
pub(crate) fn is_hung_up(terminal: &impl AsFd) -> bool {
    let mut watched = [PollFd::new(terminal.as_fd(), PollFlags::empty())];
    poll(&mut watched, PollTimeout::ZERO).is_ok()
        && watched[0]
            .revents()
            .is_some_and(|events| events.contains(PollFlags::POLLHUP))
}

/// The terminal, apart from standard input and output, which an editor may be given others of.
#[derive(Debug)]
pub(super) struct Tty {
    input: File,
    output: File,
    modes: Mutex<Modes>,
    /// Held by whoever reads the keys.
    keys: Mutex<()>,
}

/// As long as it is held, the keys are left to another program.
pub(super) struct HeldKeys<'a>(#[expect(dead_code)] MutexGuard<'a, ()>);

#[derive(Debug)]
struct Modes {
    /// As they were before the client changed them.
    before: Termios,
    raw: Termios,
}

impl Tty {
    /// Takes the terminal over, and restores it if the client panics.
    ///
    /// # Errors
    /// Standard input is not a terminal.
    pub(super) fn take() -> io::Result<Arc<Self>> {
        let file = |fd: io::Result<OwnedFd>| fd.map(File::from);
        let before = tcgetattr(io::stdin())?;
        let raw = raw(&before);
        let tty = Arc::new(Self {
            input: file(io::stdin().as_fd().try_clone_to_owned())?,
            output: file(io::stdout().as_fd().try_clone_to_owned())?,
            modes: Mutex::new(Modes { before, raw }),
            keys: Mutex::default(),
        });
        tty.restore_on_panic();
        tty.make_raw()?;
        Ok(tty)
    }

    fn restore_on_panic(self: &Arc<Self>) {
        let (tty, report) = (self.clone(), panic::take_hook());
        panic::set_hook(Box::new(move |info| {
            tty.restore();
            // It is lost if the terminal is.
            let _ = tty.write(&format!("{MODES_OFF}\r\n"));
            report(info);
            std::process::exit(1);
        }));
    }

    /// Has each key come at once, and pastes told from keys.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn make_raw(&self) -> io::Result<()> {
        tcsetattr(&self.input, SetArg::TCSADRAIN, &self.modes().raw)?;
        self.write(MODES_ON)
    }

    /// Restores the modes of keys, and writes a last text that restores the rest.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn leave(&self, last: &str) -> io::Result<()> {
        let written = self.write(&format!("{last}{MODES_OFF}"));
        self.restore();
        written
    }

    /// Restores the modes of keys, also of a terminal that takes no text.
    pub(super) fn restore(&self) {
        // The terminal may be gone: then there is nothing to restore.
        let _ = tcsetattr(&self.input, SetArg::TCSANOW, &self.modes().before);
    }

    /// Returns whether nobody has changed the modes.
    pub(super) fn is_raw(&self) -> bool {
        tcgetattr(&self.input).is_ok_and(|modes| modes == self.modes().raw)
    }

    fn modes(&self) -> MutexGuard<'_, Modes> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the keys that the terminal itself obeyed before.
    pub(super) fn control_keys(&self) -> ControlKeys {
        let modes = self.modes();
        let key = |index: Index| modes.before.control_chars[index as usize];
        ControlKeys {
            intr: key(Index::VINTR),
            quit: key(Index::VQUIT),
            susp: key(Index::VSUSP),
            eof: key(Index::VEOF),
            erase: key(Index::VERASE),
            kill: key(Index::VKILL),
            werase: key(Index::VWERASE),
        }
    }

    /// Returns the size of the screen.
    pub(super) fn size(&self) -> Size {
        match terminal_size_of(&self.output) {
            Some((Width(columns @ 1..), Height(rows @ 1..))) => Size {
                columns: columns.into(),
                rows: rows.into(),
            },
            _ => USUAL,
        }
    }

    /// Writes a text; waits as long as nobody reads it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        (&self.output).write_all(text.as_bytes())
    }

    /// Reads keys, if there are any. Waits while they are held.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let _held = self.hold_keys();
        // They may have been another program's.
        if !self.wait(PollTimeout::ZERO)? {
            return Err(ErrorKind::Interrupted.into());
        }
        (&self.input).read(buffer)
    }

    /// Leaves the keys to another program.
    pub(super) fn hold_keys(&self) -> HeldKeys<'_> {
        HeldKeys(self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the terminal as the standard input and output of another program.
    pub(super) fn ends(&self) -> [BorrowedFd<'_>; 2] {
        [self.input.as_fd(), self.output.as_fd()]
    }

    /// Waits until there are keys to be read; returns whether there are.
    ///
    /// # Errors
    /// The terminal cannot be waited for.
    pub(super) fn wait(&self, patience: PollTimeout) -> nix::Result<bool> {
        let mut watched = [PollFd::new(self.input.as_fd(), PollFlags::POLLIN)];
        Ok(poll(&mut watched, patience)? > 0)
    }

    /// Returns whether the terminal is gone.
    pub(super) fn is_hung_up(&self) -> bool {
        is_hung_up(&self.input)
    }
}

/// Returns the modes in which each key comes at once, unchanged; the output stays as it is.
fn raw(before: &Termios) -> Termios {
    let mut raw = before.clone();
    raw.input_flags.remove(
        InputFlags::BRKINT
            | InputFlags::ICRNL
            | InputFlags::INLCR
            | InputFlags::IGNCR
            | InputFlags::INPCK
            | InputFlags::ISTRIP
            | InputFlags::IXON,
    );
    raw.local_flags
        .remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN | LocalFlags::ISIG);
    raw.control_chars[Index::VMIN as usize] = 1;
    raw.control_chars[Index::VTIME as usize] = 0;
    raw
}
