//! Worker: its part of the users, and its loop.
//!
//! ```text
//!  rest ─▶ follow the phase ▸ send and move what is due ▸ look at who is ready ▸ connect ▸ report ─▶ rest
//! ```
//!
//! It rests until a socket is ready, a message is about to be due or the phase changes. No step waits.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::{mpsc, watch};

use super::churn::ChurnState;
use super::metrics::Metrics;
use super::receive::{Dates, Inbox};
use super::shared::Shared;
use super::shared::{Event, Phase};
use super::timeline::SecondState;
use super::user::User;
use super::wake::ReadyList;
use super::wake::Timer;
use crate::machine::host::cpu_of_this_thread;
use crate::plan::Plan;
use crate::plan::ids::{Message, Partition, Slot};

/// So long before a message is due a worker gets up, but never earlier than in the last quarter of its rest: a timer of an idle
/// machine is late by about 0.2 ms, and the core of who has just slept is slow to read what comes. With 0.3 ms the last tenth
/// of the fan-outs of 100 messages a second took a sixth longer; with 1 ms and more nothing gets better, but it costs CPU.
const EARLY_NS: u64 = 800_000;
const EARLY_SHARE: u64 = 4;
/// So long after it has received something a worker looks again before it sleeps: each sleep between two deliveries is one more
/// wake-up that the server pays for, in the middle of its fan-out (with none of this the last tenth of the fan-outs of 100
/// messages a second took a ninth longer).
const LINGER_NS: u64 = 100_000;

/// Looks between two at the clock: ten microseconds' work.
const LOOKS: usize = 4;

/// A worker's state.
pub(super) struct Worker {
    pub(super) plan: Arc<Plan>,
    pub(super) shared: Arc<Shared>,
    pub(super) partition: Partition,
    phases: watch::Receiver<Phase>,
    events: mpsc::UnboundedSender<Event>,
    /// The phase whose work has been begun.
    pub(super) phase: Phase,
    pub(super) users: Vec<User>,
    pub(super) ready: Arc<ReadyList>,
    timer: Timer,
    /// The moment that it has got up for, early, and awaits awake.
    awaited: Option<u64>,
    /// One for all users.
    pub(super) inbox: Inbox,
    pub(super) dates: Dates,
    /// The slots looked at in a turn, kept for their memory.
    looked_at: Vec<Slot>,
    /// A line being written, kept for its memory.
    pub(super) line: Vec<u8>,
    /// Users logged in for the first time so far.
    pub(super) joined: u32,
    /// Users whose connections have ended for good.
    pub(super) gone: u32,
    /// The next message of this worker's senders, or the number of all.
    pub(super) next_message: Message,
    /// Messages in outboxes.
    pub(super) unwritten: u32,
    /// `Event::Flushed` has been reported.
    pub(super) flushed: bool,
    pub(super) churn: ChurnState,
    pub(super) second: SecondState,
    /// What each sender has sent to the room, once that is final.
    pub(super) expected: Vec<u32>,
    pub(super) expected_in_all: u32,
    /// For each slot that awaits whispers: how many of those that were sent have not come, once that is final.
    pub(super) awaited_whispers: HashMap<Slot, u32>,
    pub(super) metrics: Metrics,
    received_before: u64,
    /// When it last found that something had been received.
    received_at: u64,
}

impl Worker {
    /// To be called inside the worker's runtime.
    ///
    /// # Errors
    /// The system's, if there is no timer to be had.
    pub(super) fn new(
        partition: Partition,
        plan: Arc<Plan>,
        shared: Arc<Shared>,
        phases: watch::Receiver<Phase>,
        events: mpsc::UnboundedSender<Event>,
    ) -> io::Result<Self> {
        let mut worker = Self {
            partition,
            phases,
            events,
            phase: Phase::Joining,
            users: Vec::with_capacity(partition.of(plan.workload.users) as usize),
            ready: Arc::default(),
            timer: Timer::new()?,
            awaited: None,
            inbox: Inbox::new(&plan),
            dates: Dates::new(shared.clock),
            looked_at: Vec::new(),
            line: Vec::new(),
            joined: 0,
            gone: 0,
            next_message: Message(0),
            unwritten: 0,
            flushed: false,
            churn: ChurnState::default(),
            second: SecondState::default(),
            expected: Vec::new(),
            expected_in_all: 0,
            awaited_whispers: HashMap::new(),
            metrics: Metrics::new(partition, &plan),
            received_before: 0,
            received_at: 0,
            plan,
            shared,
        };
        worker.skip_others();
        Ok(worker)
    }

