//! Standard input of the editor: a terminal for it to set up, then a pipe for it to read.
//!
//! rustyline edits a terminal alone, and looks at standard input each time it begins. To read the keys
//! from a terminal too would delay each of them: the kernel has a pseudo-terminal's bytes delivered by
//! a worker, which takes it eight times as long as a pipe.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::unistd::{dup2_stdin, dup2_stdout, pipe2};
use std::os::unix::fs::OpenOptionsExt;

/// What standard input is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Terminal,
    Keys,
}

/// The two files that standard input is by turns.
#[derive(Debug)]
pub(super) struct EditorInput {
    terminal: File,
    /// Without it the terminal would be gone.
    _master: PtyMaster,
    keys: OwnedFd,
    shown: Cell<Shown>,
}

impl EditorInput {
    /// Takes standard input, and standard output away; returns the end to write the keys to.
    ///
    /// # Errors
    /// There is no pseudo-terminal to be had.
    pub(super) fn open() -> io::Result<(Self, File)> {
        let (keys, typed) = pipe2(OFlag::O_CLOEXEC)?;
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let terminal = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NOCTTY.bits())
            .open(ptsname_r(&master)?)?;
        let input = Self {
            terminal,
            _master: master,
            keys,
            shown: Cell::new(Shown::Keys),
        };
        input.begin()?;
        dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        Ok((input, typed.into()))
    }

    /// Shows the terminal to an editor that begins.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.shown.set(Shown::Terminal);
        Ok(dup2_stdin(&self.terminal)?)
    }

    /// Passes the keys to an editor that has begun.
    pub(super) fn pass_keys(&self) {
        if self.shown.replace(Shown::Keys) == Shown::Terminal {
            dup2_stdin(&self.keys).expect("both files are open");
        }
    }
}
