//! Model of a room: a shard in miniature performs the items of a few sessions. What each hands out is held against what
//! its person typed, and what each person reads against what the room owes them.

mod perform;
mod person;
mod typed;

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use super::{Appetite, Audience, Items, Logins, Rules};
use crate::MAX_CLIENT_LINE_BYTES;
use crate::close_reason::CloseReason;
use crate::cursor::Private;
use crate::cursor::model::write;
use crate::flood::FloodLimits;
use crate::log::{Position, RoomLog, View};
use crate::mark::RoomId;
use crate::name::Name;
use crate::replay::Recall;
use crate::roster::{Roster, Slot, WHISPER_BYTES};
use person::Person;
use typed::Typed;

/// A run: whether there is flood control, and what happens.
#[derive(Debug)]
pub(crate) struct Run {
    has_flood_control: bool,
    steps: Vec<Step>,
}

/// Something that happens. People are counted round.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    Type {
        who: u8,
        what: Typed,
    },
    /// Bytes that were typed reach the server, in steps of 16, or all of them.
    Arrive {
        who: u8,
        bytes: u8,
    },
    /// A person's socket takes some bytes.
    Read {
        who: u8,
        bytes: u16,
    },
    /// Time passes, in tenths of a second.
    Pass(u8),
    /// A person closes their sending side, perhaps within a line.
    HangUp {
        who: u8,
        within_line: bool,
    },
    /// The operator removes somebody.
    Kick(u8),
    /// Somebody comes in the place of a person who is gone.
    Come(u8),
}

impl<'a> Arbitrary<'a> for Run {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut run = Self {
            has_flood_control: u.arbitrary()?,
            steps: Vec::new(),
        };
        while !u.is_empty() {
            run.steps.push(u.arbitrary()?);
        }
        Ok(run)
    }
}

const SEATS: usize = 4;
const RESERVED: &str = "root";
const SECRET: &str = "s3cret";
const ROOM: RoomId = RoomId(0xa5);
/// The window: more than anybody says.
const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that are typed in a run at most, so that it is short.
const MOST_TYPED: usize = 40 * 1024;

struct World {
    rules: Rules,
    now: Duration,
    items: Items,
    log: RoomLog,
    /// The whole log.
    said: Vec<u8>,
    view: View,
    roster: Roster,
    /// The people who are logged in, in that order.
    online: Vec<(Name, usize)>,
    people: Vec<Person>,
    /// What waits for its place in the log.
    pending: Vec<(usize, Pending)>,
    typed: usize,
    serial: usize,
}

enum Pending {
    Private(Position, Private),
    Answer(Private),
    Replay(Recall),
    Mark,
    End,
}

/// Plays a run.
///
/// # Panics
/// If a session hands out something else than its person's commands demand, or somebody reads something else than the
/// room owes them.
pub(crate) fn play(run: &Run) {
    let mut world = World::new(run.has_flood_control);
    for step in &run.steps {
        world.step(*step);
    }
    world.finish();
}

