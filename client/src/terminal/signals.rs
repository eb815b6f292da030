//! Signals: none is handled, those that matter are blocked and waited for. So what takes its usual
//! effect in the end does so as if the client had never known of it.

use std::fs;
use std::sync::{Arc, OnceLock};
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};

/// The signals that end the client.
pub(crate) const ENDINGS: [Signal; 4] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
];

type Handler = Box<dyn Fn(Signal) + Send + Sync>;

/// A watch over some signals, on a thread of its own. Until it has a handler, they take their usual
/// effect.
pub(crate) struct Watch(Arc<OnceLock<Handler>>);

impl Watch {
    /// Begins to watch; a signal that is ignored stays ignored. Threads started later leave the
    /// signals to the watch.
    pub(crate) fn begin(signals: &[Signal]) -> nix::Result<Self> {
        let ignored = ignored();
        let watched = signals.iter().filter(|signal| !ignored.contains(**signal));
        let watched: SigSet = watched.copied().collect();
        let handler: Arc<OnceLock<Handler>> = Arc::default();
        let watch = Self(handler.clone());
        // The thread is to be given no signal of the others; but where it touches the terminal in the
        // background, it stops like everybody.
        let mut others = SigSet::all();
        others.remove(Signal::SIGTTIN);
        others.remove(Signal::SIGTTOU);
        let before = others.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        thread::spawn(move || {
            while let Ok(signal) = watched.wait() {
                match handler.get() {
                    Some(handle) => handle(signal),
                    None => take_effect(signal),
                }
            }
        });
        before.thread_set_mask()?;
        watched.thread_block()?;
        Ok(watch)
    }

    /// Has the signals handled from now on. The first handler stays.
    pub(crate) fn handle(&self, handler: impl Fn(Signal) + Send + Sync + 'static) {
        // A second one is not wanted.
        let _ = self.0.set(Box::new(handler));
    }
}

/// Lets a signal take its usual effect on the process: most end it. Returns where the signal is
/// ignored, or once the process has been continued.
pub(crate) fn take_effect(signal: Signal) {
    let signals = SigSet::from(signal);
    // It is one that may be raised: there is nothing that could fail.
    let _ = signals.thread_unblock();
    let _ = raise(signal);
    let _ = signals.thread_block();
}

/// Dies of a signal; returns where it is ignored.
pub(crate) fn die_of(number: i32) {
    if let Ok(signal) = Signal::try_from(number) {
        take_effect(signal);
    }
}

/// Returns the signals that the process ignores, as it was started.
fn ignored() -> SigSet {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = ignored_mask(&status);
    let is_ignored = |signal: &Signal| mask & (1 << (*signal as u32 - 1)) != 0;
    Signal::iterator().filter(is_ignored).collect()
}

/// Returns the mask of ignored signals, of which the lowest bit is signal 1.
fn ignored_mask(status: &str) -> u64 {
    let masks = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    masks.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ignored_signals_are_read_from_the_status() {
        let status = "Name:\twac\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001003\n";
        assert_eq!(ignored_mask(status), 0x1003);
        assert_eq!(ignored_mask(""), 0);
    }

    #[test]
    fn rust_ignores_a_broken_pipe() {
        assert!(ignored().contains(Signal::SIGPIPE));
        assert!(!ignored().contains(Signal::SIGTERM));
    }
}
