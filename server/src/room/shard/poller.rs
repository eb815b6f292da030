//! Poller: the shard's own epoll set over its sockets and its waker.
//!
//! It is edge-triggered, so each connection keeps its last reported readiness. A runtime's reactor keeps 256
//! bytes and a waker for each socket, a quarter of what an idle user costs, and checking them took a fiftieth of the
//! server's time at full load.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use wac_core::roster::Slot;

/// Events taken at a time; further ones are taken the next time.
const EVENTS: usize = 1024;
/// The event data of the waker.
const WAKER: u64 = u64::MAX;

/// The readiness of a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer has closed, or the connection is broken: a read comes to an end.
    pub(super) hung_up: bool,
    /// Urgent data is in the stream: reads stop at it, short of what there is.
    pub(super) urgent: bool,
}

impl From<EventFlags> for Ready {
    fn from(flags: EventFlags) -> Self {
        let broken = flags.intersects(EventFlags::HUP | EventFlags::ERR);
        let hung_up = broken || flags.contains(EventFlags::RDHUP);
        Self {
            readable: hung_up || flags.contains(EventFlags::IN),
            writable: broken || flags.contains(EventFlags::OUT),
            hung_up,
            urgent: flags.contains(EventFlags::PRI),
        }
    }
}

/// The epoll set of a shard's sockets.
#[derive(Debug)]
pub(super) struct Poller(OwnedFd);

impl Poller {
    /// Creates a set that watches only the waker.
    ///
    /// # Errors
    /// If the system has no more descriptors.
    pub(super) fn new(waker: impl AsFd) -> io::Result<Self> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        let fires = EventFlags::IN | EventFlags::ET;
        epoll::add(&set, waker, EventData::new_u64(WAKER), fires)?;
        Ok(Self(set))
    }

    /// Watches a socket until it is closed. Readiness that it already has is reported, too.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub(super) fn watch(&self, socket: impl AsFd, slot: Slot) -> io::Result<()> {
        let flags =
            EventFlags::IN | EventFlags::PRI | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(
            &self.0,
            socket,
            EventData::new_u64(slot.0.into()),
            flags,
        )?)
    }

    /// Waits until a socket is ready or the waker fires, but no longer than `most`; reports the ready sockets.
    pub(super) fn wait(&self, most: Option<Duration>, mut tell: impl FnMut(Slot, Ready)) {
        let most = most.map(|most| Timespec {
            tv_sec: most.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: most.subsec_nanos().into(),
        });
        let mut room = [MaybeUninit::uninit(); EVENTS];
        let events: &[Event] = match epoll::wait(&self.0, &mut room, most.as_ref()) {
            Ok((events, _)) => events,
            // A signal is for another thread; the loop checks for work and waits again.
            Err(Errno::INTR) => &[],
            Err(error) => panic!("an epoll set of one's own can be waited for: {error}"),
        };
        for event in events {
            if let Ok(slot) = u32::try_from(event.data.u64()) {
                tell(Slot(slot), event.flags.into());
            }
        }
    }
}
