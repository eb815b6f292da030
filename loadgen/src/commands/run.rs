//! `run` and its presets, from what was typed to the result; and `soak`, whose rate is found first.

use std::sync::Arc;

use super::output::UsageError;
use super::{find_max, output};
use crate::cli::values::Rate;
use crate::cli::{Preset, RunArgs};
use crate::engine;
use crate::machine::preflight;
use crate::machine::spawned::Spawned;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::report::{files, text};
use crate::result::verdict::Exit;
use crate::result::{self, Run};

/// Runs, keeps the files that were asked for, and prints the result.
pub(super) fn run(preset: Preset, args: &RunArgs) -> anyhow::Result<Exit> {
    let (run, exit) = once(preset, args)?;
    if let Some(dir) = &args.out {
        files::write_all(&run, dir)?; // kept, before it is shown
    }
    output::text(
        &text::render(&run, args.out.as_deref()),
        args.json.as_deref(),
    )?;
    output::json(&run, args.json.as_deref())?;
    Ok(exit)
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
        how.target = server.address().to_string();
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
    // A try is short, and leaves nothing behind.
    let tries = RunArgs {
        duration: None,
        out: None,
        json: None,
        ..args.clone()
    };
    let (found, exit) = find_max::highest(&tries)?;
    let Some(highest) = found.filter(|_| exit == Exit::Pass) else {
        return Ok(exit);
    };
    let soak = RunArgs {
        rate: Some(Rate(highest * SHARE)),
        ..args.clone()
    };
    run(Preset::Soak, &soak)
}
