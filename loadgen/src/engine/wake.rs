//! Waking: the list of users whose sockets are ready, and a timer of the kernel, precise to microseconds. The runtime's own
//! timers go by milliseconds, which would be the largest part of most latencies.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

use crate::plan::ids::Slot;

/// The slots of users whose sockets are ready. Wakes come from the worker's own thread, so the lock is
/// never contended.
#[derive(Debug, Default)]
pub(super) struct ReadyList(Mutex<Listed>);

#[derive(Debug, Default)]
struct Listed {
    slots: Vec<Slot>,
    worker: Option<Waker>,
}

impl ReadyList {
    /// Ready when there are slots to look at.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.slots.is_empty() {
            return Poll::Ready(());
        }
        match &mut state.worker {
            Some(worker) => worker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Moves the slots that are ready behind `into`.
    pub(super) fn take(&self, into: &mut Vec<Slot>) {
        into.append(&mut self.lock().slots);
    }

    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// What a user's socket wakes: it puts the user's slot on the ready list, once.
#[derive(Debug)]
pub(super) struct SlotWaker {
    slot: Slot,
    listed: AtomicBool,
    list: Arc<ReadyList>,
}

impl SlotWaker {
    pub(super) fn new(slot: Slot, list: Arc<ReadyList>) -> Arc<Self> {
        Arc::new(Self {
            slot,
            listed: AtomicBool::new(false),
            list,
        })
    }

    /// Notes that the user is being looked at, so that it may be listed again.
    pub(super) fn looked_at(&self) {
        self.listed.store(false, Ordering::Release);
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut state = self.list.lock();
        state.slots.push(self.slot);
        // The first wakes the worker; it takes all.
        if let Some(worker) = state.worker.take() {
            drop(state);
            worker.wake();
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_listed_once_until_it_is_looked_at() {
        let list = Arc::new(ReadyList::default());
        let waker = SlotWaker::new(Slot(4), list.clone());
        let mut slots = Vec::new();
        waker.wake_by_ref();
        waker.wake_by_ref();
        list.take(&mut slots);
        waker.wake_by_ref();
        list.take(&mut slots);
        assert_eq!(slots, [Slot(4)]);
        waker.looked_at();
        waker.wake_by_ref();
        list.take(&mut slots);
        assert_eq!(slots, [Slot(4), Slot(4)]);
    }
}
