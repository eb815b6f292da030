//! A simulated room: people act, sockets fill and drain, shards take turns, all in an order that a
//! seed decides; then what each person read is held against the room's log, as one who always
//! reads saw it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{PLENTY, World};

const PEOPLE: usize = 6;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A person says a line with so much behind its number.
    Say(usize, usize),
    /// A person whispers to another.
    Whisper(usize, usize),
    /// A person asks for a fence.
    Ping(usize),
    /// A person's socket takes so many bytes.
    MakeRoom(usize, usize),
    /// A shard takes half a turn: it takes in or gives out.
    HalfTurn(usize),
    /// A person says goodbye.
    Quit(usize),
    /// A person's connection breaks.
    Break(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    prop_oneof![
        8 => (person.clone(), prop_oneof![9 => 0usize..60, 1 => 3000usize..3900]).prop_map(|(p, n)| Step::Say(p, n)),
        3 => (person.clone(), person.clone()).prop_map(|(p, q)| Step::Whisper(p, q)),
        3 => person.clone().prop_map(Step::Ping),
        6 => (person.clone(), 1usize..3000).prop_map(|(p, n)| Step::MakeRoom(p, n)),
        18 => (0usize..3).prop_map(Step::HalfTurn),
        1 => person.clone().prop_map(Step::Quit),
        1 => person.prop_map(Step::Break),
    ]
}

/// What one says: to everybody, or to one alone.
type Stream = (usize, Option<usize>);

/// What one person did and read.
#[derive(Debug, Default)]
struct Person {
    gone: bool,
    broken: bool,
    bytes: Vec<u8>,
    /// The last number read of each stream.
    seen: BTreeMap<Stream, u64>,
    /// For each fence under way: what must have been read when it comes.
    fences: BTreeMap<u64, BTreeMap<Stream, u64>>,
    /// Lines of `bytes` looked at already.
    looked: usize,
}

struct Simulation {
    world: World,
    people: Vec<Person>,
    serial: u64,
    /// What stands: proven by a fence that has come.
    stands: BTreeMap<Stream, u64>,
    /// What its asker had said when a fence was asked for.
    asked: BTreeMap<u64, BTreeMap<Stream, u64>>,
    said: BTreeMap<Stream, u64>,
    /// Shards in the middle of a turn.
    taken_in: Vec<bool>,
}

impl Simulation {
    fn new(shards: usize, roomy: bool) -> Self {
        let flags = [
            "--shards",
            &shards.to_string(),
            "--flood-rate",
            "0",
            "--window",
            "64KiB",
            "--notices",
            "off",
        ];
        let mut world = World::new(&flags);
        let observer = world.connect(0, PLENTY);
        for person in 0..PEOPLE {
            let who = world.join(person % shards, &format!("p{person}"));
            if !roomy {
                world.people[who].limit(0);
            }
        }
        world.people[observer].take_output();
        let people = (0..PEOPLE).map(|_| Person::default()).collect();
        let (stands, asked, said) = Default::default();
        Self {
            world,
            people,
            serial: 0,
            stands,
            asked,
            said,
            taken_in: vec![false; shards],
        }
    }

    fn step(&mut self, step: &Step) {
        self.serial += 1;
        let serial = self.serial;
        match *step {
            Step::Say(who, length) => {
                self.say(
                    (who, None),
                    &format!("MSG #{serial} {}\n", "x".repeat(length)),
                );
            }
            Step::Whisper(who, to) => self.say((who, Some(to)), &format!("W p{to} #{serial}\n")),
            Step::Ping(who) => {
                let said = self.said.iter().filter(|((sender, _), _)| *sender == who);
                self.asked.insert(
                    serial,
                    said.map(|(&stream, &number)| (stream, number)).collect(),
                );
                self.people[who].fences.insert(serial, self.stands.clone());
                self.world.send(who + 1, &format!("PING #{serial}\n"));
            }
            Step::MakeRoom(who, bytes) => self.world.people[who + 1].make_room(bytes),
            Step::HalfTurn(shard) => self.half_turn(shard % self.world.shards.len()),
            Step::Quit(who) => {
                self.people[who].gone = true;
                self.world.send(who + 1, "QUIT\n");
            }
            Step::Break(who) => {
                self.people[who].gone = true;
                self.people[who].broken = true;
                self.world.people[who + 1].reset();
            }
        }
        self.look();
    }

    /// Between the halves of one shard's turn, the others go on.
    fn half_turn(&mut self, shard: usize) {
        self.world.tell_news();
        let World { shards, now, .. } = &mut self.world;
        if self.taken_in[shard] {
            shards[shard].give_out(*now);
        } else {
            shards[shard].take_in(*now);
        }
        self.taken_in[shard] = !self.taken_in[shard];
    }

    fn say(&mut self, stream: Stream, line: &str) {
        if !self.people[stream.0].gone {
            self.said.insert(stream, self.serial);
            self.world.send(stream.0 + 1, line);
        }
    }

