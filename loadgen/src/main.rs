//! wac-loadgen: a load tester for broadcast that can be believed.
//!
//! ```text
//!  Args ─▶ Plan ─▶ preflight ─▶ engine ─▶ Outcome ─▶ Report ─▶ text, JSON, exit code
//!          │                    │         │
//!          │                    │         └ merged: histograms, ledger, limits met
//!          │                    └ a thread for each core: connects, sends when due, reads, counts
//!          └ pure: schedule, payload, names
//! ```

mod args;
mod arrivals;
mod clock;
mod engine;
mod figures;
mod ledger;
mod limit;
mod number;
mod payload;
mod plan;
mod preflight;
mod progress;
mod random;
mod report;
mod schedule;
mod share;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use args::{Args, Command, RunArgs};
use engine::JoinError;
use plan::{Plan, PlanError};
use preflight::PreflightError;
use report::Report;
use verdict::Exit;

fn main() -> ExitCode {
    let Command::Run(args) = Args::parse().command;
    match run(&args) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("wac-loadgen: {error:#}");
            exit_of(&error).into()
        }
    }
}

fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let plan = Arc::new(Plan::new(args)?); // 1. what was typed makes sense
    preflight::check(&plan)?; // 2. this machine can carry it
    let outcome = engine::run(&plan)?; // 3. threads appear here, and end here
    let report = Report::new(&plan, outcome);
    report.print(args.json.as_deref())?; // 4. said once
    Ok(report.exit())
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<PlanError>() {
        Exit::Usage
    } else if error.is::<PreflightError>() || error.is::<JoinError>() {
        Exit::Preflight
    } else {
        Exit::Internal
    }
}
