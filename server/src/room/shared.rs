//! State shared by the shards and the acceptor. Locks are leaves: held for a few lines, one at a time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use wac_core::admission::Admission;
use wac_core::bucket::Rate;
use wac_core::flood::{RoomBudget, Said};
use wac_core::log::{Position, RoomLog, Sealed};
use wac_core::mark::RoomId;
use wac_core::name::NameSet;
use wac_core::notice_batch::Notices;
use wac_core::roster::{Roster, SessionId};
use wac_core::session::Audience;
use wac_core::unix_time::UnixSeconds;

use crate::config::Config;
use crate::config::args::Switch;
use crate::config::tls::Tls;
use crate::history::Progress;
use crate::room::cached_replies::CachedReplies;
use crate::room::figures::ByReason;
use crate::room::inbox::{INBOX_CAPACITY, Inbox, NewConnection};
use crate::room::locks::{Sleeper, lock};
use crate::room::logins::LoginChecks;
use crate::room::noise::Noise;
use crate::room::outbox::{Outbox, Returns};
use crate::room::peer::Peer;
use crate::room::policy::{Policies, Policy};
use crate::room::stop_phase::Phases;
use crate::room::transport::Wire;

/// The room: its log, and the gathered notices.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) log: RoomLog,
    /// `None` if notices are switched off.
    pub(crate) notices: Option<Notices>,
    /// For each shard, the time of the first append that it has not caught up with.
    pub(crate) unseen_since: Box<[Option<Duration>]>,
    /// For each shard, what came back from the stream of a cluster with the lines of the log.
    pub(crate) returns: Box<[Returns]>,
    /// The number of times that the log has been replaced.
    pub(crate) replaced: u64,
}

impl Room {
    /// Appends whole lines to the log, said now.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<Position, Sealed> {
        self.log.append(lines, unix_now())
    }

    /// Notes that something was appended.
    fn appended(&mut self, now: Duration) {
        for since in &mut self.unseen_since {
            since.get_or_insert(now);
        }
    }
}

/// The outcome of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Append<R> {
    /// It is in the log.
    Done(R),
    /// It has to wait for another shard's turn.
    NotYet,
    /// The log is sealed.
    Sealed,
}

