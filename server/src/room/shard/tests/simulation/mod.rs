//! Simulation of a room: people come, act and go; sockets fill, drain and break; shards take half
//! turns, and go on between any two locks of another's; the server may be stopped. A seed decides the
//! order. At the end, the bytes that each reader received are compared with the room's log.
//!
//! `WAC_SEED=17` replays one seed and prints its steps, `WAC_SEEDS=100000` runs that many.

mod reader;
mod step;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::env;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::oneshot;
use wac_core::log::{Position, View};
use wac_core::roster::WHISPER_BYTES;

use super::fake::Fake;
use super::stream::Stream;
use super::world::{self, PLENTY, World};
use crate::room::locks::{between_locks, lock};
use crate::room::requests::{Person, Whom, Wish};
use crate::room::shard::Shard;
use crate::room::shared::Shared;
use crate::room::stop_phase::Phase;
use reader::{Reader, Said};
use step::{Departure, SEATS, Step, Weather};
use watch::Watch;

/// Seeds that `scripts/test` runs.
const SEEDS: u64 = 500;
/// More than any run needs; if it is reached, something spins.
const MANY_ROUNDS: usize = 10_000;
/// The capacity of an inbox: so small that it is often full.
const INBOX_CAPACITY: usize = 2;

#[test]
fn everybody_reads_one_order_without_a_hole_whatever_happens() {
    let number = |name| env::var(name).ok().map(|value| value.parse().unwrap());
    let replayed: Option<u64> = number("WAC_SEED");
    let watch = Watch::start();
    let seeds = match replayed {
        Some(seed) => seed..seed + 1,
        None => 0..number("WAC_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let _told = watch.begin(seed);
        let mut simulation = Simulation::new(seed);
        for number in 0..simulation.weather.steps {
            let step = Step::draw(&mut simulation.random, &simulation.weather);
            if replayed.is_some() {
                eprintln!("{number}: {step:?}");
            }
            watch.alive();
            simulation.step(&step);
        }
        simulation.check();
    }
}

struct Simulation {
    world: World,
    random: Rng,
    weather: Weather,
    threads: Threads,
    /// Everybody who ever connected; the first only reads.
    readers: Vec<Reader>,
    /// The reader in each place now.
    seats: [usize; SEATS],
    serial: u64,
    said: BTreeMap<u64, Said>,
    /// The room's log, and the position up to which the simulation has read it.
    view: View,
    looked: Position,
    /// The numbers of the messages in the log, in order.
    room: Vec<u64>,
    /// The operator's requests that have not been answered.
    answers: Vec<oneshot::Receiver<Vec<Person>>>,
    /// The steps left until a stop cuts sessions short.
    grace: Option<usize>,
    /// The last message of each stream that a fence has proven to be in its place.
    stands: BTreeMap<reader::Stream, u64>,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let weather = Weather::draw(&mut random);
        let shards = weather.shards.to_string();
        let notices = if weather.notices { "on" } else { "off" };
        let flags = [
            "--flood-rate",
            "0",
            "--window",
            "64KiB",
            "--shards",
            &shards,
            "--notices",
            notices,
        ];
        let begin = if weather.cluster {
            World::in_cluster
        } else {
            World::with_inboxes
        };
        let mut world = begin(&flags, INBOX_CAPACITY);
        world.connect(0, PLENTY);
        world.settle();
        let threads = Threads::new(&world, random.fork());
        let mut simulation = Self {
            world,
            random,
            weather,
            threads,
            readers: vec![Reader::new(0)],
            seats: [0; SEATS],
            serial: 0,
            said: BTreeMap::new(),
            view: View::default(),
            looked: Position::default(),
            room: Vec::new(),
            answers: Vec::new(),
            grace: None,
            stands: BTreeMap::new(),
        };
        (0..SEATS).for_each(|seat| simulation.arrive(seat));
        simulation
    }

    fn step(&mut self, step: &Step) {
        self.serial += 1;
        match *step {
            Step::Arrive(seat) => {
                let who = self.seats[seat];
                if self.readers[who].has_left() || self.world.people[who].is_closed() {
                    self.arrive(seat);
                }
            }
            Step::LogIn(seat, name) => self.log_in(seat, name),
            Step::Say { seat, lines, bytes } => {
                for _ in 0..lines {
                    self.serial += 1;
                    let text = "x".repeat(bytes);
                    self.say(seat, None, &format!("MSG #{} {text}\n", self.serial));
                }
            }
            Step::Whisper { seat, name, lines } => {
                for _ in 0..lines {
                    self.serial += 1;
                    self.say(seat, Some(name), &format!("W p{name} #{}\n", self.serial));
                }
            }
            Step::TakeOver(seat, name) => {
                let holds = |&seat: &usize| self.readers[self.seats[seat]].name() == Some(name);
                if let Some(holder) = (0..SEATS).find(holds) {
                    self.leave(holder, Departure::Quit);
                }
                self.log_in(seat, name);
            }
            Step::Ping(seat) => self.ping(seat),
            Step::Who(seat) => self.send(seat, "WHO\n"),
            Step::Recall(seat, lines) => self.send(seat, &format!("HIST {lines}\n")),
            Step::MakeRoom(seat, bytes) => self.world.people[self.seats[seat]].make_room(bytes),
            Step::Leave(seat, how) => self.leave(seat, how),
            Step::HalfTurn(shard) => self.half_turn(shard),
            Step::Flow => _ = self.world.flow(),
            Step::Kick(seat) => {
                let whom = Whom::Session(self.world.id_of(self.seats[seat]));
                self.ask(&world::kick(whom));
            }
            Step::List => self.ask(&Wish::List),
            Step::Pass(time) => {
                self.world.now += time;
            }
            Step::Stop(grace) => {
                self.enter(Phase::Draining);
                self.grace.get_or_insert(grace);
            }
        }
        self.grace = self.grace.map(|steps| steps.saturating_sub(1));
        if self.grace == Some(0) {
            self.enter(Phase::Cut);
        }
        self.threads.stop(&self.world.shared);
        self.look();
    }

    /// Asks every shard, as the operator does.
    fn ask(&mut self, wish: &Wish) {
        let asked = self.world.shared.inboxes.iter();
        let answers = asked.map(|inbox| inbox.ask(wish.clone()));
        self.answers.extend(answers);
    }

    fn enter(&self, phase: Phase) {
        if self.world.shared.phases.now() < phase {
            self.world.shared.phases.enter(phase);
        }
    }

    fn arrive(&mut self, seat: usize) {
        if self.world.shared.phases.now() != Phase::Serving {
            return;
        }
        let roomy = self.random.u8(..4) < self.weather.roomy;
        let room = if roomy { PLENTY } else { 200 };
        let shard = self.random.usize(..self.weather.shards);
        self.seats[seat] = self.world.connect(shard, room);
        self.readers.push(Reader::new(self.seats[seat]));
        if self.random.u8(..8) > 0 {
            let name = step::name(&mut self.random, &self.weather);
            self.log_in(seat, name);
        }
    }

    fn log_in(&mut self, seat: usize, name: usize) {
        self.readers[self.seats[seat]].asks_for(name);
        self.send(seat, &format!("LIN p{name}\n"));
    }

    fn send(&mut self, seat: usize, line: &str) {
        if !self.readers[self.seats[seat]].has_left() {
            self.world.send(self.seats[seat], line);
        }
    }

    fn say(&mut self, seat: usize, to: Option<usize>, line: &str) {
        let from = self.seats[seat];
        if !self.readers[from].has_left() {
            self.said.insert(self.serial, Said { from, to });
            self.readers[from].says(to, self.serial);
            self.world.send(from, line);
        }
    }

    fn ping(&mut self, seat: usize) {
        let number = self.serial;
        self.readers[self.seats[seat]].ask_for_fence(number, &self.stands);
        self.send(seat, &format!("PING #{number}\n"));
    }

    fn leave(&mut self, seat: usize, how: Departure) {
        let who = self.seats[seat];
        match how {
            Departure::Quit => self.send(seat, "QUIT\n"),
            Departure::EndsInput => self.world.people[who].end_input(),
            Departure::Breaks => self.world.people[who].reset(),
        }
        self.readers[who].leave(how);
    }

    fn half_turn(&mut self, shard: usize) {
        self.world.tell_news();
        self.threads.half_turn(shard, self.world.now);
    }

    /// Reads the lines appended to the log, and those that everybody has received.
    fn look(&mut self) {
        let Self { world, view, .. } = self;
        world.shared.with_room(|room| view.catch_up(&room.log));
        let mut new = Vec::new();
        while self.looked < self.view.head() {
            let bytes = self.view.bytes(self.looked, Position::END);
            self.looked = self.looked.plus(bytes.len());
            new.extend_from_slice(bytes);
        }
        let text = String::from_utf8(new).unwrap();
        self.room.extend(text.lines().filter_map(reader::message));
        for (reader, socket) in self.readers.iter_mut().zip(&self.world.people) {
            reader.read(
                &socket.take_output(),
                &self.said,
                &mut self.stands,
                self.serial,
            );
        }
    }

    /// Lets every socket drain and everything come to rest, then compares what was read with the log.
    fn check(mut self) {
        self.threads.finish_turns(self.world.now);
        self.rest();
        self.world
            .people
            .iter()
            .for_each(|person| person.make_room(PLENTY));
        self.rest();
        let stopped = self.world.shared.phases.now() != Phase::Serving;
        if stopped {
            // A peer that closes in answer ends the linger.
            self.world.people.iter().for_each(Fake::end_input);
            self.rest();
            self.world.pass(Duration::from_secs(31));
            self.rest();
            let over = self
                .world
                .shards
                .iter()
                .all(|shard| shard.borrow().is_over());
            assert!(over, "the stop never ends");
        }
        for (reader, socket) in self.readers.iter().zip(&self.world.people) {
            let ended = socket.is_closed() || reader.is_broken();
            let everything = !ended || (stopped && reader.reads_to_the_last());
            reader.check(&self.room, &self.said, ended, everything && !self.is_cut());
        }
        if !stopped {
            self.check_roster();
            let answered = |answer: &mut oneshot::Receiver<_>| answer.try_recv().is_ok();
            assert!(
                self.answers.iter_mut().all(answered),
                "each request is answered"
            );
        }
    }

    fn is_cut(&self) -> bool {
        self.world.shared.phases.now() == Phase::Cut
    }

    /// Lets every shard take turns until none has anything to do.
    fn rest(&mut self) {
        for _ in 0..MANY_ROUNDS {
            self.threads.stop(&self.world.shared);
            self.world.tell_news();
            let mut rested = true;
            for shard in 0..self.weather.shards {
                if self.world.has_work(shard) {
                    self.world.turn(shard);
                    // Checked now, because no turn appends more than a window, but two may.
                    self.look();
                    rested = false;
                }
            }
            if self.world.flow() {
                self.look();
                rested = false;
            }
            if rested {
                return;
            }
        }
        panic!("the shards never come to rest");
    }

    /// Checks that no name belongs to a reader who is gone, and that nothing waits for one who has read everything.
    fn check_roster(&self) {
        let open =
            |reader: &&Reader| !self.world.people[reader.who].is_closed() && !reader.is_broken();
        let mut named: Vec<usize> = self
            .readers
            .iter()
            .filter(open)
            .filter_map(|reader| reader.name())
            .collect();
        named.sort_unstable();
        let roster = lock(&self.world.shared.roster);
        let mut held: Vec<usize> = roster
            .names()
            .iter()
            .map(|name| name.as_str()[1..].parse().unwrap())
            .collect();
        held.sort_unstable();
        assert_eq!(
            held, named,
            "the roster's names are those of the people who are there"
        );
        for name in named {
            let (_, account) = roster.find_here(&format!("p{name}")).unwrap();
            assert!(
                account.reserve(WHISPER_BYTES),
                "the account of p{name} is empty"
            );
        }
    }
}

