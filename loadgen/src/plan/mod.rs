//! Plan of a run, made of what was typed: checked once, all of it together.

pub(crate) mod absences;
pub(crate) mod ids;
pub(crate) mod payload;
pub(crate) mod protocol;
pub(crate) mod random;
pub(crate) mod schedule;
pub(crate) mod servers;
pub(crate) mod tls;
pub(crate) mod workload;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use absences::{Absence, absences};
use payload::{Make, Payload};
use schedule::{Schedule, Shape};
use servers::Servers;
use tls::Proof;
use workload::Workload;

use crate::cli::RunArgs;
use crate::cli::values::Ui;
use crate::units::nanos;

/// A run, before it begins.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) workload: Workload,
    pub(crate) servers: Servers,
    /// The run's id, by chance: names and checks hold it.
    pub(crate) run: u32,
    /// Threads that do the work, 1 to 64 and no more than users.
    pub(crate) workers: u32,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) absences: Vec<Absence>,
    pub(crate) payload: Payload,
    pub(crate) ui: Ui,
    /// The server's process on this machine, if it was given.
    pub(crate) server_pid: Option<i32>,
}

/// Where and how a workload is run.
#[derive(Debug, Clone)]
pub(crate) struct How {
    /// HOST:PORT, of each server.
    pub(crate) targets: Vec<String>,
    /// None in plain text.
    pub(crate) tls: Option<Proof>,
    /// As many as were asked for, if they were.
    pub(crate) threads: Option<u16>,
    pub(crate) ui: Ui,
    pub(crate) server_pid: Option<i32>,
}

impl From<&RunArgs> for How {
    fn from(args: &RunArgs) -> Self {
        let typed = args.server.clone().unwrap_or_default();
        let proof = match (&args.tls_pin, &args.tls_ca) {
            (Some(key), _) => Proof::Key(*key),
            (None, Some(path)) => Proof::Authorities(path.clone()),
            (None, None) => Proof::None,
        };
        let is_plain = !typed.over_tls && !args.tls && matches!(proof, Proof::None);
        Self {
            targets: typed.hosts,
            tls: (!is_plain).then_some(proof),
            threads: args.threads,
            ui: args.ui,
            server_pid: args.server_pid,
        }
    }
}

/// What was typed can't be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("{}", .0.join("\nwac-loadgen: "))]
    Values(Vec<String>),
    #[error("not an address: {target}: wanted HOST:PORT that can be resolved ({source})")]
    Address { target: String, source: io::Error },
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

impl Plan {
    /// # Errors
    /// That an address can't be resolved.
    pub(crate) fn new(workload: Workload, how: &How) -> Result<Self, PlanError> {
        let schedule = Arc::new(Schedule::new(&Shape {
            stages: stages(&workload),
            whispers: workload.whispers,
            arrival: workload.arrival,
            senders: workload.senders,
            seed: workload.seed,
        }));
        let run = getrandom::u32()?;
        if how.tls.is_some() && workload.bad_clients() > 0 {
            let why = "--slow and --hostile speak plain text: they don't go with --tls";
            return Err(PlanError::Values(vec![why.to_owned()]));
        }
        if how.server_pid.is_some() && how.targets.len() > 1 {
            let why = "--server-pid: found with several addresses, wanted one address: the processes of several servers are found by themselves";
            return Err(PlanError::Values(vec![why.to_owned()]));
        }
        let servers = Servers::new(&how.targets, how.tls.as_ref())?;
        Ok(Self {
            run,
            workers: workers(how.threads, servers.are_local()).min(workload.users),
            payload: Payload::new(Make {
                run,
                seed: workload.seed,
                users: workload.users,
                size: workload.size,
                schedule: schedule.clone(),
            }),
            absences: absences(&workload),
            ui: how.ui,
            server_pid: how.server_pid,
            servers,
            schedule,
            workload,
        })
    }

    /// The stage that is under way at a moment, as of [`Plan::stage`]; none once the sending is over, too.
    pub(crate) fn stage_under_way(&self, at: u64) -> Option<usize> {
        self.stage(at)
            .filter(|_| at < nanos(self.workload.sending()))
    }

