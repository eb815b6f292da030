//! Keyboard: passes what is typed through the key filter to the editor.
//!
//! ```text
//!  terminal ─▶ keyboard: KeyFilter ─▶ pseudo-terminal ─▶ rustyline ─▶ /dev/null
//! ```
//! rustyline reads standard input, which has to be a terminal, and obeys whatever comes from it; so it
//! is given a pseudo-terminal of its own. What it draws nobody sees: the [painter](super::painter)
//! draws the row.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::time::Instant;

use nix::fcntl::OFlag;
use nix::poll::PollTimeout;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{Pid, dup2_stdin, dup2_stdout};

use super::key_filter::{KeyFilter, Typed};
use super::tty::Tty;
use crate::app::Event;
use crate::app::exit::ExitReason;
use crate::io::hub::Hub;

/// Bytes asked for in one read: as many as a terminal keeps.
const READ_BYTES: usize = 4096;

/// The thread that reads the terminal.
pub(super) struct Keyboard {
    tty: Arc<Tty>,
    filter: KeyFilter,
    /// The editor's standard input.
    editor: PtyMaster,
}

impl Keyboard {
    /// Puts itself between the terminal and standard input, and takes standard output away.
    ///
    /// # Errors
    /// There is no pseudo-terminal to be had.
    pub(super) fn attach(tty: Arc<Tty>) -> io::Result<Self> {
        let editor = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&editor)?;
        unlockpt(&editor)?;
        dup2_stdin(open_raw(&ptsname_r(&editor)?)?)?;
        dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        let filter = KeyFilter::new(tty.control_keys(), Instant::now());
        Ok(Self {
            tty,
            filter,
            editor,
        })
    }

    /// Passes keys on until the terminal is gone.
    pub(super) fn run(mut self, hub: &Hub) {
        let reason = loop {
            match self.pass(hub) {
                Ok(()) => {}
                Err(_) if self.tty.is_hung_up() => {
                    break ExitReason::Signal(Signal::SIGHUP as i32);
                }
                Err(error) => {
                    break ExitReason::Failed(format!("cannot read the terminal: {error}"));
                }
            }
        };
        hub.end(reason);
    }

    fn pass(&mut self, hub: &Hub) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        let typed = if self.wait()? {
            match self.tty.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.filter.feed(&buffer[..count], Instant::now()),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
                Err(error) => return Err(error),
            }
        } else {
            self.filter.expire(Instant::now())
        };
        for typed in typed {
            self.perform(typed, hub)?;
        }
        Ok(())
    }

    /// Waits for keys, as long as the filter waits for the rest of others.
    fn wait(&self) -> io::Result<bool> {
        let patience = match self.filter.due() {
            None => PollTimeout::NONE,
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now());
                // Not before it is due, and so a millisecond later.
                u16::try_from(left.as_millis() + 1).map_or(PollTimeout::ZERO, PollTimeout::from)
            }
        };
        match self.tty.wait(patience) {
            Err(nix::Error::EINTR) => Ok(false),
            waited => Ok(waited?),
        }
    }

    fn perform(&mut self, typed: Typed, hub: &Hub) -> io::Result<()> {
        hub.on(match typed {
            Typed::Focus(focus) => Event::Focus(focus),
            _ => Event::Key,
        });
        match typed {
            Typed::Keys(keys) => self.editor.write_all(&keys),
            Typed::Focus(_) => Ok(()),
            // As the terminal itself does, it stops all that belongs to the job.
            Typed::Suspend => Ok(kill(Pid::from_raw(0), Signal::SIGTSTP)?),
            Typed::Cut => {
                hub.tell("the paste is too long: its end is cut off".to_owned());
                Ok(())
            }
        }
    }
}

/// Opens a terminal that passes each key on at once and unchanged, also before it is edited.
fn open_raw(name: &str) -> io::Result<File> {
    let terminal = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOCTTY.bits())
        .open(name)?;
    let mut modes = tcgetattr(&terminal)?;
    cfmakeraw(&mut modes);
    tcsetattr(&terminal, SetArg::TCSANOW, &modes)?;
    Ok(terminal)
}
