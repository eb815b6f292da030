//! Workload: all that is asked of a server, made of flags and preset. It does not say where.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PlanError;
use super::random::mix;
use crate::cli::values::{Arrival, Size, Slow, Storm};
use crate::cli::{Preset, RunArgs};
use crate::plan::protocol::Protocol;

/// 16 Mi messages: for each, 8 bytes of schedule, 16 of sending times, 24 a worker of arrivals.
const MAX_MESSAGES: f64 = 16_777_216.0;
/// 256 Mi pairs of a reader and a sender, 4 bytes of ledger each: 1 GiB.
const MAX_PAIRS: u64 = 1 << 28;

/// The work of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workload {
    pub(crate) preset: String,
    pub(crate) protocol: Protocol,
    pub(crate) users: u32,
    /// The first users are those who talk.
    pub(crate) senders: u32,
    /// At the rate of the first stage; it counts in no figure, but is checked.
    #[serde(rename = "warmup_ns", with = "crate::units")]
    pub(crate) warmup: Duration,
    /// One at least.
    pub(crate) stages: Vec<Stage>,
    pub(crate) arrival: Arrival,
    /// A closed loop: what is due is sent while the deliveries of fewer messages than this are under way. None: an
    /// open one, in which it waits for nobody.
    pub(crate) in_flight: Option<u32>,
    pub(crate) size: Size,
    /// The share of the messages that are whispers, 0 to 1.
    pub(crate) whispers: f64,
    /// The share of the users that leaves, each second, 0 to 1.
    pub(crate) churn: f64,
    pub(crate) storm: Option<Storm>,
    /// Who comes back has kept a mark, and is shown what it missed.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) resume: bool,
    pub(crate) slow: Option<Slow>,
    pub(crate) hostile: u32,
    pub(crate) connect_rate: Option<f64>,
    #[serde(rename = "drain_ns", with = "crate::units")]
    pub(crate) drain: Duration,
    pub(crate) seed: u64,
}

/// A part of a run, with figures of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// Messages a second, of all senders together; 0 = nobody talks.
    pub(crate) rate: f64,
    #[serde(rename = "duration_ns", with = "crate::units")]
    pub(crate) duration: Duration,
    /// Slow readers and hostile clients are there.
    pub(crate) bad_clients: bool,
}

impl Workload {
    /// # Errors
    /// All that is wrong with the values, together.
    pub(crate) fn new(preset: Preset, args: &RunArgs) -> Result<Self, PlanError> {
        let defaults = preset.defaults();
        let users = args.users.unwrap_or(defaults.users);
        let rate = args.rate.or(defaults.rate).map_or(0.0, |rate| rate.0);
        let duration = args.duration.map_or(defaults.duration, |time| *time);
        let slow = args.slow;
        let hostile = args.hostile.unwrap_or(0);
        let stages = match &args.stages {
            Some(stages) => numbered(&stages.0),
            None if slow.is_some() || hostile > 0 => without_and_with(rate, duration),
            None => vec![stage("all", rate, duration, false)],
        };
        let workload = Self {
            preset: preset.name().to_owned(),
            protocol: args.protocol.unwrap_or(Protocol::Wac),
            users,
            senders: args.senders.unwrap_or(defaults.senders).among(users),
            warmup: args.warmup.map_or(defaults.warmup, |time| *time),
            stages,
            arrival: args.arrival.unwrap_or(defaults.arrival),
            in_flight: args.in_flight.or(defaults.in_flight),
            size: args.size.unwrap_or(Size { min: 64, max: 64 }),
            whispers: args.whispers.map_or(0.0, |share| share.0),
            churn: args.churn.map_or(0.0, |churn| churn.0),
            storm: args.storm.or(defaults.storm),
            resume: args.resume,
            slow,
            hostile,
            connect_rate: args.connect_rate.map(|rate| rate.0),
            drain: args.drain.map_or(Duration::from_secs(5), |time| *time),
            seed: args.seed.unwrap_or(1),
        };
        let mut wrong = workload.problems();
        if workload.is_closed_loop() && !args.slo.is_empty() {
            wrong.push(
                "--slo: objectives are of latencies, and a closed loop (--in-flight) has none"
                    .to_owned(),
            );
        }
        if wrong.is_empty() {
            Ok(workload)
        } else {
            Err(PlanError::Values(wrong))
        }
    }

