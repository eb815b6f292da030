//! Outputs that nobody reads any more, noticed before anything is written.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Tells when nobody reads an output any more. A terminal that is gone says so itself.
pub(crate) fn watch(
    output: impl AsFd + IsTerminal + Send + 'static,
    tell: impl FnOnce() + Send + 'static,
) {
    if output.is_terminal() {
        return;
    }
    thread::spawn(move || {
        let mut watched = [PollFd::new(output.as_fd(), PollFlags::empty())];
        loop {
            match poll(&mut watched, PollTimeout::NONE) {
                Ok(_) => return tell(),
                Err(nix::Error::EINTR) => {}
                // Then the next line that is written tells.
                Err(_) => return,
            }
        }
    });
}
