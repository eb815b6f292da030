//! One run, from what was typed to its result.

use std::sync::Arc;

use super::output;
use crate::cli::{Preset, RunArgs};
use crate::engine;
use crate::machine::preflight;
use crate::machine::spawned::Spawned;
use crate::plan::workload::Workload;
use crate::plan::{How, Plan};
use crate::report::{files, text};
use crate::result::exit::Exit;
use crate::result::{self, Run};

/// Runs, keeps the files that were asked for, and tells the result.
pub(super) fn run(preset: Preset, args: &RunArgs) -> anyhow::Result<Exit> {
    let (run, exit) = once(preset, args)?;
    if let Some(dir) = &args.out {
        files::write_all(&run, dir)?; // kept, before it is told
    }
    output::text(
        &text::render(&run, args.out.as_deref()),
        args.json.as_deref(),
    )?;
    output::json(&run, args.json.as_deref())?;
    Ok(exit)
}

/// Runs; what is shown meanwhile is all that is told.
///
/// # Errors
/// What was typed makes no sense, this machine can't carry it, nobody answers.
pub(super) fn once(preset: Preset, args: &RunArgs) -> anyhow::Result<(Run, Exit)> {
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
    Ok(result::build(&plan, &args.slo, outcome)) // 4. one model, for all that is told
}
