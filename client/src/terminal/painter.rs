//! Painter: writes to the terminal, one frame at a time, whoever has something to show: the editor its
//! row, the printer the transcript, a signal that the size has changed.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
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

/// Who draws on the terminal.
enum Stage {
    /// The painter.
    Ours(Canvas),
    /// Another program, for a while.
    Lent(Canvas),
    /// Nobody any more.
    Closed,
}

/// The only one to write to the terminal.
pub(super) struct Painter {
    hub: Arc<Hub>,
    tty: Arc<Tty>,
    /// Held while a frame is written, which takes as long as the terminal wants.
    stage: Mutex<Stage>,
    /// Whether another program has the terminal; not held while anything is written.
    is_lent: Mutex<bool>,
    /// Signalled when another program has given the terminal back.
    returned: Condvar,
}

impl Painter {
    pub(super) fn new(hub: Arc<Hub>, tty: Arc<Tty>, resizing: Resizing) -> Self {
        Self {
            hub,
            tty,
            stage: Mutex::new(Stage::Ours(Canvas::new(resizing))),
            is_lent: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Returns the number of columns of the terminal.
    pub(super) fn columns(&self) -> usize {
        self.tty.size().columns
    }

    /// Prints lines above the row; waits while another program has the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn print(&self, lines: &str) -> io::Result<()> {
        let stage = loop {
            self.await_return(Duration::MAX);
            let stage = self.stage();
            if !matches!(*stage, Stage::Lent(_)) {
                break stage;
            }
        };
        self.paint_on(stage, |canvas, size| canvas.frame(lines, size))
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
            _ => self.paint(|canvas, size| canvas.frame("", size)),
        };
    }

    /// Gives the terminal back until the client is continued.
    fn suspend(&self) -> io::Result<()> {
        let mut stage = self.stage();
        if let Stage::Ours(canvas) = &mut *stage {
            self.give_back(canvas)?;
        }
        signals::take_effect(Signal::SIGTSTP);
        drop(stage);
        self.resume()
    }

    fn give_back(&self, canvas: &mut Canvas) -> io::Result<()> {
        let title = canvas.retitle(Unread::default());
        self.tty.leave(&(title + &canvas.hide_row(self.tty.size())))
    }

    /// Takes the terminal again. Where somebody has changed its modes, they have written, too.
    fn resume(&self) -> io::Result<()> {
        let stage = self.stage();
        if !matches!(*stage, Stage::Ours(_)) {
            return Ok(());
        }
        let was_taken = !self.tty.is_raw();
        self.tty.make_raw()?;
        self.paint_on(stage, |canvas, size| {
            let begin = if was_taken {
                canvas.forget()
            } else {
                String::new()
            };
            begin + &canvas.frame("", size)
        })
    }

    /// Lends the terminal to another program, until it has run. What is printed meanwhile waits.
    pub(super) fn lend<T>(&self, run: impl FnOnce(&Tty) -> T) -> T {
        let _held = self.tty.hold_keys();
        *self.is_lent() = true;
        self.set_stage(|stage| match stage {
            Stage::Ours(mut canvas) => {
                // A terminal that is gone is noticed where it is read.
                let _ = self.give_back(&mut canvas);
                Stage::Lent(canvas)
            }
            other => other,
        });
        let done = run(&self.tty);
        self.set_stage(|stage| match stage {
            Stage::Lent(canvas) => Stage::Ours(canvas),
            other => other,
        });
        let _ = self.resume();
        *self.is_lent() = false;
        self.returned.notify_all();
        done
    }

    /// Waits while another program has the terminal, no longer than this.
    pub(super) fn await_return(&self, patience: Duration) {
        let waited = self
            .returned
            .wait_timeout_while(self.is_lent(), patience, |is_lent| *is_lent);
        drop(waited);
    }

    fn is_lent(&self) -> MutexGuard<'_, bool> {
        self.is_lent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_stage(&self, change: impl FnOnce(Stage) -> Stage) {
        let mut stage = self.stage();
        *stage = change(mem::replace(&mut *stage, Stage::Closed));
    }

    /// Restores the terminal. Waits no longer than this for one that nobody reads.
    pub(super) fn close(self: &Arc<Self>, row: LastRow, patience: Duration) {
        let (done, closed) = mpsc::channel();
        let painter = self.clone();
        thread::spawn(move || {
            let last = match mem::replace(&mut *painter.stage(), Stage::Closed) {
                Stage::Ours(mut canvas) | Stage::Lent(mut canvas) => {
                    let title = canvas.retitle(Unread::default());
                    let size = painter.tty.size();
                    title
                        + &match row {
                            LastRow::Removed => canvas.hide_row(size),
                            LastRow::Kept => canvas.leave_row(size),
                        }
                }
                Stage::Closed => String::new(),
            };
            // It is lost if the terminal is.
            let _ = painter.tty.leave(&last);
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
        self.paint_on(self.stage(), draw)
    }

    fn paint_on(
        &self,
        mut stage: MutexGuard<'_, Stage>,
        draw: impl FnOnce(&mut Canvas, Size) -> String,
    ) -> io::Result<()> {
        let Stage::Ours(canvas) = &mut *stage else {
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

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
