//! Where the editor stops for good, so that whoever gives the terminal back knows what is on it.
//!
//! The editor cannot be told to end: only a key ends an edit. But it asks before it draws the row,
//! and is kept there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// Shared by who asks the editor to stop, and the editor.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    is_asked: Arc<AtomicBool>,
    stopped: Sender<String>,
}

impl Halt {
    /// Returns what is asked, and where the row is told that would have been drawn.
    pub(crate) fn new() -> (Self, Receiver<String>) {
        let (stopped, row) = mpsc::channel();
        let is_asked = Arc::default();
        (Self { is_asked, stopped }, row)
    }

    /// Has the editor stop where it would draw its row the next time.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// The editor is about to draw its row: does not return if it is to stop.
    pub(crate) fn reached(&self, prompt: &str, line: &str) {
        if !self.is_asked.load(Ordering::Relaxed) {
            return;
        }
        // Where nobody waits any more, the process is ending.
        let _ = self.stopped.send(format!("{prompt}{line}"));
        loop {
            thread::park();
        }
    }
}