    /// Lets everybody read what has come, and checks the fences that came.
    fn look(&mut self) {
        for who in 0..PEOPLE {
            let person = &mut self.people[who];
            person
                .bytes
                .append(&mut self.world.people[who + 1].take_output());
            let text = String::from_utf8_lossy(&person.bytes).into_owned();
            let whole = text.matches("\r\n").count();
            let new: Vec<String> = text
                .split("\r\n")
                .take(whole)
                .skip(person.looked)
                .map(str::to_owned)
                .collect();
            person.looked = whole;
            for line in new {
                self.read(who, &line);
            }
        }
    }

    fn read(&mut self, who: usize, line: &str) {
        if let Some((sender, number)) = message(line) {
            self.people[who].seen.insert((sender, None), number);
        }
        if let Some((sender, number)) = whisper(line) {
            self.people[who].seen.insert((sender, Some(who)), number);
        }
        let Some(number) = line.strip_prefix("PONG #") else {
            return;
        };
        let number: u64 = number.parse().unwrap();
        let due = self.people[who]
            .fences
            .remove(&number)
            .expect("each PING is answered once");
        let mine = |(sender, to): Stream| sender != who && to.is_none_or(|to| to == who);
        for (stream, stood) in due.into_iter().filter(|&(stream, _)| mine(stream)) {
            let seen = self.people[who]
                .seen
                .get(&stream)
                .copied()
                .unwrap_or_default();
            assert!(
                seen >= stood,
                "p{who} reads PONG #{number} before {stream:?}'s #{stood}, having seen #{seen}"
            );
        }
        for (&stream, &said) in &self.asked[&number] {
            let stands = self.stands.entry(stream).or_default();
            *stands = said.max(*stands);
        }
    }

    /// Lets all sockets drain and everything come to rest, then holds what was read to the log.
    fn check(mut self) {
        for shard in 0..self.world.shards.len() {
            if self.taken_in[shard] {
                self.half_turn(shard);
            }
        }
        self.world.settle();
        for who in 0..PEOPLE {
            self.world.people[who + 1].make_room(PLENTY);
        }
        self.world.settle();
        self.look();
        let room = self.world.lines(0);
        let numbers: Vec<u64> = room.iter().map(|line| message(line).unwrap().1).collect();
        assert_eq!(
            numbers.iter().collect::<BTreeSet<_>>().len(),
            numbers.len(),
            "each message once"
        );
        for who in 0..PEOPLE {
            self.check_reader(who, &room);
        }
    }

    fn check_reader(&self, who: usize, room: &[String]) {
        let person = &self.people[who];
        let text = String::from_utf8_lossy(&person.bytes);
        let mut lines: Vec<&str> = text.split("\r\n").collect();
        let unfinished = lines.pop().unwrap();
        let ended = self.world.people[who + 1].is_shut_down() || person.broken;
        assert!(
            unfinished.is_empty() || ended,
            "a stream that goes on has whole lines"
        );
        let due: Vec<&String> = room
            .iter()
            .filter(|line| message(line).unwrap().0 != who)
            .collect();
        let read: Vec<&&str> = lines
            .iter()
            .filter(|line| message(line).is_some())
            .collect();
        assert!(
            read.iter()
                .zip(&due)
                .all(|(read, due)| **read == due.as_str()),
            "p{who}: one order, no hole, no echo"
        );
        assert!(
            ended || read.len() == due.len(),
            "p{who} read {} of {}",
            read.len(),
            due.len()
        );
        assert!(ended || person.fences.is_empty(), "p{who} was answered");
        let mut last = BTreeMap::new();
        for line in lines {
            assert!(
                !line.contains("whispers") || whisper(line).is_some(),
                "{line}"
            );
            if let Some((sender, number)) = message(line).or_else(|| whisper(line)) {
                let before = last.insert(sender, number).unwrap_or_default();
                assert!(
                    before < number,
                    "p{who} reads p{sender}'s #{number} after its #{before}"
                );
            }
        }
    }
}

/// Reads `p3: #17 …`: who says it, and its number.
fn message(line: &str) -> Option<(usize, u64)> {
    let (sender, rest) = line.strip_prefix('p')?.split_once(": #")?;
    Some((sender.parse().ok()?, rest.split(' ').next()?.parse().ok()?))
}

/// Reads `p3 whispers, "#17"`: who whispers it, and its number.
fn whisper(line: &str) -> Option<(usize, u64)> {
    let (sender, rest) = line.strip_prefix('p')?.split_once(" whispers, \"#")?;
    Some((sender.parse().ok()?, rest.strip_suffix('"')?.parse().ok()?))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_reads_one_order_without_a_hole_whatever_happens(
        shards in 1usize..=3,
        roomy in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..400),
    ) {
        let mut simulation = Simulation::new(shards, roomy);
        steps.iter().for_each(|step| simulation.step(step));
        simulation.check();
    }
}
