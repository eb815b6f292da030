//! `run` and its presets, from what was typed to the result; and `soak`, whose rate is found first.

use std::sync::Arc;

use super::find_max;
use super::output::{Output, UsageError, settled};
use crate::cli::values::Rate;
use crate::cli::{Preset, RunArgs};
use crate::engine;
use crate::machine::preflight;
use crate::machine::spawned::Spawned;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::report::files::{Files, NAMES};
use crate::report::text;
use crate::result::verdict::Exit;
use crate::result::{self, Run};

/// Runs, keeps the files that were asked for, and prints the result.
pub(super) fn run(preset: Preset, args: &RunArgs) -> anyhow::Result<Exit> {
    at(preset, args, Places::open(args)?)
}

/// Where a run's result goes, opened before it begins.
struct Places {
    output: Output,
    files: Option<Files>,
}

impl Places {
    fn open(args: &RunArgs) -> anyhow::Result<Self> {
        Ok(Self {
            output: Output::open(args.json.as_deref())?,
            files: args
                .out
                .as_deref()
                .map(|dir| Files::open(dir, &NAMES))
                .transpose()?,
        })
    }
}

fn at(preset: Preset, args: &RunArgs, places: Places) -> anyhow::Result<Exit> {
    let (run, exit) = once(preset, args)?;
    let text = text::render(&run, args.out.as_deref());
    let exit = places.output.finish(&text, &run, exit);
    Ok(match places.files {
        Some(files) => settled(files.write(&run), exit),
        None => exit,
    })
}

/// Runs, and shows progress meanwhile.
///
/// # Errors
/// What was typed makes no sense, this machine can't carry it, nobody answers.
pub(super) fn once(preset: Preset, args: &RunArgs) -> anyhow::Result<(Run, Exit)> {
    if args.server.is_none() && args.spawn.is_none() {
        let why = "which server? Give HOST:PORT, or --spawn COMMAND";
        return Err(UsageError(why.to_owned()).into());
    }
    let workload = Workload::new(preset, args)?; // 1. what was typed makes sense
    let spawned = args.spawn.as_deref().map(Spawned::start).transpose()?;
    let mut how = How::from(args);
    if let Some(server) = &spawned {
        how.targets = vec![server.address().to_string()];
        how.server_pid = Some(server.pid());
    }
    let plan = Arc::new(Plan::new(workload, &how)?);
    preflight::check(&plan)?; // 2. this machine can carry it
    let outcome = engine::run(&plan)?; // 3. threads appear here, and end here
    Ok(result::build(&plan, &args.slo, outcome)) // 4. one model, for all that is shown
}

/// Of the highest rate: busy, and with room for what hours bring.
const SHARE: f64 = 0.6;

/// Finds the rate, where none is given, and runs at it.
pub(super) fn soak(args: &RunArgs) -> anyhow::Result<Exit> {
    if args.rate.is_some() || args.stages.is_some() {
        return run(Preset::Soak, args);
    }
    if args.slo.is_empty() {
        let why = "soak needs a --rate, or an objective to find the highest rate with: --slo 'deliver.p99<50ms'";
        return Err(UsageError(why.to_owned()).into());
    }
    let places = Places::open(args)?;
    // A try is short, and leaves nothing behind.
    let tries = RunArgs {
        duration: None,
        out: None,
        ..args.clone()
    };
    let found = find_max::highest(&tries, &places.output)?;
    places.output.text(&found.text())?;
    let Some(highest) = found.rate.filter(|_| found.exit == Exit::Pass) else {
        return Ok(found.exit);
    };
    let soak = RunArgs {
        rate: Some(Rate(highest * SHARE)),
        ..args.clone()
    };
    at(Preset::Soak, &soak, places)
}
