//! Steps of a simulated run, drawn at random.

use std::time::Duration;

use fastrand::Rng;

/// Connections at a time, beside the one that only reads.
pub(super) const SEATS: usize = 12;
/// Names that people claim: enough for all, or so few that they change hands all the time.
const NAMES: usize = 2 * SEATS;
const COVETED_NAMES: usize = 4;

/// The character of a whole run.
pub(super) struct Weather {
    pub(super) shards: usize,
    pub(super) steps: usize,
    pub(super) notices: bool,
    /// The server is a node of a cluster: what is said goes through a stream.
    pub(super) cluster: bool,
    /// Of four new connections, this many have sockets that take everything; those of the others take
    /// what a step lets them take.
    pub(super) roomy: u8,
    /// Most lines are long, so that the window moves fast.
    windy: bool,
    /// People come, go and take each other's names all the time.
    restless: bool,
    /// One shard hardly ever gets its turn.
    starved: Option<usize>,
    /// The server may be stopped.
    stops: bool,
}

impl Weather {
    pub(super) fn draw(random: &mut Rng) -> Self {
        let shards = [1, 2, 2, 3, 3, 3][random.usize(..6)];
        let starves = shards > 1 && random.bool();
        Self {
            shards,
            starved: starves.then(|| random.usize(..shards)),
            steps: random.usize(50..1200),
            notices: random.bool(),
            roomy: random.u8(..=4),
            windy: random.bool(),
            restless: random.bool(),
            stops: random.u8(..3) == 0,
            cluster: random.bool(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    Quit,
    EndsInput,
    Breaks,
}

#[derive(Debug)]
pub(super) enum Step {
    /// Somebody new connects in a place that somebody left.
    Arrive(usize),
    LogIn(usize, usize),
    /// Lines with this many bytes after their numbers.
    Say {
        seat: usize,
        lines: usize,
        bytes: usize,
    },
    /// Whispers to a name, held or not.
    Whisper {
        seat: usize,
        name: usize,
        lines: usize,
    },
    /// The owner of a name leaves, and another reader claims it at once.
    TakeOver(usize, usize),
    Ping(usize),
    Who(usize),
    /// Somebody asks for so many of the last lines.
    Recall(usize, usize),
    /// A socket takes this many more bytes.
    MakeRoom(usize, usize),
    Leave(usize, Departure),
    HalfTurn(usize),
    /// A message of the stream comes back.
    Flow,
    /// The operator removes somebody.
    Kick(usize),
    /// The operator asks who is there.
    List,
    Pass(Duration),
    /// The server begins to stop; after this many steps the grace is over, or a second SIGINT comes.
    Stop(usize),
}

impl Step {
    pub(super) fn draw(random: &mut Rng, weather: &Weather) -> Self {
        let seat = random.usize(..SEATS);
        let name = name(random, weather);
        let restless = if weather.restless { 60 } else { 20 };
        let talk = if weather.windy { 150 } else { 60 };
        let stops = if weather.stops { 3 } else { 0 };
        let weights = [
            240,
            talk,
            60,
            15,
            90,
            30,
            60,
            60,
            restless / 2,
            10,
            restless / 2,
            6,
            6,
            stops,
            20,
            if weather.cluster { 90 } else { 0 },
        ];
        let mut at = random.usize(..weights.iter().sum::<usize>());
        let kind = weights.iter().position(|&weight| {
            let here = at < weight;
            at = at.wrapping_sub(weight);
            here
        });
        match kind.expect("the sum is the end") {
            0 => Self::HalfTurn(shard(random, weather)),
            1 => say(random, weather, seat),
            2 => Self::Whisper {
                seat,
                name,
                lines: random.usize(1..5),
            },
            3 => Self::Who(seat),
            4 => Self::MakeRoom(seat, room(random)),
            5 => Self::Ping(seat),
            6 => Self::LogIn(seat, name),
            7 => Self::Arrive(seat),
            8 => Self::Leave(seat, departure(random)),
            9 => Self::Pass(Duration::from_millis(random.u64(..3000))),
            10 => Self::TakeOver(seat, name),
            11 => Self::Kick(seat),
            12 => Self::List,
            14 => Self::Recall(seat, random.usize(1..40)),
            15 => Self::Flow,
            _ => Self::Stop(random.usize(1..60)),
        }
    }
}

/// Draws a name.
pub(super) fn name(random: &mut Rng, weather: &Weather) -> usize {
    random.usize(
        ..if weather.restless {
            COVETED_NAMES
        } else {
            NAMES
        },
    )
}

fn shard(random: &mut Rng, weather: &Weather) -> usize {
    loop {
        let shard = random.usize(..weather.shards);
        if weather.starved != Some(shard) || random.u8(..20) == 0 {
            return shard;
        }
    }
}

fn say(random: &mut Rng, weather: &Weather, seat: usize) -> Step {
    let long = if weather.windy {
        random.u8(..3) > 0
    } else {
        random.u8(..10) == 0
    };
    if long {
        Step::Say {
            seat,
            lines: random.usize(1..16),
            bytes: random.usize(2000..3900),
        }
    } else {
        Step::Say {
            seat,
            lines: random.usize(1..3),
            bytes: random.usize(..60),
        }
    }
}

fn room(random: &mut Rng) -> usize {
    if random.u8(..4) == 0 {
        random.usize(1..60_000)
    } else {
        random.usize(1..3000)
    }
}

fn departure(random: &mut Rng) -> Departure {
    match random.u8(..4) {
        0 => Departure::Quit,
        1 => Departure::EndsInput,
        _ => Departure::Breaks,
    }
}
