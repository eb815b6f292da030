//! A worker: its share of the users, and its loop.
//!
//! ```text
//!  rest ─▶ follow the phase ▸ send what is due ▸ look at who is ready ▸ connect ▸ tell ─▶ rest
//! ```
//!
//! It rests until a socket is ready, a message is due or the phase changes. No step waits.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::{mpsc, watch};

use super::phase::{Event, Phase};
use super::ready::ReadyList;
use super::shared::Shared;
use super::timer::Timer;
use super::user::User;
use crate::arrivals::Arrivals;
use crate::figures::Figures;
use crate::ledger::Ledger;
use crate::limit::Limit;
use crate::plan::Plan;
use crate::share::Share;

/// The shared read buffer: what a reader that was away for a while may find at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// A worker's state.
pub(super) struct Worker {
    pub(super) plan: Arc<Plan>,
    pub(super) shared: Arc<Shared>,
    pub(super) share: Share,
    phases: watch::Receiver<Phase>,
    events: mpsc::UnboundedSender<Event>,
    /// The phase whose work has been begun.
    pub(super) phase: Phase,
    pub(super) users: Vec<User>,
    pub(super) ready: Arc<ReadyList>,
    timer: Timer,
    /// One for all users.
    pub(super) buffer: Box<[u8]>,
    /// The slots looked at in a turn, kept for their memory.
    looked_at: Vec<u32>,
    /// A line being written, kept for its memory.
    pub(super) line: Vec<u8>,
    /// Users logged in so far.
    pub(super) joined: u32,
    /// The next message of this worker's senders, or the number of all.
    pub(super) next_message: u32,
    /// Messages in outboxes.
    pub(super) unwritten: u32,
    /// `Event::Flushed` has been told.
    pub(super) flushed: bool,
    /// What each sender has sent, once that is final.
    pub(super) owed: Vec<u32>,
    pub(super) owed_in_all: u32,
    pub(super) books: Books,
    received_before: u64,
}

/// What a worker hands over at its end.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) arrivals: Arrivals,
    pub(super) figures: Figures,
    pub(super) limits: Vec<Limit>,
    /// Senders whose last lines the server may rightly not have taken: they were held back, or closed.
    pub(super) held: Vec<u32>,
    /// Connections that ended without a reason.
    pub(super) cut: u64,
    /// First deliveries.
    pub(super) received: u64,
    /// Messages the kernel took.
    pub(super) sent: u32,
    /// Deliveries that were read before their sending time was noted: message and time.
    pub(super) unsettled: Vec<(u32, u64)>,
}

impl Worker {
    /// To be called inside the worker's runtime.
    ///
    /// # Errors
    /// The system's, if there is no timer to be had.
    pub(super) fn new(
        share: Share,
        plan: Arc<Plan>,
        shared: Arc<Shared>,
        phases: watch::Receiver<Phase>,
        events: mpsc::UnboundedSender<Event>,
    ) -> io::Result<Self> {
        let mut worker = Self {
            share,
            phases,
            events,
            phase: Phase::Joining,
            users: Vec::with_capacity(share.of(plan.users) as usize),
            ready: Arc::default(),
            timer: Timer::new()?,
            buffer: vec![0; BUFFER_BYTES].into(),
            looked_at: Vec::new(),
            line: Vec::new(),
            joined: 0,
            next_message: 0,
            unwritten: 0,
            flushed: false,
            owed: Vec::new(),
            owed_in_all: 0,
            books: Books {
                ledger: Ledger::new(share, plan.users, plan.senders),
                arrivals: Arrivals::new(plan.schedule.len()),
                figures: Figures::default(),
                limits: Vec::new(),
                held: Vec::new(),
                cut: 0,
                received: 0,
                sent: 0,
                unsettled: Vec::new(),
            },
            received_before: 0,
            plan,
            shared,
        };
        worker.skip_others();
        Ok(worker)
    }

    /// Works until the run is over.
    pub(super) async fn run(mut self) -> Books {
        while self.phase != Phase::Over {
            self.turn();
            self.rest().await;
        }
        self.settle_services();
        self.books
    }

    /// One turn of the loop. Nothing in it waits.
    fn turn(&mut self) {
        self.follow_phase();
        self.send_due(self.shared.clock.now());
        self.look_at_ready();
        // Behind the reading: with all logins confirmed in one turn, nothing else would wake it.
        self.connect_more();
        self.tell_flushed();
        self.end_when_drained();
        self.tell_progress();
    }

    async fn rest(&mut self) {
        if let Some(at) = self.next_wake() {
            self.timer.arm(at, self.shared.clock.now());
        }
        let Self {
            ready,
            timer,
            phases,
            ..
        } = self;
        tokio::select! {
            biased;
            () = poll_fn(|cx| ready.poll(cx)) => {}
            () = timer.expired() => {}
            _ = phases.changed() => {}
        }
    }

    fn next_wake(&self) -> Option<u64> {
        match self.phase {
            Phase::Joining => None,
            Phase::Sending => self.next_due(),
            Phase::Stopping { until } | Phase::Draining { until } => Some(until),
            // It is not rested any more.
            Phase::Over => Some(0),
        }
    }

    fn follow_phase(&mut self) {
        let phase = *self.phases.borrow_and_update();
        if phase == self.phase || self.phase == Phase::Over {
            return;
        }
        self.phase = phase;
        if matches!(phase, Phase::Draining { .. }) {
            self.begin_to_drain();
        }
    }

    /// Looks at who is ready; what falls due meanwhile is not kept waiting by them.
    fn look_at_ready(&mut self) {
        let mut slots = std::mem::take(&mut self.looked_at);
        self.ready.take(&mut slots);
        for slot in slots.drain(..) {
            let now = self.look_at(slot);
            self.send_due(now);
        }
        self.looked_at = slots;
    }

    /// Writes and reads what one user's socket gives; returns the time after it.
    pub(super) fn look_at(&mut self, slot: u32) -> u64 {
        self.users[slot as usize].looked_at();
        self.flush(slot);
        self.read(slot)
    }

    fn tell_progress(&mut self) {
        let new = self.books.received - self.received_before;
        if new > 0 {
            self.received_before = self.books.received;
            self.shared.received.fetch_add(new, Relaxed);
        }
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listens any more when the run ends early.
        let _ = self.events.send(event);
    }
}