    /// Works until the run is over.
    pub(super) async fn run(mut self) -> Metrics {
        while self.phase != Phase::Over {
            self.turn();
            self.rest().await;
        }
        self.hand_over_second();
        self.metrics.tally.storm_missing = self.churn.missing;
        self.count_never_back();
        self.metrics
    }

    /// One turn of the loop. Nothing in it waits.
    fn turn(&mut self) {
        self.follow_phase();
        let now = self.dates.compare();
        self.turn_second(now);
        self.send_due(now);
        self.churn_users(now);
        self.look_at_ready();
        // Behind the reading: with all logins confirmed in one turn, nothing else would wake it.
        self.connect_more();
        let now = self.shared.clock.now();
        self.tell_progress(now);
        // What was read may have opened the gate of a closed loop, and nothing else might wake it.
        self.send_due(now);
        self.tell_flushed();
        self.end_when_drained();
    }

    async fn rest(&mut self) {
        let wake = self.next_wake();
        if self.lingers() || (wake.is_some() && wake == self.awaited) {
            tokio::task::yield_now().await;
        } else {
            self.sleep(wake).await;
        }
        self.note_lag(wake);
    }

    /// Whether more deliveries may be on their way.
    fn lingers(&self) -> bool {
        self.phase == Phase::Sending && self.shared.clock.now() < self.received_at + LINGER_NS
    }

    /// Sleeps until there is something to do, or a little before `wake`.
    async fn sleep(&mut self, wake: Option<u64>) {
        let now = self.shared.clock.now();
        let get_up = wake.map(|at| at - (at.saturating_sub(now) / EARLY_SHARE).min(EARLY_NS));
        if let Some(get_up) = get_up {
            self.timer.arm(get_up, now);
        }
        let Self {
            ready,
            timer,
            phases,
            phase,
            ..
        } = self;
        tokio::select! {
            biased;
            () = poll_fn(|cx| ready.poll(cx)) => {}
            () = timer.expired() => {}
            // Nobody leads any more: the run could not go on.
            changed = phases.changed() => if changed.is_err() { *phase = Phase::Over },
        }
        // By the clock: an expiry may be that of an earlier rest.
        if get_up.is_some_and(|at| at <= self.shared.clock.now()) {
            self.awaited = wake;
        }
    }

    /// Notes how late it is awake, where there was a moment to be awake at.
    fn note_lag(&mut self, wake: Option<u64>) {
        let now = self.shared.clock.now();
        if let Some(at) = wake.filter(|&at| self.phase == Phase::Sending && at <= now) {
            self.metrics.measured.lag.record(at, now);
        }
    }

    fn next_wake(&self) -> Option<u64> {
        match self.phase {
            Phase::Joining => self.next_connect().filter(|_| self.has_room_to_join()),
            Phase::Sending if self.flushed => Some(self.next_second()),
            Phase::Sending => {
                let due = self.next_send().into_iter().chain(self.next_churn());
                // Behind the end only who is away may have something to send.
                let end = Some(self.sending_ends()).filter(|_| !self.is_sending_over());
                due.chain(end).chain([self.next_second()]).min()
            }
            Phase::Stopping { until } => (!self.flushed).then_some(until),
            Phase::Draining { until } => self.next_return().into_iter().chain([until]).min(),
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
        match phase {
            Phase::Sending => self
                .metrics
                .began(cpu_of_this_thread(), self.shared.clock.now()),
            Phase::Draining { .. } => {
                self.metrics
                    .ended(cpu_of_this_thread(), self.shared.clock.now());
                self.begin_to_drain();
            }
            _ => {}
        }
    }

    /// Looks at who is ready; what falls due meanwhile is not kept waiting by more than a few of them.
    fn look_at_ready(&mut self) {
        let mut slots = std::mem::take(&mut self.looked_at);
        self.ready.take(&mut slots);
        for few in slots.chunks(LOOKS) {
            few.iter().for_each(|&slot| self.look_at(slot));
            self.send_due(self.shared.clock.now());
        }
        slots.clear();
        self.looked_at = slots;
    }

    /// Writes and reads what one user's socket gives.
    pub(super) fn look_at(&mut self, slot: Slot) {
        self.users[slot.index()].looked_at();
        self.flush(slot);
        self.read(slot);
        if self.users[slot.index()].may_go_on() {
            self.flush(slot);
        }
    }

    fn tell_progress(&mut self, now: u64) {
        let new = self.metrics.received - self.received_before;
        if new > 0 {
            self.received_at = now;
            self.received_before = self.metrics.received;
            self.shared.received.fetch_add(new, Relaxed);
        }
    }

    pub(super) fn report(&self, event: Event) {
        // Nobody listens any more when the run ends early.
        let _ = self.events.send(event);
    }
}
