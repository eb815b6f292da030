//! `compare`: two versions of a server, by the runs that were made of each.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use super::output::{Output, UsageError};
use crate::cli::CompareArgs;
use crate::result::comparable::{self, Read};
use crate::result::compare::{Comparison, DELIVERIES, ERROR, Row, compare};
use crate::result::verdict::Exit;
use crate::result::{self, Run, SCHEMA};
use crate::units::milliseconds;
use wac_core::text::grouped;

/// Reads both sides, compares them, and prints the answer.
pub(super) fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let output = Output::open(args.json.as_deref())?;
    let (a, b) = (read_side(&args.a)?, read_side(&args.b)?);
    let mut warnings = comparable::check(&a, &b).map_err(UsageError)?;
    let runs = |side: Vec<Read>| side.into_iter().map(|read| read.run).collect::<Vec<Run>>();
    let (a, b) = (runs(a), runs(b));
    let comparison = compare(&a, &b);
    warnings.extend(comparison.needed.map(|needed| {
        format!(
            "{} and {} runs are too few to call a difference: it takes {needed} of each",
            a.len(),
            b.len()
        )
    }));
    if comparison.rows.is_empty() {
        return Err(UsageError(
            "the runs have no metric in common: run both for longer (--duration)".to_owned(),
        )
        .into());
    }
    let shown = CompareOutput {
        schema: SCHEMA,
        warnings: &warnings,
        regression: comparison.is_regression(),
        comparison: &comparison,
    };
    let exit = if shown.regression {
        Exit::Regression
    } else {
        Exit::Pass
    };
    Ok(output.finish(&render(args, a.len(), b.len(), &shown), &shown, exit))
}

/// The comparison as JSON.
#[derive(Serialize)]
struct CompareOutput<'a> {
    schema: u32,
    warnings: &'a [String],
    regression: bool,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// The runs in a folder: its own, or those of the folders in it, by name.
fn read_side(folder: &Path) -> anyhow::Result<Vec<Read>> {
    let files = files(folder)
        .map_err(|error| UsageError(format!("cannot read {}: {error}", folder.display())))?;
    if files.is_empty() {
        return Err(UsageError(format!(
            "no run.json in {} or in a folder in it: make runs with wac-loadgen run … --out {}/1",
            folder.display(),
            folder.display()
        ))
        .into());
    }
    files.into_iter().map(read).collect()
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let own = folder.join("run.json");
    if own.is_file() {
        return Ok(vec![own]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path().join("run.json");
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: PathBuf) -> anyhow::Result<Read> {
    let place = file.display().to_string();
    let text = fs::read(&file).with_context(|| format!("cannot read {place}"))?;
    let run = result::read(&text).map_err(|error| UsageError(format!("{place}: {error}")))?;
    Ok(Read { place, run })
}

fn render(args: &CompareArgs, a: usize, b: usize, shown: &CompareOutput<'_>) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        // A String takes everything.
        let _ = writeln!(text, "{line}");
    };
    line(&format!(
        " COMPARE   A {} ({a} runs)   B {} ({b} runs)",
        args.a.display(),
        args.b.display()
    ));
    shown
        .warnings
        .iter()
        .for_each(|why| line(&format!(" WARNING   {why}")));
    line(&format!(
        "   {:<14}{:>12}{:>12}{:>8}   {:<16}  verdict",
        "ms", "A", "B", "B/A", "interval"
    ));
    shown.comparison.rows.iter().for_each(|r| line(&row(r)));
    line(&format!(" RESULT    {}", conclusion(shown.comparison)));
    text
}

fn row(row: &Row) -> String {
    let interval = match row.interval {
        Some((low, high)) => format!("{low:.3} … {high:.3}"),
        None => "too few".to_owned(),
    };
    // CPU of one delivery is far below a millisecond.
    let (name, shown): (_, fn(f64) -> String) = match row.metric {
        "server CPU" => ("server CPU µs", |nanos| milliseconds((nanos * 1e3) as u64)),
        DELIVERIES => (DELIVERIES, |count| grouped(count as u64, ' ')),
        metric => (metric, |nanos| milliseconds(nanos as u64)),
    };
    format!(
        "   {name:<14}{:>12}{:>12}{:>8.3}   {interval:<16}  {}",
        shown(row.a),
        shown(row.b),
        row.ratio,
        row.finding.name()
    )
}

fn conclusion(comparison: &Comparison) -> String {
    let verdict = if comparison.is_regression() {
        "B is worse"
    } else {
        "no regression shown"
    };
    match comparison.needed {
        Some(_) => format!("{verdict}: too few runs"),
        None => format!(
            "{verdict} (equals are called different in at most {:.0} % of comparisons, worse in {:.1} %)",
            100.0 * ERROR,
            50.0 * ERROR
        ),
    }
}