    /// How long is measured.
    pub(crate) fn measured(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// How long is sent: the warm-up, and what is measured.
    pub(crate) fn sending(&self) -> Duration {
        self.warmup + self.measured()
    }

    /// Messages a second on average over what is measured.
    pub(crate) fn mean_rate(&self) -> f64 {
        let sent: f64 = self
            .stages
            .iter()
            .map(|stage| stage.rate * stage.duration.as_secs_f64())
            .sum();
        sent / self.measured().as_secs_f64()
    }

    /// How many connections there are beside the users'.
    pub(crate) fn bad_clients(&self) -> u32 {
        self.hostile + self.slow.map_or(0, |slow| slow.n + slow.stopped)
    }

    /// There are two stages that differ in nothing but that slow readers or hostile clients are there in the second.
    pub(crate) fn has_halves(&self) -> bool {
        matches!(&self.stages[..], [calm, rough] if !calm.bad_clients && rough.bad_clients)
    }

    /// Users come and go.
    pub(crate) fn is_moving(&self) -> bool {
        self.churn > 0.0 || self.storm.is_some()
    }

    /// What is due waits for what is under way.
    pub(crate) fn is_closed_loop(&self) -> bool {
        self.in_flight.is_some()
    }

    /// How many read each message, where nobody comes or goes.
    pub(crate) fn readers(&self) -> u32 {
        if self.protocol.senders_are_deaf() {
            self.users - self.senders
        } else {
            self.users - 1
        }
    }

    /// Whether two runs asked the same.
    pub(crate) fn hash(&self) -> u64 {
        let text = serde_json::to_string(self).expect("a workload is plain data");
        text.bytes()
            .fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
    }

    /// What can't be, in the words of the flags.
    fn problems(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let users = self.users;
        if self.senders == 0 || self.senders > users {
            wrong.push(format!(
                "--senders: {} found, wanted 1 to {users} (--users)",
                self.senders
            ));
        }
        if self.stages.iter().any(|stage| stage.duration.is_zero()) {
            wrong.push("--duration: 0 found, wanted more".to_owned());
        }
        let messages = self.stages[0].rate * self.warmup.as_secs_f64()
            + self.mean_rate() * self.measured().as_secs_f64();
        // A tenth is left for what chance adds to a Poisson schedule.
        if messages > 0.9 * MAX_MESSAGES {
            wrong.push(format!(
                "--rate and --duration: {messages:.0} messages found, wanted at most {:.0}",
                0.9 * MAX_MESSAGES
            ));
        }
        let pairs = u64::from(users) * u64::from(self.senders);
        if pairs > MAX_PAIRS {
            wrong.push(format!(
                "--senders: {} of {users} users found, wanted at most {}, since each pair of a reader and a sender is checked",
                self.senders,
                MAX_PAIRS / u64::from(users)
            ));
        }
        wrong.extend(self.closed_loop_problems());
        wrong.extend(self.movement_problems());
        wrong.extend(self.protocol_problems());
        wrong
    }

    /// A closed loop counts what is under way by how many are to have it.
    fn closed_loop_problems(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.is_closed_loop() {
            return wrong;
        }
        if self.is_moving() || self.whispers > 0.0 {
            wrong.push(
                "--in-flight: found together with --whispers, --churn or --storm, wanted none of them: each message must be for all"
                    .to_owned(),
            );
        }
        if self.senders == self.users && self.protocol.senders_are_deaf() {
            wrong.push(
                "--senders: all users found, wanted fewer for --in-flight: with this --protocol nobody would read"
                    .to_owned(),
            );
        }
        wrong
    }

    fn movement_problems(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.is_moving() {
            let why = "--resume: found without --churn or --storm, wanted one of them: only who leaves comes back";
            wrong.extend(self.resume.then(|| why.to_owned()));
            return wrong;
        }
        let movers = f64::from(self.users - self.senders.min(self.users)) / f64::from(self.users);
        let share = self.storm.map_or(0.0, |storm| storm.frac).max(self.churn);
        if share > movers {
            wrong.push(format!(
                "--churn, --storm: {:.0} % of the users found, wanted at most {:.0} %: those who talk (--senders) stay",
                share * 100.0,
                movers * 100.0
            ));
        }
        if self.whispers > 0.0 {
            wrong.push(
                "--whispers: found together with --churn or --storm, wanted one of them: who is away can't be whispered to".to_owned(),
            );
        }
        if let Some(storm) = self.storm
            && storm.at + storm.back >= self.measured()
        {
            wrong.push(format!(
                "--storm: the last is back after {}, wanted less than the {} of --duration",
                humantime::format_duration(storm.at + storm.back),
                humantime::format_duration(self.measured())
            ));
        }
        wrong
    }

    fn protocol_problems(&self) -> Vec<String> {
        let special = [
            ("--whispers", self.whispers > 0.0),
            ("--churn", self.churn > 0.0),
            ("--storm", self.storm.is_some()),
            ("--resume", self.resume),
            ("--hostile", self.hostile > 0),
        ];
        let special = special.iter().filter(|(_, found)| *found);
        match self.protocol {
            Protocol::Wac => Vec::new(),
            _ => special
                .map(|(flag, _)| format!("{flag}: works with --protocol wac alone"))
                .collect(),
        }
    }
}

/// What is not asked for changes no hash.
fn is_no(asked: &bool) -> bool {
    !asked
}

fn stage(name: &str, rate: f64, duration: Duration, bad_clients: bool) -> Stage {
    Stage {
        name: name.to_owned(),
        rate,
        duration,
        bad_clients,
    }
}

fn numbered(stages: &[(Duration, crate::cli::values::Rate)]) -> Vec<Stage> {
    let each = (1..).zip(stages);
    each.map(|(number, &(duration, rate))| {
        stage(&format!("stage {number}"), rate.0, duration, true)
    })
    .collect()
}

fn without_and_with(rate: f64, duration: Duration) -> Vec<Stage> {
    vec![
        stage("without", rate, duration / 2, false),
        stage("with", rate, duration / 2, true),
    ]
}
