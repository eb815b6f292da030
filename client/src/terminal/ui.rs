//! User interfaces of a chat: the loops that print the transcript and read the input.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::app::exit::ExitReason;
use crate::io::hub::{Hub, Task};

/// A way to show the transcript and to read the input.
pub(crate) trait Ui {
    /// Takes over the terminal, if there is one.
    ///
    /// # Errors
    /// The terminal lacks what the interface needs.
    fn open(self: Box<Self>, hub: &Arc<Hub>) -> rustyline::Result<OpenUi>;
}

/// Prints until the transcript is closed and empty.
pub(crate) type Print = Box<dyn FnOnce(&Hub) -> io::Result<()> + Send>;

/// Carries out the tasks for the input until it ends.
pub(crate) type Read = Box<dyn FnOnce(&Hub, Receiver<Task>) + Send>;

/// Waits until the transcript, which has been closed, is printed, and restores the terminal.
pub(crate) type Close = Box<dyn FnOnce(&Hub, &ExitReason, &Receiver<()>)>;

/// An interface whose threads can be started.
pub(crate) struct OpenUi {
    pub(crate) print: Print,
    pub(crate) read: Read,
    pub(crate) close: Close,
}

/// Waits until everything is printed. A run that a signal ends does not wait for its output, which
/// may be stuck.
pub(crate) fn wait_until_printed(_: &Hub, reason: &ExitReason, printed: &Receiver<()>) {
    if !matches!(reason, ExitReason::Signal(_)) {
        // An error means that the printer is gone.
        let _ = printed.recv();
    }
}