    /// The stage that a moment belongs to, in nanoseconds from the beginning of the sending; none in the warm-up.
    pub(crate) fn stage(&self, at: u64) -> Option<usize> {
        let mut end = nanos(self.workload.warmup);
        let warm = at >= end;
        let stages = &self.workload.stages;
        let ended = stages.iter().take_while(|stage| {
            end += nanos(stage.duration);
            at >= end
        });
        warm.then(|| ended.count().min(stages.len() - 1))
    }
}

/// Rates and durations, the warm-up first.
fn stages(workload: &Workload) -> Vec<(f64, Duration)> {
    let warmup = (workload.stages[0].rate, workload.warmup);
    let stages = workload
        .stages
        .iter()
        .map(|stage| (stage.rate, stage.duration));
    std::iter::once(warmup).chain(stages).collect()
}

/// On one machine with the server, half of the cores are left to it.
fn workers(threads: Option<u16>, is_shared: bool) -> u32 {
    let cores = || thread::available_parallelism().map_or(1, |cores| cores.get().min(64) as u32);
    let fitting = || {
        if is_shared {
            (cores() / 2).max(1)
        } else {
            cores()
        }
    };
    threads.map_or_else(fitting, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Args, Command, Preset};
    use clap::Parser;

    fn plan(flags: &[&str]) -> Result<Plan, PlanError> {
        let words = ["wac-loadgen", "run", "127.0.0.1:1"].iter().chain(flags);
        let Command::Run(args) = Args::parse_from(words).command else {
            unreachable!("run was typed")
        };
        Plan::new(Workload::new(Preset::Run, &args)?, &How::from(&args))
    }

    #[test]
    fn two_runs_have_names_of_their_own_and_one_schedule() {
        let (one, two) = (plan(&[]).unwrap(), plan(&[]).unwrap());
        assert_ne!(one.run, two.run);
        assert_eq!(one.schedule, two.schedule);
        assert_eq!(one.workload.hash(), two.workload.hash());
    }

    #[test]
    fn all_problems_are_told_together() {
        let error = plan(&["--users", "5", "--senders", "6", "--duration", "0s"]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--senders: 6 found, wanted 1 to 5"), "{text}");
        assert!(text.contains("--duration: 0 found"), "{text}");
    }

    #[test]
    fn a_closed_loop_is_for_messages_that_are_for_all_and_has_no_objective() {
        let refused = |flags: &[&str], wanted: &str| {
            let flags = [&["--in-flight", "4"], flags].concat();
            let shown = plan(&flags).unwrap_err().to_string();
            assert!(shown.contains(wanted), "{wanted} is in: {shown}");
        };
        refused(&["--whispers", "10%"], "--in-flight: found together");
        refused(&["--churn", "1%/s"], "--in-flight: found together");
        refused(&["--slo", "deliver.p99<50ms"], "--slo: objectives are of");
        let all = ["--protocol", "redis", "--senders", "100%"];
        refused(&all, "--senders: all users found");
        assert!(plan(&["--in-flight", "4"]).is_ok());
    }

    #[test]
    fn what_would_not_fit_into_memory_is_refused() {
        assert!(plan(&["--rate", "1000000/s", "--duration", "1h"]).is_err());
        assert!(plan(&["--users", "4000000000", "--senders", "1%"]).is_err());
    }

    #[test]
    fn a_moment_is_the_warm_ups_or_a_stages() {
        let plan = plan(&["--warmup", "1s", "--stages", "2s:@10/s,3s:@20/s"]).unwrap();
        let second = 1_000_000_000;
        let stages = [
            0,
            second - 1,
            second,
            3 * second - 1,
            3 * second,
            6 * second,
            9 * second,
        ];
        let of = stages.map(|at| plan.stage(at));
        assert_eq!(
            of,
            [None, None, Some(0), Some(0), Some(1), Some(1), Some(1)]
        );
        let under_way = stages.map(|at| plan.stage_under_way(at));
        assert_eq!(
            under_way,
            [None, None, Some(0), Some(0), Some(1), None, None]
        );
    }
}
