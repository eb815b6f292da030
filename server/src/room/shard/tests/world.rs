//! World of a test: some shards, and people on fake sockets.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wac_core::close_reason::CloseReason;
use wac_core::log::{Position, RoomLog};
use wac_core::roster::{SessionId, ShardId, Slot};
use wac_core::unix_time::UnixSeconds;

use super::fake::Fake;
use super::stream::Stream;
use crate::config::Config;
use crate::room::inbox::INBOX_CAPACITY;
use crate::room::locks::lock;
use crate::room::peer::Peer;
use crate::room::requests::{Person, Removal, Whom, Wish};
use crate::room::shard::Shard;
use crate::room::shard::poller::Ready;
use crate::room::shared::Shared;

/// More than any test lets a socket take.
pub(super) const PLENTY: usize = usize::MAX / 2;
/// More turns than any test needs; if it is reached, something spins.
const MANY_TURNS: usize = 100_000;

/// Returns the request to kick somebody, for being too loud.
pub(super) fn kick(whom: Whom) -> Wish {
    Wish::Remove(Arc::new(Removal {
        whom,
        reason: CloseReason::Kicked,
        why: Some("too loud".into()),
    }))
}

/// Some shards, and people on fake sockets, by number.
pub(super) struct World {
    pub(super) shared: Arc<Shared>,
    pub(super) shards: Rc<[RefCell<Shard<Fake>>]>,
    pub(super) people: Vec<Fake>,
    /// What stands for the brokers, if the server is a node of a cluster.
    pub(super) stream: Option<Rc<RefCell<Stream>>>,
    /// The shard, slot and id of each person's session, because slots are used again.
    places: Vec<(usize, usize, SessionId)>,
    pub(super) now: Duration,
}

impl World {
    /// Starts as `wacd` with these flags would, with the secret `s3cret`.
    pub(super) fn new(flags: &[&str]) -> Self {
        Self::with_inboxes(flags, INBOX_CAPACITY)
    }

    /// Starts with inboxes that hold `capacity` messages.
    pub(super) fn with_inboxes(flags: &[&str], capacity: usize) -> Self {
        Self::open(flags, |config| Shared::with_inboxes(config, capacity))
    }

    /// Starts with a history that ends at a position, and whose journal is left to the test.
    pub(super) fn with_history(flags: &[&str], end: Position) -> Self {
        Self::open(flags, |config| {
            let now = UnixSeconds::default();
            let log = RoomLog::beginning_at(end, config.window_bytes, now);
            Shared::new(config).going_on(log)
        })
    }

    /// Starts as the only node of a cluster, with inboxes that hold `capacity` messages.
    pub(super) fn in_cluster(flags: &[&str], capacity: usize) -> Self {
        let mut world = Self::open(flags, |config| {
            Shared::with_inboxes(config, capacity).of_cluster()
        });
        let has_notices = world.shared.with_room(|room| room.notices.is_some());
        let stream = Stream::found(world.shared.clone(), has_notices);
        world.stream = Some(Rc::new(RefCell::new(stream)));
        world
    }

    /// Lets one message of the stream come back; returns whether the stream has anything to do.
    pub(super) fn flow(&self) -> bool {
        let Some(stream) = &self.stream else {
            return false;
        };
        let mut stream = stream.borrow_mut();
        stream.take_in(self.now);
        stream.give_back()
    }

    fn open(flags: &[&str], shared: impl FnOnce(&Config) -> Shared) -> Self {
        let flags = [&["--secret", "s3cret"], flags].concat();
        let config = Config::of(&flags, 20_000).unwrap();
        let shared = Arc::new(shared(&config));
        let shards = (0..config.shards)
            .map(|id| RefCell::new(Shard::new(ShardId::of_index(id), shared.clone())))
            .collect();
        Self {
            shared,
            shards,
            people: Vec::new(),
            stream: None,
            places: Vec::new(),
            now: Duration::from_secs(1),
        }
    }

    /// Connects a person to a shard through a socket that takes a number of bytes.
    pub(super) fn connect(&mut self, shard: usize, room: usize) -> usize {
        self.connect_from(Peer::Tcp(([127, 0, 0, 1], 1).into()), shard, room)
    }

