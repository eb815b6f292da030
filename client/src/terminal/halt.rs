//! Final stop of the editor, so that the code that restores the terminal knows what is on it.
//!
//! The editor cannot be told to end: only a key ends an edit. But it calls its helper before it
//! draws the row, and is held there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// The request to stop, shared by the requester and the editor.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    is_asked: Arc<AtomicBool>,
    stopped: Sender<String>,
}

impl Halt {
    /// Creates the request, and the channel that receives the row the editor would have drawn.
    pub(crate) fn new() -> (Self, Receiver<String>) {
        let (stopped, row) = mpsc::channel();
        let is_asked = Arc::default();
        (Self { is_asked, stopped }, row)
    }

    /// Stops the editor the next time it is about to draw its row.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Called before the row is drawn; does not return if the editor is to stop.
    pub(crate) fn reached(&self, prompt: &str, line: &str) {
        if !self.is_asked.load(Ordering::Relaxed) {
            return;
        }
        // A receiver that is gone means that the process is ending.
        let _ = self.stopped.send(format!("{prompt}{line}"));
        loop {
            thread::park();
        }
    }
}
