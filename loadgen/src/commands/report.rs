//! `report`: the report of runs that were written before.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::output::{UsageError, print, settled};
use crate::cli::ReportArgs;
use crate::report::files::{self, Files};
use crate::report::text;
use crate::result::merge::merge;
use crate::result::verdict::Exit;
use crate::result::{self, Run};

/// Reads the runs, makes one of several, and prints and writes it.
///
/// # Errors
/// That one can't be read, that they are not of one test, or that there is no place for the report.
pub(super) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    let runs = args.runs.iter().map(|dir| read(dir));
    let run = merge(runs.collect::<Result<_, _>>()?).map_err(UsageError)?;
    let dir = folder(args)?;
    let wanted = if args.hgrm { 3 } else { 1 };
    let places = Files::open(dir, &files::AGAIN[..wanted])?;
    let shown = format!(
        "{} REPORT    {}\n",
        text::render(&run, None),
        dir.join(files::REPORT).display()
    );
    let exit = settled(print(std::io::stdout(), shown.as_bytes()), Exit::Pass);
    Ok(settled(places.write_again(&run), exit))
}

/// Where the report goes: a run's own folder keeps the run's own.
fn folder(args: &ReportArgs) -> Result<&Path, UsageError> {
    match (&args.out, &args.runs[..]) {
        (None, [own]) => Ok(own),
        (None, _) => Err(UsageError(
            "several runs make one report: name a folder for it with --out".to_owned(),
        )),
        (Some(dir), _) if dir.join(files::RUN).exists() => Err(UsageError(format!(
            "--out {}: it has a run of its own; name another folder",
            dir.display()
        ))),
        (Some(dir), _) => Ok(dir),
    }
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
