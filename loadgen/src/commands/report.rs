//! A report of runs that were written before.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::tell;
use crate::args::ReportArgs;
use crate::judge::exit::Exit;
use crate::render::{files, html, text};
use crate::result::merge::merge;
use crate::result::{Run, SCHEMA};

/// Reads the runs, makes one of several, and writes and tells it.
///
/// # Errors
/// That one can't be read, that they are not of one test, or that the report can't be written.
pub(crate) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    let runs = args.runs.iter().map(|dir| read(dir));
    let run = merge(&runs.collect::<Result<Vec<_>, _>>()?)?;
    let beside = || args.runs.first().map(|dir| dir.join(files::REPORT));
    let path = args.out.clone().or_else(beside).unwrap_or_default();
    files::write(&path, &html::render(&run))?;
    if let Some(figures) = run.latency_ns.as_ref().filter(|_| args.hgrm) {
        files::write_hgrm(figures, path.parent().unwrap_or(Path::new("")))?;
    }
    let told = format!(
        "{} REPORT    {}\n",
        text::render(&run, None),
        path.display()
    );
    tell::text(&told, None)?;
    Ok(Exit::Pass)
}

/// What every version's `run.json` begins with.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// The run in a folder that `--out` has made.
///
/// # Errors
/// That there is none, or one of another version.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Run> {
    let path = dir.join(files::RUN);
    let path = path.display();
    let json = fs::read(dir.join(files::RUN)).with_context(|| {
        format!("cannot read {path}: wanted a folder that a run wrote with --out")
    })?;
    let version: Version =
        serde_json::from_slice(&json).with_context(|| format!("{path} is no result of a run"))?;
    if version.schema != SCHEMA {
        bail!(
            "{path} has schema {}, wanted {SCHEMA}: made by another version; run it again",
            version.schema
        );
    }
    serde_json::from_slice(&json).with_context(|| format!("{path} is no result of a run"))
}
