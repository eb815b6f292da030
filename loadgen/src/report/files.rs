//! Files of a run in one folder. The only rendering that writes.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::{csv, hgrm, html};
use crate::metrics::histogram::Latencies;
use crate::result::Run;

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
    for (name, text) in NAMES
        .into_iter()
        .zip([json, csv::render(run), html::render(run)])
    {
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
}
