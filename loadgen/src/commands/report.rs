//! `report`: the report of runs that were written before.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::output;
use crate::cli::ReportArgs;
use crate::report::{files, html, text};
use crate::result::merge::merge;
use crate::result::verdict::Exit;
use crate::result::{self, Run};

/// Reads the runs, makes one of several, and writes and prints it.
///
/// # Errors
/// That one can't be read, that they are not of one test, or that the report can't be written.
pub(super) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    let runs = args.runs.iter().map(|dir| read(dir));
    let run = merge(&runs.collect::<Result<Vec<_>, _>>()?)?;
    let beside = || args.runs.first().map(|dir| dir.join(files::REPORT));
    let path = args.out.clone().or_else(beside).unwrap_or_default();
    files::write(&path, &html::render(&run))?;
    if let Some(figures) = run.latency_ns.as_ref().filter(|_| args.hgrm) {
        files::write_hgrm(figures, path.parent().unwrap_or(Path::new("")))?;
    }
    let shown = format!(
        "{} REPORT    {}\n",
        text::render(&run, None),
        path.display()
    );
    output::text(&shown, None)?;
    Ok(Exit::Pass)
}

/// The run in a folder that `--out` has made.
fn read(dir: &Path) -> anyhow::Result<Run> {
    let file = dir.join(files::RUN);
    let path = file.display();
    let json = fs::read(&file).with_context(|| {
        format!("cannot read {path}: wanted a folder that a run wrote with --out")
    })?;
    result::read(&json).with_context(|| format!("cannot read {path}"))
}
