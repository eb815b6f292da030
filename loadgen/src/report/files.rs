//! Files of a run in one folder, its seconds as a table for spreadsheets among them. The only rendering that writes.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::{hgrm, html};
use crate::metrics::histogram::{Latencies, PERCENTILES};
use crate::result::{Run, Second};

/// The run itself: what every other file can be made of again.
pub(crate) const RUN: &str = "run.json";
pub(crate) const REPORT: &str = "report.html";
/// All files, in the order they are written.
pub(crate) const NAMES: [&str; 3] = [RUN, "timeline.csv", REPORT];

/// Writes all files of a run into a folder, and makes the folder if need be. `run.json` is written first: if the
/// disk is full, the rest is what can be missed.
///
/// # Errors
/// That a file can't be written, and which.
pub(crate) fn write_all(run: &Run, dir: &Path) -> anyhow::Result<()> {
    let folder = || format!("cannot make the folder {}", dir.display());
    fs::create_dir_all(dir).with_context(folder)?;
    let json = serde_json::to_string_pretty(run)? + "\n";
    for (name, text) in NAMES.into_iter().zip([json, csv(run), html::render(run)]) {
        write(&dir.join(name), &text)?;
    }
    Ok(())
}

/// Writes the percentile distributions of deliver and fan-out into a folder.
///
/// # Errors
/// That a file can't be written, and which.
pub(crate) fn write_hgrm(figures: &Latencies, dir: &Path) -> anyhow::Result<()> {
    let both = [
        ("deliver.hgrm", &figures.deliver),
        ("fanout.hgrm", &figures.fanout),
    ];
    both.into_iter()
        .try_for_each(|(name, histogram)| write(&dir.join(name), &hgrm::render(histogram)))
}

/// Writes a file under another name first: who reads it sees the whole of it, or what was there before.
///
/// # Errors
/// That it can't be written.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A head, and a line for each second. What is not known, or has too few observations, is empty.
fn csv(run: &Run) -> String {
    let seconds = run.timeline.iter().map(row);
    let lines = std::iter::once(head()).chain(seconds);
    lines.map(|cells| cells.join(",") + "\n").collect()
}

fn head() -> Vec<String> {
    let percentiles = PERCENTILES.map(|(name, _)| format!("deliver_{}_ns", name.replace('.', "_")));
    let before = ["second", "users", "sent", "deliveries"].map(str::to_owned);
    let after = [
        "deliver_max_ns",
        "fanout_max_ns",
        "server_cpu_ns",
        "server_memory_bytes",
    ];
    let after = after.map(str::to_owned);
    before.into_iter().chain(percentiles).chain(after).collect()
}

fn row(second: &Second) -> Vec<String> {
    let deliver = &second.deliver_ns;
    let before = [
        second.second.into(),
        second.users.into(),
        second.sent.into(),
        second.deliveries,
    ];
    let percentiles = PERCENTILES.map(|(name, _)| deliver.figure(name));
    let after = [
        deliver.max(),
        second.fanout_max_ns,
        second.server_cpu_ns,
        second.server_memory_bytes,
    ];
    let cells = before.map(Some).into_iter().chain(percentiles).chain(after);
    let cells = cells.map(|cell| cell.map(|number| number.to_string()));
    cells.map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    #[test]
    fn all_files_are_there_and_the_run_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("made/too");
        write_all(&sample(7), &dir).unwrap();
        write_all(&sample(7), &dir).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), NAMES.len());
        assert!(NAMES.iter().all(|name| dir.join(name).is_file()));
        let text = fs::read_to_string(dir.join(RUN)).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), sample(7));
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(RUN)).unwrap();
        let error = write_all(&sample(7), folder.path())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("cannot write {}", folder.path().join(RUN).display())
        );
        let error = write_all(&sample(7), Path::new("/dev/null/x")).unwrap_err();
        assert_eq!(error.to_string(), "cannot make the folder /dev/null/x");
    }

    #[test]
    fn every_second_has_a_row_under_the_head() {
        let run = sample(7);
        let text = csv(&run);
        let rows: Vec<Vec<_>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(
            rows[0].join(","),
            "second,users,sent,deliveries,deliver_p50_ns,deliver_p90_ns,deliver_p99_ns,deliver_p99_9_ns,\
             deliver_max_ns,fanout_max_ns,server_cpu_ns,server_memory_bytes"
        );
        assert_eq!(rows.len(), run.timeline.len() + 1);
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
        let second = &run.timeline[9];
        assert_eq!(rows[10][..4], ["9", "100", "20", "1980"]);
        let p99 = second.deliver_ns.figure("p99").unwrap().to_string();
        assert_eq!(rows[10][6..8], [&*p99, ""]);
        assert_eq!(rows[10][11], "9473728");
    }

    #[test]
    fn what_is_not_known_is_empty() {
        assert_eq!(row(&Second::default()).join(","), "0,0,0,0,,,,,,,,");
    }
}
