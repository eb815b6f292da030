//! What a run needs, from what was typed: checked once, all of it together.

use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use crate::args::RunArgs;
use crate::payload::{Make, Payload};
use crate::schedule::{Schedule, Shape};

/// 16 Mi messages: for each, 8 bytes of schedule, 8 of sending times, 16 a worker of arrivals.
const MAX_MESSAGES: f64 = 16_777_216.0;
/// 256 Mi pairs of a reader and a sender, 4 bytes of ledger each: 1 GiB.
const MAX_PAIRS: u64 = 1 << 28;

/// A run, before it begins.
#[derive(Debug)]
pub(crate) struct Plan {
    /// As it was typed.
    pub(crate) target: String,
    pub(crate) server: SocketAddr,
    /// The run's id, by chance: names and checks hold it.
    pub(crate) run: u32,
    pub(crate) seed: u64,
    pub(crate) users: u32,
    pub(crate) senders: u32,
    /// Messages a second, of all senders together.
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
    /// Bytes of a text.
    pub(crate) size: u16,
    pub(crate) drain: Duration,
    /// Threads that do the work, 1 to 64 and no more than users.
    pub(crate) workers: u32,
    pub(crate) schedule: Schedule,
    pub(crate) payload: Payload,
}

/// What was typed can't be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("{}", .0.join("\nwac-loadgen: "))]
    Values(Vec<String>),
    #[error("not an address: {target}: wanted HOST:PORT that can be resolved ({source})")]
    Address {
        target: String,
        source: std::io::Error,
    },
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

impl Plan {
    /// # Errors
    /// All that is wrong with the values together; else that the address can't be resolved.
    pub(crate) fn new(args: &RunArgs) -> Result<Self, PlanError> {
        let senders = args.senders.among(args.users);
        let wrong = problems(args, senders);
        if !wrong.is_empty() {
            return Err(PlanError::Values(wrong));
        }
        let schedule = Schedule::new(Shape {
            rate: args.rate.0,
            duration: *args.duration,
            arrival: args.arrival,
            senders,
            seed: args.seed,
        });
        let run = getrandom::u32()?;
        Ok(Self {
            target: args.server.clone(),
            server: resolve(&args.server)?,
            run,
            seed: args.seed,
            users: args.users,
            senders,
            rate: args.rate.0,
            duration: *args.duration,
            size: args.size,
            drain: *args.drain,
            workers: workers(args),
            payload: Payload::new(Make {
                run,
                seed: args.seed,
                senders,
                messages: schedule.len(),
                size: args.size,
            }),
            schedule,
        })
    }
}

fn problems(args: &RunArgs, senders: u32) -> Vec<String> {
    let mut wrong = Vec::new();
    if senders == 0 || senders > args.users {
        wrong.push(format!(
            "--senders: {senders} found, wanted 1 to {} (--users)",
            args.users
        ));
    }
    let messages = args.rate.0 * args.duration.as_secs_f64();
    // A tenth is left for what chance adds to a Poisson schedule.
    if messages > 0.9 * MAX_MESSAGES {
        wrong.push(format!(
            "--rate and --duration: {messages:.0} messages found, wanted at most {:.0}",
            0.9 * MAX_MESSAGES
        ));
    }
    if args.duration.is_zero() {
        wrong.push("--duration: 0 found, wanted more".to_owned());
    }
    let pairs = u64::from(args.users) * u64::from(senders);
    if pairs > MAX_PAIRS {
        wrong.push(format!(
            "--senders: {senders} of {} users found, wanted at most {}: each pair of a reader and a sender is checked",
            args.users,
            MAX_PAIRS / u64::from(args.users)
        ));
    }
    wrong
}

fn resolve(target: &str) -> Result<SocketAddr, PlanError> {
    let failed = |source| PlanError::Address {
        target: target.to_owned(),
        source,
    };
    let nothing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let mut addresses = target.to_socket_addrs().map_err(failed)?;
    addresses.next().ok_or_else(nothing).map_err(failed)
}

fn workers(args: &RunArgs) -> u32 {
    let cores = || thread::available_parallelism().map_or(1, |cores| cores.get().min(64) as u32);
    args.threads.map_or_else(cores, u32::from).min(args.users)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn plan(flags: &[&str]) -> Result<Plan, PlanError> {
        let words = ["wac-loadgen", "run", "127.0.0.1:1"].iter().chain(flags);
        let Command::Run(args) = Args::parse_from(words).command;
        Plan::new(&args)
    }

    #[test]
    fn two_runs_have_names_of_their_own_and_one_schedule() {
        let (one, two) = (plan(&[]).unwrap(), plan(&[]).unwrap());
        assert_ne!(one.run, two.run);
        assert_eq!(one.schedule, two.schedule);
    }

    #[test]
    fn all_problems_are_told_together() {
        let error = plan(&["--users", "5", "--senders", "6", "--duration", "0s"]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--senders: 6 found, wanted 1 to 5"), "{text}");
        assert!(text.contains("--duration: 0 found"), "{text}");
    }

    #[test]
    fn what_would_not_fit_into_memory_is_refused() {
        assert!(plan(&["--rate", "1000000/s", "--duration", "1h"]).is_err());
        assert!(plan(&["--users", "4000000000", "--senders", "1%"]).is_err());
    }
}
