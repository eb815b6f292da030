//! State that the threads share: the clock, the phases, and the counts.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::JoinError;
use super::timeline::Seconds;
use crate::metrics::one_order::Order;
use crate::plan::Plan;
use crate::plan::ids::Message;
use crate::units::nanos;

/// Shared by all threads of a run.
///
/// # Ordering
/// Relaxed throughout: each value stands for itself. A delivery that is read before the sender's thread
/// could note the sending time is settled later.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// When the sending began; set before the phase is published.
    start: AtomicU64,
    /// When the write began with which the kernel took the last byte of each message; 0 = it has not.
    written: Box<[AtomicU64]>,
    /// For each sender: messages to the room that it has begun to send, and that the kernel has taken.
    begun: Box<[AtomicU32]>,
    taken: Box<[AtomicU32]>,
    /// The order in which readers read what was said to the room.
    pub(super) order: Order,
    /// For what is shown, brought up to date once a turn.
    pub(super) joined: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) faults: AtomicU64,
    /// Locked once a second by each worker, and by the coordinator for a moment.
    seconds: Mutex<Seconds>,
}

impl Shared {
    pub(super) fn new(plan: &Plan) -> Self {
        let none = |senders: u32| (0..senders).map(|_| AtomicU32::new(0)).collect();
        Self {
            clock: Clock::start(),
            start: AtomicU64::new(0),
            written: (0..plan.schedule.len())
                .map(|_| AtomicU64::new(0))
                .collect(),
            begun: none(plan.workload.senders),
            taken: none(plan.workload.senders),
            order: Order::new(plan.schedule.len()),
            joined: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            seconds: Mutex::default(),
        }
    }

    pub(super) fn start(&self) -> u64 {
        self.start.load(Relaxed)
    }

    pub(super) fn set_start(&self, at: u64) {
        self.start.store(at, Relaxed);
    }

    /// When the kernel was given the last byte of a message, if it took it.
    pub(super) fn written(&self, message: Message) -> Option<u64> {
        match self.written[message.index()].load(Relaxed) {
            0 => None,
            at => Some(at),
        }
    }

    /// A message is about to be written.
    pub(super) fn begin(&self, plan: &Plan, message: Message) {
        count(&self.begun, plan, message);
    }

    /// Notes when a message was written; returns whether it was for the first time.
    pub(super) fn set_written(&self, plan: &Plan, message: Message, at: u64) -> bool {
        let is_first = self.written[message.index()].swap(at.max(1), Relaxed) == 0;
        if is_first {
            count(&self.taken, plan, message);
        }
        is_first
    }

    /// How many messages to the room each sender has begun.
    pub(super) fn begun(&self) -> Vec<u32> {
        self.begun.iter().map(|count| count.load(Relaxed)).collect()
    }

    /// How many messages to the room the kernel has taken of each sender.
    pub(super) fn taken(&self) -> Vec<u32> {
        self.taken.iter().map(|count| count.load(Relaxed)).collect()
    }

    /// The whispers that the kernel has taken.
    pub(super) fn whispers_taken(&self, plan: &Plan) -> Vec<Message> {
        let messages = plan.schedule.messages();
        messages
            .filter(|&message| plan.schedule.is_whisper(message) && self.written(message).is_some())
            .collect()
    }

    pub(super) fn seconds(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock().expect("no holder of this lock panics")
    }
}

fn count(counts: &[AtomicU32], plan: &Plan, message: Message) {
    if !plan.schedule.is_whisper(message) {
        counts[plan.schedule.sender(message).index()].fetch_add(1, Relaxed);
    }
}

/// Monotonic time in nanoseconds since the run began; all threads share the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the run began; 64 bits are 584 years.
    pub(crate) fn now(self) -> u64 {
        nanos(self.0.elapsed())
    }

    /// A moment of the run as the runtime's timers want it.
    pub(crate) fn instant(self, at: u64) -> tokio::time::Instant {
        (self.0 + Duration::from_nanos(at)).into()
    }
}

/// What a run is doing. Times are nanoseconds of the run's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Users connect and log in.
    Joining,
    /// Messages are sent as they fall due.
    Sending,
    /// Nothing new is sent; what the kernel has not taken yet still is.
    Stopping { until: u64 },
    /// Nothing is sent; what is expected is awaited.
    Draining { until: u64 },
    /// The workers end.
    Over,
}

/// What a worker reports to the coordinator.
#[derive(Debug)]
pub(super) enum Event {
    /// All its users are logged in.
    Joined,
    /// A user can't be logged in.
    Refused(JoinError),
    /// Its last user's connection has ended, and none comes back.
    Deserted,
    /// A limit of the server was met; reported once for each kind.
    Limit,
    /// The kernel has taken everything it is to take.
    Flushed,
}
