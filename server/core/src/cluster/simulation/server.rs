//! Server of the simulation: a node with its people, its link to the broker, and its process.

use std::time::Duration;

use fastrand::Rng;

use super::broker::Broker;
use crate::cluster::{
    Applied, Effect, Founding, Host, Message, Node, Outcome, Over, Record, Snapshot,
};
use crate::log::Position;
use crate::mark::RoomId;
use crate::name::{Folded, Name};
use crate::roster::{KeyedName, NodeId, Roster, SessionAddress, SessionId, ShardId, Slot};

/// Two of them are the same, and two look alike.
const NAMES: [&str; 5] = ["ann", "Ann", "\u{430}nn", "bob", "carla"];
/// Messages that are read in one step.
const READ: usize = 40;

pub(super) struct Server {
    index: usize,
    /// What its clock shows beyond the world's.
    clock: Duration,
    roster: Roster,
    node: Option<Node>,
    log: Log,
    /// The time until which the process is stopped, or down.
    stopped_until: Duration,
    is_killed: bool,
    is_leaving: bool,
    /// The time until which nothing is read, though what is sent arrives.
    deaf_until: Duration,
    /// The time until which, from then on, what is sent does not arrive, though everything is read.
    mute_until: Duration,
    /// The times between which the link is cut.
    cut_from: Duration,
    cut_until: Duration,
    reads: bool,
    /// The copy of the stream that it is linked to.
    copy: usize,
    /// The messages that it, or those who gave it their room, have read.
    pub(super) read: Vec<Message>,
    /// What was read by whoever has given it a snapshot.
    given: Vec<Message>,
    /// The number of the stream's last message when the node began to read.
    begun_at: Option<u64>,
    /// It asks for a snapshot.
    pub(super) asks: bool,
    sessions: Vec<Session>,
    /// Records whose outcome has not come yet.
    asked: std::collections::VecDeque<Asked>,
    last_id: u64,
    /// The lines said by the node since it joined, in order.
    said: Vec<String>,
    /// How its nodes have ended.
    pub(super) ends: Vec<Over>,
}

/// The log of a node.
#[derive(Default)]
struct Log {
    room: Option<RoomId>,
    start: Position,
    bytes: Vec<u8>,
}

struct Session {
    address: SessionAddress,
    name: Name,
    is_open: bool,
}

enum Asked {
    Line(String),
    Fence,
    Claim(SessionAddress, Name),
    Left,
}