/// The state shared by the shards and the acceptor.
#[derive(Debug)]
pub(crate) struct Shared {
    start: Instant,
    /// The time of the start by the calendar.
    pub(crate) started: SystemTime,
    pub(crate) window_bytes: usize,
    pub(crate) policies: Policies,
    pub(crate) replies: CachedReplies,
    room: Mutex<Room>,
    /// The log's head at the start.
    began: AtomicU64,
    /// The journal, if the room has one.
    pub(crate) history: Option<Progress>,
    /// The way to the other servers of a cluster; `None`: the room is this server's own.
    pub(crate) cluster: Option<Outbox>,
    /// The log's head, checked before the lock is taken.
    head: AtomicU64,
    /// The log's first position, and the number of its lines, for those who must not wait for the lock.
    window_start: AtomicU64,
    lines: AtomicU64,
    pub(crate) roster: Mutex<Roster>,
    /// Passwords to be checked.
    pub(crate) logins: LoginChecks,
    pub(crate) admission: Mutex<Admission>,
    room_budget: Mutex<RoomBudget>,
    sessions: AtomicU64,
    users: AtomicU64,
    /// Connections that the acceptor refused.
    pub(crate) refused: ByReason,
    pub(crate) inboxes: Box<[Arc<Inbox>]>,
    pub(crate) phases: Phases,
    /// Sessions ended by the stop that had received everything, and those that had not.
    pub(crate) stopped: AtomicUsize,
    pub(crate) cut_short: AtomicUsize,
    pub(crate) noise: Noise,
    /// The certificate of new TLS connections, if there is one.
    pub(crate) tls: Mutex<Option<Tls>>,
    /// Whispers dropped because their addressee was gone.
    pub(crate) undelivered: AtomicU64,
    pub(crate) drained: Notify,
    /// The watchdog, while it sleeps.
    pub(crate) watchdog: Sleeper,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        Self::with_inboxes(config, INBOX_CAPACITY)
    }

    /// Creates the state, with inboxes that hold `capacity` messages.
    pub(crate) fn with_inboxes(config: &Config, capacity: usize) -> Self {
        Self {
            start: Instant::now(),
            started: SystemTime::now(),
            window_bytes: config.window_bytes,
            policies: Policies::new(Policy::of(config)),
            replies: CachedReplies::default(),
            room: Mutex::new(Room {
                log: RoomLog::beginning_at(Position::default(), config.window_bytes, unix_now()),
                notices: notices(config),
                unseen_since: vec![None; config.shards].into(),
                returns: (0..config.shards).map(|_| Returns::new()).collect(),
                replaced: 0,
            }),
            began: AtomicU64::new(0),
            history: None,
            cluster: None,
            head: AtomicU64::new(0),
            window_start: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            roster: Mutex::new(roster(config)),
            logins: LoginChecks::new(config.accounts.clone().unwrap_or_default()),
            admission: Mutex::new(Admission::new(config.admission.clone())),
            room_budget: Mutex::default(),
            sessions: AtomicU64::new(0),
            users: AtomicU64::new(0),
            refused: ByReason::default(),
            inboxes: (0..config.shards)
                .map(|_| Arc::new(Inbox::new(capacity)))
                .collect(),
            phases: Phases::default(),
            stopped: AtomicUsize::new(0),
            cut_short: AtomicUsize::new(0),
            noise: Noise::default(),
            tls: Mutex::new(config.tls.clone()),
            undelivered: AtomicU64::new(0),
            drained: Notify::new(),
            watchdog: Sleeper::default(),
        }
    }

    /// Goes on with the log that a history left, and lets it be written on. Nobody has seen the room yet.
    pub(crate) fn going_on(mut self, log: RoomLog) -> Self {
        let head = log.head();
        self.began = AtomicU64::new(head.0);
        self.history = Some(Progress::at(head));
        self.head = AtomicU64::new(head.0);
        self.window_start = AtomicU64::new(log.start().0);
        let inboxes = self.inboxes.iter();
        inboxes.for_each(|inbox| inbox.set_tried(head));
        lock(&self.room).log = log;
        self
    }

    /// Serves a room that other servers serve as well, once the replicator has joined it.
    pub(crate) fn of_cluster(mut self) -> Self {
        self.cluster = Some(Outbox::default());
        self
    }

    /// Replaces the log by that of the room that was joined. Nobody reads the old one any more but those whose sessions have ended.
    pub(crate) fn replace_log(&self, log: RoomLog, id: RoomId) {
        self.began.store(log.head().0, Ordering::Relaxed);
        self.with_room(|room| {
            room.log = log;
            room.replaced += 1;
            room.returns.iter_mut().for_each(Vec::clear);
        });
        self.policies.set_room(id);
    }

    /// Returns the number of bytes appended since the start, or since the room was joined.
    pub(crate) fn bytes(&self) -> u64 {
        self.head()
            .0
            .saturating_sub(self.began.load(Ordering::Relaxed))
    }

    /// Returns how far the journal has come.
    ///
    /// # Panics
    /// If the room has none.
    pub(crate) fn journal(&self) -> &Progress {
        self.history.as_ref().expect("the room has a history")
    }

    /// Applies a configuration to the room that is open, and to those in it.
    pub(crate) fn adopt(&self, config: &Config) {
        let mut policy = Policy::of(config);
        policy.rules.room = self.policies.follow().rules.room;
        self.policies.set(policy);
        lock(&self.admission).set_limits(config.admission.clone());
        *lock(&self.tls) = config.tls.clone();
        {
            let mut roster = lock(&self.roster);
            roster.set_reserved(config.reserved.iter().cloned().collect());
            roster.set_registered(registered(config));
        }
        self.logins
            .set_accounts(config.accounts.clone().unwrap_or_default());
        self.with_room(|room| {
            if room.notices.is_some() != (config.notices == Switch::On) {
                room.notices = notices(config);
            }
        });
        if let Some(history) = &self.history {
            history.wake();
        }
    }

    /// Returns the time since the server's start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns an id that no session has had.
    pub(crate) fn next_session(&self) -> SessionId {
        SessionId(self.sessions.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Returns the number of connections that were let in.
    pub(crate) fn accepted(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Returns the number of people logged in.
    pub(crate) fn users(&self) -> u64 {
        self.users.load(Ordering::Relaxed)
    }

    /// Returns the number of connections that read the room.
    pub(crate) fn readers(&self) -> usize {
        match self.policies.follow().rules.audience {
            Audience::Anyone => self.sessions(),
            Audience::LoggedIn => usize::try_from(self.users()).unwrap_or(usize::MAX),
        }
    }

    pub(crate) fn user_logged_in(&self) {
        self.users.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn user_left(&self) {
        self.users.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the first position that the log still has.
    pub(crate) fn window_start(&self) -> Position {
        Position(self.window_start.load(Ordering::Relaxed))
    }

    /// Returns the number of lines of the log.
    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// Returns the log's head as of a moment ago.
    pub(crate) fn head(&self) -> Position {
        Position(self.head.load(Ordering::SeqCst))
    }

    /// Runs work on the locked room, and publishes the log's head.
    pub(crate) fn with_room<R>(&self, work: impl FnOnce(&mut Room) -> R) -> R {
        let mut room = lock(&self.room);
        let before = room.log.head();
        let result = work(&mut room);
        let head = room.log.head();
        if head != before {
            room.appended(self.now());
            self.window_start
                .store(room.log.start().0, Ordering::Relaxed);
            self.lines.store(room.log.lines(), Ordering::Relaxed);
        }
        self.head.store(head.0, Ordering::SeqCst);
        result
    }

    /// Appends at most `bytes` bytes, unless that would push lines out of the window that some shard has
    /// not tried to write: one burst larger than the window would close the whole room.
    pub(crate) fn append<R>(
        &self,
        bytes: usize,
        append: impl FnOnce(&mut Room) -> Result<R, Sealed>,
    ) -> Append<R> {
        let tried = self.tried();
        self.with_room(|room| {
            if room.log.window_start(room.log.head().plus(bytes)) > tried {
                return Append::NotYet;
            }
            append(room).map_or(Append::Sealed, Append::Done)
        })
    }

    /// Returns whether a number of bytes may be appended.
    pub(crate) fn may_append(&self, bytes: usize) -> bool {
        matches!(self.append(bytes, |_| Ok(())), Append::Done(()))
    }

    /// Takes a turn in the room for a number of bytes of a sender; returns its time.
    pub(crate) fn room_turn(
        &self,
        rate: Option<Rate>,
        bytes: usize,
        said: Said,
        now: Duration,
    ) -> Duration {
        match rate {
            Some(rate) if bytes > 0 => lock(&self.room_budget).turn(rate, bytes as u64, said, now),
            _ => now,
        }
    }

    /// Charges the room with bytes that were said on other nodes of a cluster.
    pub(crate) fn charge_room(&self, bytes: usize) {
        if bytes > 0
            && let Some(rate) = self.policies.follow().room_rate
        {
            lock(&self.room_budget).charge(rate, bytes as u64, self.now());
        }
    }

    /// Hands an admitted connection to the shard with the fewest sessions.
    pub(crate) fn hand_over(&self, wire: Wire, peer: Peer) {
        let inbox = self.inboxes.iter().min_by_key(|inbox| inbox.sessions());
        let connection = NewConnection {
            id: self.next_session(),
            peer,
            wire,
        };
        inbox
            .expect("there is at least one shard")
            .admit(connection);
    }

    /// Returns the position up to which every shard has tried every session.
    fn tried(&self) -> Position {
        self.inboxes
            .iter()
            .map(|inbox| inbox.tried())
            .min()
            .unwrap_or(Position::END)
    }

    /// Returns the number of connections.
    pub(crate) fn sessions(&self) -> usize {
        self.inboxes.iter().map(|inbox| inbox.sessions()).sum()
    }

    /// Wakes every shard that sleeps, and the journal.
    pub(crate) fn wake_all(&self) {
        for inbox in &self.inboxes {
            inbox.waker.wake();
        }
        if let Some(history) = &self.history {
            history.wake();
        }
    }
}

/// Returns the time by the calendar.
pub(crate) fn unix_now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixSeconds(since.unwrap_or_default().as_secs())
}

fn roster(config: &Config) -> Roster {
    let mut roster = Roster::new(config.reserved.iter().cloned().collect());
    roster.set_registered(registered(config));
    roster
}

fn registered(config: &Config) -> Arc<NameSet> {
    let accounts = config.accounts.as_ref();
    accounts.map(|it| it.names()).unwrap_or_default()
}

fn notices(config: &Config) -> Option<Notices> {
    (config.notices == Switch::On).then(Notices::default)
}
