//! Soak: a town for hours, at a share of the highest rate that meets the objectives.

use super::usage::UsageError;
use super::{find_max, run};
use crate::cli::values::Rate;
use crate::cli::{Preset, RunArgs};
use crate::result::exit::Exit;

/// Of the highest rate: busy, and with room for what hours bring.
const SHARE: f64 = 0.6;

/// Finds the rate, where none is given, and runs at it.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    if args.rate.is_some() || args.stages.is_some() {
        return run::run(Preset::Soak, args);
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
    run::run(Preset::Soak, &soak)
}