impl Server {
    pub(super) fn new(index: usize, rng: &mut Rng) -> Self {
        Self {
            index,
            clock: Duration::from_secs(rng.u64(..5_000)),
            roster: Roster::default(),
            node: None,
            log: Log::default(),
            stopped_until: Duration::from_secs(rng.u64(..10)),
            is_killed: true,
            is_leaving: false,
            deaf_until: Duration::ZERO,
            mute_until: Duration::ZERO,
            cut_from: Duration::ZERO,
            cut_until: Duration::ZERO,
            reads: false,
            copy: 0,
            read: Vec::new(),
            given: Vec::new(),
            begun_at: None,
            asks: false,
            sessions: Vec::new(),
            asked: Default::default(),
            last_id: 0,
            said: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn trouble(&mut self, rng: &mut Rng, now: Duration) {
        let while_ = |rng: &mut Rng| now + Duration::from_millis(rng.u64(..45_000));
        match rng.u16(..2000) {
            0..6 => self.stopped_until = while_(rng),
            6..12 => {
                self.stopped_until = while_(rng);
                self.end_process();
            }
            12..20 => (self.cut_from, self.cut_until) = (now, while_(rng)),
            20..24 => self.reads = false,
            24..28 => {
                if let Some(node) = self.node.as_mut().filter(|it| it.is_member()) {
                    node.leave();
                    self.is_leaving = true;
                }
            }
            28..36 => {
                self.deaf_until = now + Duration::from_millis(rng.u64(..22_000));
                self.mute_until = self.deaf_until + Duration::from_millis(rng.u64(..2_000));
                self.cut_from = self.mute_until;
                self.cut_until = self.cut_from + Duration::from_millis(rng.u64(..45_000));
            }
            _ => {}
        }
    }

    pub(super) fn end_trouble(&mut self, rng: &mut Rng, now: Duration) {
        self.stopped_until = self
            .stopped_until
            .min(now + Duration::from_secs(rng.u64(..5)));
        (self.cut_until, self.deaf_until, self.mute_until) = (now, now, now);
        self.reads = false;
    }

    pub(super) fn reconnect(&mut self) {
        self.reads = false;
    }

    fn end_process(&mut self) {
        self.end_node();
        self.is_killed = true;
    }

    fn end_node(&mut self) {
        self.node = None;
        self.read.clear();
        self.given.clear();
        self.begun_at = None;
        self.is_leaving = false;
        self.sessions.clear();
        self.asked.clear();
        self.said.clear();
        self.log = Log::default();
        self.asks = false;
    }

    /// Tells whether people are served, by a process that runs: whoever is on a node that leaves is served no more. A node that
    /// has read what the broker lost does not know it yet.
    pub(super) fn serves(&self, broker: &Broker) -> bool {
        let last = self.read.last();
        let has_lost = last.is_some_and(|last| !broker.has(last, self.copy));
        !has_lost && self.room().is_some() && self.stopped_until.is_zero() && !self.is_leaving
    }

    pub(super) fn is_up(&self) -> bool {
        self.node.is_some()
    }

    pub(super) fn room(&self) -> Option<RoomId> {
        let is_member = self.node.as_ref().is_some_and(Node::is_member);
        self.log.room.filter(|_| is_member)
    }

    pub(super) fn open_names(&self) -> impl Iterator<Item = Folded> {
        let open = self.sessions.iter().filter(|session| session.is_open);
        open.map(|session| session.name.folded())
    }

    /// Lets people say something, come or go.
    pub(super) fn people_act(&mut self, rng: &mut Rng) {
        let Some(node) = self.node.as_mut() else {
            return;
        };
        if !node.is_member() || self.is_leaving || !self.stopped_until.is_zero() {
            return;
        }
        for _ in 0..rng.u8(..3) {
            self.last_id += 1;
            let id = self.last_id;
            match rng.u8(..6) {
                0..3 => {
                    let line = format!("node {} says {id}\r\n", node.id().0);
                    node.submit(Record::Lines(line.clone().into()));
                    self.said.push(line.clone());
                    self.asked.push_back(Asked::Line(line));
                }
                3 => {
                    node.submit(Record::Fence);
                    self.asked.push_back(Asked::Fence);
                }
                4 => {
                    let name: Name = rng.choice(NAMES).expect("there are some").parse().unwrap();
                    let address = SessionAddress {
                        shard: ShardId(0),
                        slot: Slot(0),
                        id: SessionId(id),
                    };
                    let keyed = KeyedName::from(name.clone());
                    node.submit(Record::Claim(address, keyed));
                    self.asked.push_back(Asked::Claim(address, name));
                }
                _ => {
                    if let Some(at) = self.sessions.iter().position(|session| session.is_open) {
                        let session = &mut self.sessions[at];
                        session.is_open = false;
                        node.submit(Record::Left(session.address, session.name.folded()));
                        self.asked.push_back(Asked::Left);
                    }
                }
            }
        }
    }

    /// Lets the process run for a moment: it looks at the time first.
    pub(super) fn act(&mut self, world: Duration, broker: &mut Broker, rng: &mut Rng) {
        if world < self.stopped_until {
            return;
        }
        self.stopped_until = Duration::ZERO;
        let now = world + self.clock;
        if self.node.is_none() {
            self.begin(now, rng);
        }
        let is_cut = (self.cut_from..self.cut_until).contains(&world);
        let is_linked = !is_cut && !broker.is_down;
        let is_deaf = world < self.deaf_until;
        let arrives = is_linked && (is_deaf || world >= self.mute_until);
        if is_linked && self.begun_at.is_none() {
            self.begun_at = Some(broker.last(self.copy));
        }
        self.tick(now, arrives, broker, rng);
        if is_linked && !is_deaf {
            self.read(now, broker, rng);
            self.tick(now, arrives, broker, rng);
        } else if !is_linked {
            self.reads = false;
        }
    }

    fn begin(&mut self, now: Duration, rng: &mut Rng) {
        self.is_killed = false;
        let founding = Founding {
            room: RoomId(rng.u64(..)),
            origin: Position(rng.u64(..1 << 40)),
            has_notices: true,
        };
        let host = Host::from(String::new());
        self.node = Some(Node::new(NodeId(rng.u64(..)), host, founding, now));
        self.reads = false;
    }

    fn tick(&mut self, now: Duration, is_linked: bool, broker: &mut Broker, rng: &mut Rng) {
        let effects = self.node.as_mut().map(|node| node.tick(now));
        for effect in effects.into_iter().flatten() {
            match effect {
                Effect::Publish(publication) if is_linked => {
                    broker.take(publication, self.copy, rng);
                }
                Effect::AskForSnapshot if is_linked => self.asks = true,
                other => self.perform(other),
            }
        }
    }

    fn read(&mut self, now: Duration, broker: &Broker, rng: &mut Rng) {
        let Some(node) = self.node.as_mut() else {
            return;
        };
        let read_to = node.read_to();
        let from = match read_to {
            // Whoever joins reads from the end.
            0 => self.begun_at.unwrap_or_default().max(1),
            _ if self.reads => read_to + 1,
            _ => read_to,
        };
        if !self.reads {
            node.begin_reading();
            self.reads = true;
            self.copy = rng.usize(..2);
        }
        let messages = broker.read(from, self.copy).iter().take(rng.usize(1..READ));
        let mut effects = Vec::new();
        for message in messages {
            effects.extend(node.on_message(message.clone(), now, &mut self.roster));
            let is_new = self.read.last().is_none_or(|last| last.seq < message.seq);
            if node.read_to() == message.seq && is_new {
                self.read.push(message.clone());
            }
        }
        effects.into_iter().for_each(|effect| self.perform(effect));
    }

    pub(super) fn id(&self) -> Option<NodeId> {
        self.node.as_ref().map(Node::id)
    }

    pub(super) fn snapshot_for(&self, other: NodeId) -> Option<Vec<u8>> {
        let node = self.node.as_ref()?;
        if !node.has_read_of(other) || !self.stopped_until.is_zero() {
            return None;
        }
        let history = self.log.bytes.clone();
        Some(node.snapshot(&self.roster, history).to_bytes())
    }

    pub(super) fn take_snapshot(&mut self, snapshot: &[u8], read: Vec<Message>, world: Duration) {
        self.given = read;
        let snapshot = Snapshot::of_bytes(snapshot).expect("it is whole");
        if let Some(node) = &mut self.node {
            let effects = node.on_snapshot(snapshot, world + self.clock, &mut self.roster);
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Publish(_) | Effect::AskForSnapshot | Effect::Silence(_) => {}
            Effect::Enter {
                room,
                head,
                is_new,
                history,
                ..
            } => {
                self.log = Log {
                    room: Some(room),
                    start: Position(head.0 - history.len() as u64),
                    bytes: history,
                };
                if !is_new {
                    let given = self.given.last().map_or(0, |last| last.seq);
                    self.read.retain(|message| message.seq > given);
                    self.read.splice(..0, self.given.drain(..));
                }
            }
            Effect::Apply(applied) => self.apply(applied),
            Effect::Over(why) => {
                self.ends.push(why);
                if why == Over::Left {
                    assert!(self.asked.is_empty(), "everything came back before");
                    self.check_own_lines();
                }
                self.end_node();
            }
        }
    }

    fn apply(&mut self, applied: Applied) {
        assert_eq!(applied.at, self.log.head(), "no line is missing or doubled");
        self.log.bytes.extend_from_slice(&applied.lines);
        for returned in applied.returned {
            let asked = self.asked.pop_front().expect("it was asked for");
            let at = returned.at;
            match (asked, returned.outcome) {
                (Asked::Line(line), Outcome::Appended) => {
                    assert!(self.log.from(at).starts_with(line.as_bytes()));
                }
                (Asked::Fence, Outcome::Reached) => {}
                (Asked::Claim(address, name), Outcome::Claimed(..)) => {
                    self.sessions.push(Session {
                        address,
                        name,
                        is_open: true,
                    });
                }
                (Asked::Claim(..), Outcome::Taken) => {}
                (Asked::Left, Outcome::Left(_)) => {}
                (_, outcome) => panic!("{outcome:?} is not what was asked for"),
            }
        }
    }

    /// Tells whether it has read the same as another, as far as both have read.
    pub(super) fn has_read_as(&self, other: &Self) -> bool {
        let first = |read: &[Message]| read.first().map_or(0, |first| first.seq);
        let since = first(&self.read).max(first(&other.read));
        let from = |read: &[Message]| read.iter().position(|message| message.seq == since);
        let (Some(mine), Some(theirs)) = (from(&self.read), from(&other.read)) else {
            return false;
        };
        let mut both = self.read[mine..].iter().zip(&other.read[theirs..]);
        both.all(|(mine, theirs)| mine == theirs)
    }

    /// Checks that each of its lines stands in its log once, in order, but for those that are still under way.
    pub(super) fn check_own_lines(&self) {
        let text = String::from_utf8(self.log.bytes.clone()).unwrap();
        let mine = format!("node {} ", self.node.as_ref().expect("it is up").id().0);
        let found = text
            .split_inclusive('\n')
            .filter(|line| line.starts_with(&mine));
        let under_way = self.asked.iter().filter(|it| matches!(it, Asked::Line(_)));
        let said = &self.said[..self.said.len() - under_way.count()];
        assert_eq!(found.collect::<Vec<_>>(), said, "server {}", self.index);
    }

    /// Tells whether its log is that of another, as far as both go.
    pub(super) fn has_log_of(&self, other: &Self) -> bool {
        let start = self.log.start.max(other.log.start);
        let end = self.log.head().min(other.log.head());
        let length = end.0.saturating_sub(start.0);
        let length = usize::try_from(length).expect("it is small");
        let is_same = || self.log.from(start)[..length] == other.log.from(start)[..length];
        self.log.room == other.log.room && (length == 0 || is_same())
    }

    /// Checks that everything has come back, and that its log and its names are those of another.
    pub(super) fn check_same(&self, other: &Self) {
        assert!(self.asked.is_empty(), "server {} still waits", self.index);
        assert!(self.has_log_of(other), "the logs differ");
        let names = |server: &Self| server.roster.names();
        assert_eq!(names(self), names(other));
    }
}

impl Log {
    fn head(&self) -> Position {
        self.start.plus(self.bytes.len())
    }

    fn from(&self, at: Position) -> &[u8] {
        &self.bytes[usize::try_from(at.0 - self.start.0).unwrap()..]
    }
}
