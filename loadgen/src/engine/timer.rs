//! Timer of the kernel, precise to microseconds.
//!
//! The runtime's own timers go by milliseconds, which would be the largest part of most latencies; a
//! timer of the kernel wakes the same reactor when it is time.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::task::{Poll, ready};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

/// Wakes one worker at one moment.
#[derive(Debug)]
pub(super) struct Timer {
    fd: AsyncFd<Descriptor>,
    armed: Option<u64>,
}

/// The descriptor of a timer, as the reactor wants it.
#[derive(Debug)]
struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// # Errors
    /// The system's, if there are no more descriptors.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let fd = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for types whose descriptor may change; a TimerFd's does not"
        )]
        let fd = AsyncFd::new(Descriptor(fd))?;
        Ok(Self { fd, armed: None })
    }

    /// Sets the moment to wake at, in nanoseconds of the run's clock.
    pub(super) fn arm(&mut self, at: u64, now: u64) {
        if self.armed == Some(at) {
            return;
        }
        self.armed = Some(at);
        // 0 would disarm it.
        let left = Duration::from_nanos(at.saturating_sub(now).max(1));
        let expiration = Expiration::OneShot(TimeSpec::from_duration(left));
        let timer = &self.fd.get_ref().0;
        timer
            .set(expiration, TimerSetTimeFlags::empty())
            .expect("a timer of ours takes any time");
    }

    /// Waits for the moment. Nothing is read from the descriptor: the reactor reports each expiry
    /// once, and setting the timer anew forgets the last.
    ///
    /// # Cancel safety
    /// An expiry that was not seen is seen the next time.
    pub(super) async fn expired(&mut self) {
        let fd = &self.fd;
        poll_fn(|cx| {
            let mut ready =
                ready!(fd.poll_read_ready(cx)).expect("the reactor outlives its worker");
            ready.clear_ready();
            Poll::Ready(())
        })
        .await;
        self.armed = None;
    }
}
