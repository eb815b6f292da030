//! Painter: writes to the terminal, one frame at a time, whoever has something to show: the editor its
//! row, the printer the transcript, a signal that the size has changed.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::canvas::{Canvas, Resizing};
use super::osc;
use super::row::{Chatter, Row, Size};
use super::signals;
use super::tty::Tty;
use crate::app::Unread;
use crate::io::hub::Hub;

/// What becomes of the row at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastRow {
    /// It is taken away: the user has left it empty.
    Removed,
    /// It stays to be read.
    Kept,
}

/// The only one to write to the terminal.
pub(super) struct Painter {
    hub: Arc<Hub>,
    tty: Arc<Tty>,
    /// Nothing is drawn any more without a canvas. Held while a frame is written, which takes as long
    /// as the terminal wants.
    canvas: Mutex<Option<Canvas>>,
}

impl Painter {
    pub(super) fn new(hub: Arc<Hub>, tty: Arc<Tty>, resizing: Resizing) -> Self {
        Self {
            hub,
            tty,
            canvas: Mutex::new(Some(Canvas::new(resizing))),
        }
    }

    /// Returns the number of columns of the terminal.
    pub(super) fn columns(&self) -> usize {
        self.tty.size().columns
    }

    /// Prints lines above the row.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn print(&self, lines: &str) -> io::Result<()> {
        self.paint(|canvas, size| canvas.frame(lines, size))
    }

    /// Shows the row as it is edited.
    pub(super) fn show_row(&self, row: Row) {
        self.try_paint(|canvas, size| {
            canvas.set_row(row);
            canvas.frame("", size)
        });
    }

    /// Leaves the row where it is, for good.
    pub(super) fn leave_row(&self) {
        self.try_paint(Canvas::leave_row);
    }

    /// Clears the screen but for the row.
    pub(super) fn clear(&self) {
        self.try_paint(Canvas::clear);
    }

    /// Reacts to a signal that is about the terminal.
    pub(super) fn on_signal(&self, signal: Signal) {
        // A terminal that is gone is noticed where it is read.
        let _ = match signal {
            Signal::SIGTSTP => self.suspend(),
            Signal::SIGCONT => self.resume(),
            _ => self.print(""),
        };
    }

    /// Gives the terminal back until the client is continued.
    fn suspend(&self) -> io::Result<()> {
        let mut canvas = self.canvas();
        if let Some(canvas) = &mut *canvas {
            let title = canvas.retitle(Unread::default());
            self.tty
                .leave(&(title + &canvas.hide_row(self.tty.size())))?;
        }
        signals::take_effect(Signal::SIGTSTP);
        drop(canvas);
        self.resume()
    }

    /// Takes the terminal again. Where somebody has changed its modes, they have written, too.
    fn resume(&self) -> io::Result<()> {
        let was_taken = !self.tty.is_raw();
        self.tty.make_raw()?;
        self.paint(|canvas, size| {
            let begin = if was_taken {
                canvas.forget()
            } else {
                String::new()
            };
            begin + &canvas.frame("", size)
        })
    }

    /// Restores the terminal. Waits no longer than this for one that nobody reads.
    pub(super) fn close(self: &Arc<Self>, row: LastRow, patience: Duration) {
        let (done, closed) = mpsc::channel();
        let painter = self.clone();
        thread::spawn(move || {
            let canvas = painter.canvas().take();
            let last = canvas.map(|mut canvas| {
                let title = canvas.retitle(Unread::default());
                let size = painter.tty.size();
                title
                    + &match row {
                        LastRow::Removed => canvas.hide_row(size),
                        LastRow::Kept => canvas.leave_row(size),
                    }
            });
            // It is lost if the terminal is.
            let _ = painter.tty.leave(&last.unwrap_or_default());
            let _ = done.send(());
        });
        let _ = closed.recv_timeout(patience);
        self.tty.restore();
    }

    fn try_paint(&self, draw: impl FnOnce(&mut Canvas, Size) -> String) {
        // A terminal that is gone is noticed where it is read.
        let _ = self.paint(draw);
    }

    fn paint(&self, draw: impl FnOnce(&mut Canvas, Size) -> String) -> io::Result<()> {
        let mut canvas = self.canvas();
        let Some(canvas) = &mut *canvas else {
            return Ok(());
        };
        // The connection may have gone since the row was drawn.
        canvas.set_chatter(Chatter {
            name: self.hub.name(),
            state: self.hub.prompt_state(),
        });
        let title = canvas.retitle(self.hub.unread());
        let notification = self.hub.take_notification();
        let notification = notification.map(|text| osc::notification(&text));
        let frame = draw(canvas, self.tty.size());
        self.tty
            .write(&[title, notification.unwrap_or_default(), frame].concat())
    }

    fn canvas(&self) -> MutexGuard<'_, Option<Canvas>> {
        self.canvas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