/// Simulated threads of the shards, of which one runs at a time.
struct Threads {
    shards: Rc<[RefCell<Shard<Fake>>]>,
    /// The shards in the middle of a turn.
    taken_in: Rc<[Cell<bool>]>,
    stream: Option<Rc<RefCell<Stream>>>,
    random: Rc<RefCell<Rng>>,
}

impl Threads {
    fn new(world: &World, random: Rng) -> Self {
        Self {
            shards: world.shards.clone(),
            taken_in: world.shards.iter().map(|_| Cell::new(false)).collect(),
            stream: world.stream.clone(),
            random: Rc::new(RefCell::new(random)),
        }
    }

    /// Lets a shard take half a turn: ingest or flush. Before each of its locks other shards may go on.
    fn half_turn(&self, shard: usize, now: Duration) {
        let others = {
            let (shards, taken_in, random, stream) = (
                self.shards.clone(),
                self.taken_in.clone(),
                self.random.clone(),
                self.stream.clone(),
            );
            move || {
                let draw = |range| random.borrow_mut().usize(range);
                if let Some(stream) = &stream
                    && draw(0..8) == 0
                    && let Ok(mut stream) = stream.try_borrow_mut()
                {
                    stream.take_in(now);
                    stream.give_back();
                }
                let half_turns = if draw(0..8) == 0 { draw(1..5) } else { 0 };
                for _ in 0..half_turns {
                    let other = draw(0..shards.len());
                    half_turn(&shards[other], &taken_in[other], now);
                }
            }
        };
        between_locks::set(Some(Rc::new(others)));
        half_turn(&self.shards[shard], &self.taken_in[shard], now);
        between_locks::set(None);
    }

    fn finish_turns(&self, now: Duration) {
        for (shard, taken_in) in self.shards.iter().zip(&*self.taken_in) {
            if taken_in.get() {
                half_turn(shard, taken_in, now);
            }
        }
    }

    /// Does what the main thread does in a stop: the log is sealed when all have settled.
    fn stop(&self, shared: &Arc<Shared>) {
        let settled = shared.phases.settled.load(Ordering::SeqCst);
        if shared.phases.now() == Phase::Draining && settled == self.shards.len() {
            shared.seal();
            shared.phases.enter(Phase::Sealed);
        }
    }
}

/// Runs half a turn of a shard, unless it is in the middle of that half or its thread has ended.
fn half_turn(shard: &RefCell<Shard<Fake>>, taken_in: &Cell<bool>, now: Duration) {
    let Ok(mut shard) = shard.try_borrow_mut() else {
        return;
    };
    if taken_in.replace(!taken_in.get()) {
        shard.flush(now);
    } else if shard.is_over() {
        taken_in.set(false);
    } else {
        shard.take_requests();
        shard.ingest(now);
    }
}
