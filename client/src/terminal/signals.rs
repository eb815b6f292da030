//! Signals that request the end.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Reports every signal that requests the end, on a thread of its own.
///
/// # Errors
/// The system refuses the handler.
pub(crate) fn watch(mut tell: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || signals.forever().for_each(&mut tell));
    Ok(())
}