    /// Connects a person from an address.
    pub(super) fn connect_from(&mut self, peer: Peer, shard: usize, room: usize) -> usize {
        let fake = Fake::new(room);
        self.people.push(fake.clone());
        lock(&self.shared.admission)
            .admit(peer.ip(), self.now)
            .unwrap();
        let id = self.shared.next_session();
        let mut shard_of_it = self.shards[shard].borrow_mut();
        self.places
            .push((shard, shard_of_it.table.vacant_key(), id));
        shard_of_it.add_connection(id, peer, fake, self.now);
        self.people.len() - 1
    }

    pub(super) fn send(&mut self, who: usize, text: &str) {
        self.people[who].send(text.as_bytes());
        self.tell_news();
    }

    /// Reports to the shards what the sockets have become ready for, as epoll would.
    pub(super) fn tell_news(&mut self) {
        for (person, &(shard, slot, id)) in self.people.iter().zip(&self.places) {
            let mut shard = self.shards[shard].borrow_mut();
            let news = person.take_news();
            let is_there = shard.table.get(slot).is_some_and(|it| it.id == id);
            if is_there && news != Ready::default() {
                shard.note_readiness(Slot::of_index(slot), news);
            }
        }
    }

    /// Tells whether a shard has something to do: its thread has not ended, and would not sleep.
    pub(super) fn has_work(&self, shard: usize) -> bool {
        let shard = self.shards[shard].borrow();
        !shard.is_over() && shard.has_work()
    }

    pub(super) fn turn(&mut self, shard: usize) {
        self.tell_news();
        self.turn_of(shard);
    }

    /// Does what a shard's thread does in a turn, new connections aside.
    fn turn_of(&self, shard: usize) {
        let mut shard = self.shards[shard].borrow_mut();
        shard.take_requests();
        shard.turn(self.now);
    }

    /// Asks every shard, lets all come to rest, and returns the people they answer with.
    pub(super) fn ask(&mut self, wish: &Wish) -> Vec<Person> {
        let asked = self.shared.inboxes.iter();
        let answers: Vec<_> = asked.map(|inbox| inbox.ask(wish.clone())).collect();
        self.settle();
        let people = answers.into_iter().map(|mut it| it.try_recv().unwrap());
        people.flatten().collect()
    }

    /// Returns the number of a person's session.
    pub(super) fn id_of(&self, who: usize) -> SessionId {
        self.places[who].2
    }

    /// Lets every shard take turns until none has anything to do.
    pub(super) fn settle(&mut self) {
        for _ in 0..MANY_TURNS {
            self.tell_news();
            let busy = (0..self.shards.len()).filter(|&shard| self.has_work(shard));
            let Some(shard) = busy.min() else {
                if self.flow() {
                    continue;
                }
                return;
            };
            self.turn(shard);
            // The others come first in the next round.
            for shard in 0..self.shards.len() {
                if self.has_work(shard) {
                    self.turn_of(shard);
                }
            }
        }
        panic!("the shards never come to rest");
    }

    /// Lets time pass, and fires every timer on the way.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self
            .shards
            .iter()
            .filter(|shard| !shard.borrow().is_over())
            .filter_map(|shard| shard.borrow().next_deadline())
            .min()
            .filter(|&at| at <= until)
        {
            self.now = self.now.max(next);
            for shard in 0..self.shards.len() {
                if !self.shards[shard].borrow().is_over() {
                    self.turn(shard);
                }
            }
            self.settle();
        }
        self.now = until;
    }

    /// Returns the whole lines a person has received since the last call.
    pub(super) fn lines(&self, who: usize) -> Vec<String> {
        let text = String::from_utf8(self.people[who].take_output()).unwrap();
        text.split_terminator("\r\n").map(str::to_owned).collect()
    }

    /// Connects and logs in, and discards the lines that everybody received meanwhile.
    pub(super) fn join(&mut self, shard: usize, name: &str) -> usize {
        let who = self.connect(shard, PLENTY);
        self.settle();
        self.send(who, &format!("LIN {name}\n"));
        self.settle();
        assert_eq!(self.lines(who).pop(), Some(format!("* welcome, {name}")));
        self.people
            .iter()
            .for_each(|person| drop(person.take_output()));
        who
    }

    /// Returns how many sessions there are.
    pub(super) fn sessions(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.borrow().table.len())
            .sum()
    }

    pub(super) fn undelivered(&self) -> u64 {
        self.shared.undelivered.load(Ordering::Relaxed)
    }
}
