//! Signals that ask for the end.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells of every signal that asks for the end.
///
/// # Errors
/// Where the system takes no handler.
pub(crate) fn watch(mut tell: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || signals.forever().for_each(&mut tell));
    Ok(())
}
