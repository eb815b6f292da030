//! Files of a run in one folder, its seconds as a table for spreadsheets among them. The only rendering that writes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{hgrm, html};
use crate::metrics::histogram::PERCENTILES;
use crate::result::{Run, Second};

/// The run itself: what every other file can be made of again.
pub(crate) const RUN: &str = "run.json";
pub(crate) const REPORT: &str = "report.html";
/// All files, in the order they are written: if the disk is full, the rest is what can be missed.
pub(crate) const NAMES: [&str; 3] = [RUN, "timeline.csv", REPORT];

/// What `report` makes again: the page; and with `--hgrm` the percentile distributions of deliver and fan-out.
pub(crate) const AGAIN: [&str; 3] = [REPORT, "deliver.hgrm", "fanout.hgrm"];

/// A file that is open before what it is to hold is known. A file of its own is written under another name: who reads
/// it sees the whole of it, or what was there before.
pub(crate) struct Place {
    path: PathBuf,
    file: File,
    /// The other name, until it is the file.
    unfinished: Option<PathBuf>,
}

impl Place {
    /// # Errors
    /// That it can't be written.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".unfinished");
        // A device, a pipe or a link stays what it is, and a folder is refused.
        let own = path
            .symlink_metadata()
            .map_or(true, |found| found.is_file());
        let unfinished = own.then(|| PathBuf::from(beside));
        let mut how = OpenOptions::new();
        how.write(true).create(true).truncate(true);
        let file = how.open(unfinished.as_deref().unwrap_or(path));
        Ok(Self {
            file: file.with_context(|| cannot_write(path))?,
            path: path.to_owned(),
            unfinished,
        })
    }

    /// # Errors
    /// That it can't be written.
    pub(crate) fn write(mut self, text: &str) -> anyhow::Result<()> {
        let mut written = self.file.write_all(text.as_bytes());
        if let (Ok(()), Some(unfinished)) = (&written, &self.unfinished) {
            written = fs::rename(unfinished, &self.path);
        }
        written.with_context(|| cannot_write(&self.path))?;
        self.unfinished = None;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // It may be gone, with its folder.
            let _ = fs::remove_file(unfinished);
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Files in one folder.
pub(crate) struct Files(Vec<Place>);

impl Files {
    /// Opens them, and makes the folder if need be.
    ///
    /// # Errors
    /// That one can't be written, and which.
    pub(crate) fn open(dir: &Path, names: &[&str]) -> anyhow::Result<Self> {
        let folder = || format!("cannot make the folder {}", dir.display());
        fs::create_dir_all(dir).with_context(folder)?;
        let each = names.iter().map(|name| Place::open(&dir.join(name)));
        each.collect::<Result<_, _>>().map(Self)
    }

    /// Writes [`NAMES`].
    ///
    /// # Errors
    /// That one can't be written, and which.
    pub(crate) fn write(self, run: &Run) -> anyhow::Result<()> {
        let json = serde_json::to_string_pretty(run)? + "\n";
        self.fill([json, csv(run), html::render(run)])
    }

    /// Writes as many as are open of [`AGAIN`].
    ///
    /// # Errors
    /// That one can't be written, and which.
    pub(crate) fn write_again(self, run: &Run) -> anyhow::Result<()> {
        let figures = run.latency_ns.iter();
        let distributions = figures.flat_map(|of| [&of.deliver, &of.fanout].map(hgrm::render));
        self.fill(std::iter::once(html::render(run)).chain(distributions))
    }

    fn fill(self, texts: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
        let mut each = self.0.into_iter().zip(texts);
        each.try_for_each(|(place, text)| place.write(&text))
    }
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

    fn write_all(dir: &Path) -> anyhow::Result<()> {
        Files::open(dir, &NAMES)?.write(&sample(7))
    }

    #[test]
    fn all_files_are_there_and_the_run_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("made/too");
        write_all(&dir).unwrap();
        write_all(&dir).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), NAMES.len());
        assert!(NAMES.iter().all(|name| dir.join(name).is_file()));
        let text = fs::read_to_string(dir.join(RUN)).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), sample(7));
    }

    #[test]
    fn what_cannot_be_written_is_named_before_there_is_anything_to_write() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(RUN)).unwrap();
        let refused = |dir: &Path| Files::open(dir, &NAMES).map(drop).unwrap_err().to_string();
        let path = folder.path().join(RUN);
        assert_eq!(refused(folder.path()), cannot_write(&path));
        let dir = Path::new("/dev/null/x");
        assert_eq!(refused(dir), "cannot make the folder /dev/null/x");
    }

    #[test]
    fn what_is_never_written_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path()).unwrap();
        drop(Files::open(folder.path(), &NAMES).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), NAMES.len());
        let error = Place::open(Path::new("/dev/full")).unwrap().write("text");
        assert_eq!(error.unwrap_err().to_string(), "cannot write /dev/full");
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