impl World {
    fn new(has_flood_control: bool) -> Self {
        let mut world = Self {
            rules: Rules {
                flood: has_flood_control.then(|| FloodLimits::new(5, 2)),
                secret: SECRET.into(),
                room: ROOM,
                logins: Logins::WithoutPasswords,
                audience: Audience::Anyone,
            },
            now: Duration::from_secs(3),
            items: Items::default(),
            log: RoomLog::new(WINDOW_BYTES),
            said: Vec::new(),
            view: View::default(),
            roster: Roster::new(std::iter::once(RESERVED.parse().expect("a name")).collect()),
            online: Vec::new(),
            people: Vec::new(),
            pending: Vec::new(),
            typed: 0,
            serial: 0,
        };
        world.people = (0..SEATS)
            .map(|_| Person::new(&world.view, world.now))
            .collect();
        (0..SEATS).for_each(|who| _ = world.read(who, usize::MAX));
        world
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Type { who, what } => self.type_in(seat(who), what),
            Step::Arrive { who, bytes } => match usize::from(bytes) * 16 {
                0 => self.arrive(seat(who), usize::MAX),
                bytes => self.arrive(seat(who), bytes),
            },
            Step::Read { who, bytes } => _ = self.read(seat(who), bytes.into()),
            Step::Pass(tenths) => self.pass(u64::from(tenths) * 100),
            Step::HangUp { who, within_line } => self.people[seat(who)].hang_up(within_line),
            Step::Kick(who) => self.kick(seat(who)),
            Step::Come(who) => {
                let person = &mut self.people[seat(who)];
                if person.is_closed {
                    *person = Person::new(&self.view, self.now);
                }
            }
        }
    }

    fn type_in(&mut self, who: usize, what: Typed) {
        let person = &mut self.people[who];
        if person.hangs_up || self.typed > MOST_TYPED {
            return;
        }
        self.serial += 1;
        let bytes = what.bytes(self.serial);
        self.typed += bytes.len();
        let before = person.arrived + person.under_way.len();
        let needed = match what {
            Typed::TooLong => MAX_CLIENT_LINE_BYTES,
            Typed::OtherProtocol => b"GET ".len(),
            _ => bytes.len(),
        };
        person.typed.push_back((before + needed, what, self.serial));
        person.under_way.extend(bytes);
    }

    fn arrive(&mut self, who: usize, mut bytes: usize) {
        while bytes > 0 {
            self.items.current = Slot::of_index(who);
            let person = &mut self.people[who];
            let appetite = person
                .session
                .appetite(&self.rules, self.now, &mut self.items);
            let Appetite::Bytes(free) = appetite else {
                break;
            };
            assert!(free > 0);
            let now = bytes.min(free).min(person.under_way.len());
            let fed: Vec<u8> = person.under_way.drain(..now).collect();
            person.session.feed(&fed, fed.len(), &self.rules, self.now);
            person.arrived += now;
            if person.hangs_up && person.under_way.is_empty() {
                person.session.end_input();
                bytes = 0;
            }
            bytes -= now.min(bytes);
            self.turn();
            if now == 0 {
                break;
            }
        }
        self.turn();
    }

    /// Lets a person's socket take up to `room` bytes; returns how many it took.
    fn read(&mut self, who: usize, room: usize) -> usize {
        let mut left = room;
        let person = &mut self.people[who];
        loop {
            let cursor = person.session.cursor();
            let taken = write(cursor, &self.view, &self.said, &mut person.due, left);
            person.session.written(taken, &self.view);
            left -= taken;
            if taken == 0 {
                break;
            }
        }
        self.turn();
        room - left
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.turn();
    }

    fn kick(&mut self, who: usize) {
        self.items.current = Slot::of_index(who);
        let person = &mut self.people[who];
        person.is_kicked = true;
        person
            .session
            .remove(CloseReason::Kicked, Some("too loud"), &mut self.items);
        self.turn();
    }

    /// Lets everything arrive and be read.
    fn finish(&mut self) {
        const SECONDS: usize = 150;
        for _ in 0..SECONDS {
            for who in 0..SEATS {
                self.arrive(who, usize::MAX);
                self.read(who, usize::MAX);
            }
            if self.people.iter_mut().all(Person::is_done) {
                break;
            }
            self.pass(1000);
        }
        while (0..SEATS).any(|who| self.read(who, usize::MAX) > 0) {}
        self.people
            .iter_mut()
            .for_each(|person| person.check_end(&self.view));
        let names: Vec<Name> = self.online.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(self.roster.names(), names);
        for name in names {
            let (_, account) = self
                .roster
                .find_here(name.as_str())
                .expect("the name is taken");
            assert!(
                account.reserve(WHISPER_BYTES),
                "no whisper waits for {name}"
            );
        }
    }
}

fn seat(who: u8) -> usize {
    usize::from(who) % SEATS
}
