//! Simulation of a cluster: nodes, a broker that loses and doubles, or has two copies, links that are cut, processes that stop, die and
//! come back.
//!
//! One seed is one history of a few minutes. At each step no name is open on two nodes that serve and have read the same. In the end,
//! when everything has worked for a while, all nodes are in one room and have the same log, which is what the stream says; of each node
//! that was never cut off, every line stands in it once and in order.

mod broker;
mod server;

use std::time::Duration;

use fastrand::Rng;

use super::Over;
use broker::Broker;
use server::Server;

const STEP: Duration = Duration::from_millis(250);
const NODES: usize = 3;
/// The troubled part of a history, in steps, and the peace after it.
const TROUBLE: u32 = 400;
const PEACE: u32 = 480;
/// The steps in which nodes notice that they have read different copies, even if one joins or does not get its pieces back meanwhile.
const NOTICED: u32 = 160;

/// What can go wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Perils {
    /// The broker loses the last messages, or all.
    pub(super) losses: bool,
    /// Copies of the stream go on each for itself, for a while, and differ from then on.
    pub(super) parts: bool,
}

struct World {
    rng: Rng,
    perils: Perils,
    now: Duration,
    broker: Broker,
    servers: Vec<Server>,
}

impl World {
    fn new(seed: u64, perils: Perils) -> Self {
        let mut rng = Rng::with_seed(seed);
        let servers = (0..NODES).map(|index| Server::new(index, &mut rng));
        Self {
            servers: servers.collect(),
            broker: Broker::default(),
            now: Duration::ZERO,
            perils,
            rng,
        }
    }

    fn run(&mut self) {
        for _ in 0..TROUBLE {
            self.trouble();
            self.step(true);
        }
        self.broker.end_trouble();
        for server in &mut self.servers {
            server.end_trouble(&mut self.rng, self.now);
        }
        let mut differ_for = 0;
        for _ in 0..PEACE {
            self.step(false);
            differ_for = if self.logs_differ() {
                differ_for + 1
            } else {
                0
            };
            assert!(differ_for <= NOTICED, "nobody notices it");
        }
        self.check_end();
    }

    /// Lets something go wrong, now and then.
    fn trouble(&mut self) {
        let rng = &mut self.rng;
        if rng.u8(..) < 3 {
            self.broker.is_down = true;
        } else if self.broker.is_down && rng.u8(..) < 12 {
            self.broker.is_down = false;
            self.servers.iter_mut().for_each(Server::reconnect);
        }
        if self.perils.parts && rng.u16(..) < 320 {
            self.broker.part(rng);
        }
        if self.perils.losses && rng.u16(..) < 160 {
            self.broker.lose(rng);
            self.servers.iter_mut().for_each(Server::reconnect);
        }
        for server in &mut self.servers {
            server.trouble(rng, self.now);
        }
    }

    fn step(&mut self, people_talk: bool) {
        self.now += STEP;
        self.broker.pass_time(STEP, &mut self.rng);
        let mut order: Vec<_> = (0..NODES).collect();
        self.rng.shuffle(&mut order);
        for index in order {
            let server = &mut self.servers[index];
            if people_talk {
                server.people_act(&mut self.rng);
            }
            server.act(self.now, &mut self.broker, &mut self.rng);
            self.pass_snapshots(index);
        }
        self.check_names();
    }

    /// Any member that has read of a node answers it if it asks for a snapshot.
    fn pass_snapshots(&mut self, index: usize) {
        let asks = std::mem::take(&mut self.servers[index].asks);
        let Some(id) = self.servers[index].id().filter(|_| asks) else {
            return;
        };
        let other = self.rng.usize(..NODES);
        if let Some(snapshot) = self.servers[other].snapshot_for(id) {
            let read = self.servers[other].read.clone();
            self.servers[index].take_snapshot(&snapshot, read, self.now);
        }
    }

    fn check_names(&self) {
        let mut open: Vec<(&Server, _)> = Vec::new();
        for server in self.servers.iter().filter(|it| it.serves(&self.broker)) {
            for name in server.open_names() {
                let twice = open.iter().find(|(_, other)| *other == name);
                if let Some((other, _)) = twice {
                    let is_same = other.room() == server.room() && other.has_read_as(server);
                    let differ = self.perils.parts && !is_same;
                    assert!(differ, "{name:?} is open twice");
                }
                open.push((server, name));
            }
        }
    }

    fn logs_differ(&self) -> bool {
        let mut serving = self.servers.iter().filter(|it| it.serves(&self.broker));
        let one = serving.next();
        one.is_some_and(|one| serving.any(|other| !other.has_log_of(one)))
    }

    fn check_end(&self) {
        let rooms: Vec<_> = self.servers.iter().filter_map(Server::room).collect();
        let count = self.servers.iter().filter(|server| server.is_up()).count();
        assert_eq!(rooms.len(), count, "everybody is in a room");
        assert!(rooms.windows(2).all(|two| two[0] == two[1]), "{rooms:?}");
        if !self.perils.losses && !self.perils.parts {
            let mut ends = self.servers.iter().flat_map(|server| &server.ends);
            assert!(ends.all(|&why| why != Over::OtherCopy), "there is one copy");
        }
        let up: Vec<_> = self.servers.iter().filter(|it| it.is_up()).collect();
        for server in &up {
            server.check_own_lines();
            server.check_same(up[0]);
        }
    }
}

#[test]
fn every_history_ends_with_one_room_one_log_and_every_line_once() {
    let perils = Perils {
        losses: false,
        parts: false,
    };
    check_all(7_000, perils);
}

#[test]
fn whatever_the_broker_loses_nobody_serves_on_with_a_hole() {
    let perils = Perils {
        losses: true,
        parts: false,
    };
    check_all(3_000, perils);
}

#[test]
fn whatever_goes_wrong_all_at_once_ends() {
    let perils = Perils {
        losses: true,
        parts: true,
    };
    check_all(3_000, perils);
}

#[test]
fn whatever_copies_the_broker_has_nobody_serves_on_with_another() {
    let perils = Perils {
        losses: false,
        parts: true,
    };
    check_all(3_000, perils);
}

/// Plays a usual number of histories.
fn check_all(usual: u64, perils: Perils) {
    (0..seeds(usual)).for_each(|seed| check(seed, perils));
}

fn check(seed: u64, perils: Perils) {
    let run = || World::new(seed, perils).run();
    if let Err(panic) = std::panic::catch_unwind(run) {
        eprintln!("seed {seed}, {perils:?}");
        std::panic::resume_unwind(panic);
    }
}

/// Returns the number of seeds: another one for a long run.
#[expect(clippy::disallowed_methods, reason = "a test is told how long to run")]
fn seeds(usual: u64) -> u64 {
    let wanted = std::env::var("WAC_SEEDS").ok();
    wanted.map_or(usual, |seeds| seeds.parse().expect("WAC_SEEDS is a number"))
}
