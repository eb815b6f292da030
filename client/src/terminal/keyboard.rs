//! Keyboard: passes what is typed through the key filter to the editor.
//!
//! ```text
//!  terminal ─▶ keyboard: KeyFilter ─▶ pipe ─▶ rustyline ─▶ /dev/null
//! ```
//! rustyline obeys whatever comes from standard input. What it draws nobody sees: the
//! [painter](super::painter) draws the row.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Instant;

use nix::poll::PollTimeout;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::key_filter::{CTRL_C, KeyFilter, PASTE, Typed};
use super::password::PasswordKeys;
use super::tty::Tty;
use crate::app::exit::ExitReason;
use crate::app::{Event, PromptState};
use crate::io::hub::Hub;

/// Bytes asked for in one read: as many as a terminal keeps.
const READ_BYTES: usize = 4096;

const ENTER: &[u8] = b"\r";

/// The thread that reads the terminal.
pub(super) struct Keyboard {
    tty: Arc<Tty>,
    filter: KeyFilter,
    /// The editor's standard input.
    editor: File,
    password: PasswordKeys,
}

impl Keyboard {
    /// Passes keys to the editor that reads the other end of this pipe.
    pub(super) fn new(tty: Arc<Tty>, editor: File) -> Self {
        let filter = KeyFilter::new(tty.control_keys(), Instant::now());
        Self {
            tty,
            filter,
            editor,
            password: PasswordKeys::default(),
        }
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

    /// Keeps keys for the row, which is not there before the first login: until then the client can be
    /// left, and made to connect at once.
    fn type_ahead(&mut self, keys: &[u8], hub: &Hub) -> io::Result<()> {
        let is_paste = keys.starts_with(PASTE);
        if !is_paste && keys.contains(&CTRL_C) {
            hub.on(Event::Interrupted);
            return Ok(());
        }
        if keys == ENTER {
            hub.on(Event::Entered(String::new()));
        }
        self.editor.write_all(keys)
    }

    /// Takes the keys of a password; those behind it are typed.
    fn type_password(&mut self, keys: &[u8], hub: &Hub) -> io::Result<()> {
        let Some((event, rest)) = self.password.feed(keys) else {
            return Ok(());
        };
        hub.on(event);
        if rest.is_empty() {
            return Ok(());
        }
        self.perform(Typed::Keys(rest), hub)
    }

    fn perform(&mut self, typed: Typed, hub: &Hub) -> io::Result<()> {
        hub.on(match typed {
            Typed::Focus(focus) => Event::Focus(focus),
            _ => Event::Key,
        });
        match typed {
            Typed::Keys(keys) if hub.prompt_state() == PromptState::Password => {
                self.type_password(&keys, hub)
            }
            Typed::Keys(keys) if hub.waits_for_login() => self.type_ahead(&keys, hub),
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
