//! Shard: one thread with one loop over the sessions that are ready.
//!
//! ```text
//!  rest ─▶ collect ▸ perform ▸ write ▸ close slow readers ─▶ rest
//!          │         │         │       └ full sockets whose place has left the window
//!          │         │         └ answers are placed; each session is written from its cursor
//!          │         └ lines are appended to the room log, whispers posted
//!          └ every ready socket is read once, before anything is appended
//! ```
//!
//! A session is an entry in the shard's table, not a task: when its socket is ready, its slot is put on
//! the ready list. No step waits for a socket, an inbox or a lock that is held for long.

mod collect;
mod connection;
mod direct_messages;
mod flight;
mod lifecycle;
mod link;
mod logins;
mod marks;
mod operator;
mod perform;
mod poller;
mod queues;
mod stop;
#[cfg(test)]
mod tests;
mod thread;
mod write;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use slab::Slab;
use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::log::{Position, View};
use wac_core::roster::{SessionId, ShardId, Slot};
use wac_core::session::Items;

use crate::room::inbox::{Inbox, TurnStep};
use crate::room::logins::Owner;
use crate::room::policy::Followed;
use crate::room::requests::ShardRequest;
use crate::room::shared::Shared;
use crate::room::stop_phase::Phase;
use crate::room::transport::Transport;
use connection::Connection;
use flight::Flight;
pub(crate) use lifecycle::LINGER;
use marks::WaitingMark;
use perform::Blocked;
use queues::Queues;
pub(crate) use thread::ShardThread;
use write::PendingWrite;

/// Bytes of lines waiting to be appended with which a shard stops reading.
const PENDING_BYTES: usize = 256 * 1024;

/// The state of a shard's loop.
struct Shard<T> {
    id: ShardId,
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    /// The policy of this turn.
    policy: Followed,
    queues: Queues,
    table: Slab<Connection<T>>,
    view: View,
    items: Items,
    /// Writes, by slot, that get their position once the lines before them have theirs.
    pending_writes: Vec<(Slot, PendingWrite)>,
    /// Requests of the operator, to be answered in this turn.
    requests: Vec<ShardRequest>,
    /// Owners who wait for a session of this shard to leave their name.
    heirs: Vec<(SessionId, Owner)>,
    /// Marks that wait for the journal, in the order of their places and times.
    marks: VecDeque<WaitingMark>,
    /// The time at which gathered notices are due.
    notices_due: Option<Duration>,
    /// The head up to which every session has been tried.
    passed: Position,
    /// Bytes of the past that may still be shown in this turn.
    replay_left: usize,
    /// The time of the first append that this turn caught up with.
    appended: Option<Duration>,
    /// The reason for due items to wait.
    blocked: Option<Blocked>,
    flight: Flight,
    /// The number of times that the log had been replaced when the view caught up with it.
    replaced: u64,
    /// The phase whose work has been done.
    phase: Phase,
    settled: bool,
    scratch: Box<[u8; MAX_CLIENT_LINE_BYTES]>,
}

impl<T: Transport> Shard<T> {
    fn new(id: ShardId, shared: Arc<Shared>) -> Self {
        let inbox = shared.inboxes[id.index()].clone();
        let mut view = View::default();
        shared.with_room(|room| view.catch_up(&room.log));
        Self {
            id,
            queues: Queues::default(),
            policy: shared.policies.follow(),
            inbox,
            table: Slab::new(),
            passed: view.head(),
            view,
            items: Items::default(),
            pending_writes: Vec::new(),
            requests: Vec::new(),
            heirs: Vec::new(),
            marks: VecDeque::new(),
            notices_due: None,
            replay_left: 0,
            appended: None,
            blocked: None,
            flight: Flight::default(),
            replaced: 0,
            phase: Phase::Serving,
            settled: false,
            scratch: Box::new([0; MAX_CLIENT_LINE_BYTES]),
            shared,
        }
    }

    /// Runs one turn of the loop. Nothing in it waits.
    fn turn(&mut self, now: Duration) {
        self.ingest(now);
        self.flush(now);
    }

    /// Collects and performs.
    fn ingest(&mut self, now: Duration) {
        self.inbox.progress.begin(TurnStep::Collect);
        if self.policy.catch_up(&self.shared.policies) {
            self.judge_all_visitors();
        }
        self.follow_phase(now);
        self.follow_cuts(now);
        self.tell_of_silence();
        self.fire_timers(now);
        self.collect(now);
        self.take_logins(now);
        self.take_deliveries(now);
        self.answer_requests(now);
        self.inbox.progress.begin(TurnStep::Perform);
        // A whisper posted before a PING was read must come before its PONG.
        self.take_messages();
        self.perform(now);
    }

    /// Writes, and closes slow readers. Sees what other shards did between the two halves.
    fn flush(&mut self, now: Duration) {
        self.inbox.progress.begin(TurnStep::Write);
        self.catch_up(now);
        self.place(now);
        self.answer_marks(now);
        // A whisper posted before a line was appended must come before that line.
        self.take_messages();
        self.write(now);
        self.close_slow_readers(now);
        self.read_later();
        self.report();
        self.report_cut();
        self.inbox.progress.begin(TurnStep::Rest);
    }

    fn has_work(&self) -> bool {
        !self.queues.ready.is_empty()
            || self.shared.head() != self.view.head()
            || self.inbox.returns.is_up()
            || self.has_news_of_stream()
            || self.inbox.has_messages()
            || !self.queues.replaying.is_empty()
            || !self.inbox.new_connections.is_empty()
            || !self.inbox.logins.is_empty()
            || !self.inbox.deliveries.is_empty()
            || self.inbox.has_requests()
            || self.has_decided_marks()
            || self.shared.phases.now() != self.phase
            || match &self.blocked {
                Some(Blocked::Flight) => !self.flight.is_full(),
                Some(blocked) => blocked.may_go(&self.shared),
                None => !self.items.is_empty(),
            }
    }

    /// Returns the time of the next timer or gathered notice. Notices that wait for another shard, or
    /// that a stop suppresses, do not count.
    fn next_deadline(&self) -> Option<Duration> {
        let told = self.blocked.is_none() && self.phase == Phase::Serving;
        let notices = self.notices_due.filter(|_| told);
        let marks = self.marks.front().map(|mark| mark.until);
        let timers = self.queues.timers.next().into_iter();
        timers.chain(notices).chain(marks).min()
    }

    /// Takes over the lines appended by this shard and others, and what has come back with them.
    fn catch_up(&mut self, now: Duration) {
        let has_returns = self.inbox.returns.take();
        if self.shared.head() == self.view.head() && !has_returns {
            return;
        }
        let Self {
            shared,
            view,
            id,
            replaced,
            passed,
            ..
        } = self;
        let returns = shared.with_room(|room| {
            if room.replaced != *replaced {
                *replaced = room.replaced;
                *view = View::default();
                *passed = room.log.head();
            }
            view.catch_up(&room.log);
            self.appended = room.unseen_since[id.index()].take();
            std::mem::take(&mut room.returns[id.index()])
        });
        // Whoever was cut short waits for nothing any more.
        if !returns.is_empty() && self.phase < Phase::Cut {
            self.take_returns(returns, now);
        }
    }
}
