//! A run's files in one folder. The only rendering that writes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::{csv, hgrm, hlog, html};
use crate::result::Run;

/// The run itself: what every other file can be made of again.
pub(crate) const RUN: &str = "run.json";
pub(crate) const REPORT: &str = "report.html";
/// All files, in the order they are written.
pub(crate) const NAMES: [&str; 6] = [
    RUN,
    "deliver.hgrm",
    "fanout.hgrm",
    "run.hlog",
    "timeline.csv",
    REPORT,
];

/// The files that a run has: figures that mean nothing have no histogram.
pub(crate) fn names(run: &Run) -> impl Iterator<Item = &'static str> {
    let told = run.latency_ns.is_some();
    let names = NAMES.into_iter();
    names.filter(move |name| told || !name.ends_with(".hgrm"))
}

/// Writes all files of a run into a folder, and makes the folder if need be. `run.json` is written first: if the
/// disk is full, the rest is what can be missed. Figures that mean nothing have no histogram, and their
/// files of an earlier run are taken away.
///
/// # Errors
/// That a file can't be written, and which.
pub(crate) fn write_all(run: &Run, dir: &Path) -> anyhow::Result<()> {
    let folder = || format!("cannot make the folder {}", dir.display());
    fs::create_dir_all(dir).with_context(folder)?;
    for (name, text) in NAMES.into_iter().zip(texts(run)?) {
        match text {
            Some(text) => write(&dir.join(name), &text)?,
            None => remove(&dir.join(name))?,
        }
    }
    Ok(())
}

/// What is in each of [`NAMES`].
fn texts(run: &Run) -> anyhow::Result<[Option<String>; 6]> {
    let figures = run.latency_ns.as_ref();
    Ok([
        Some(serde_json::to_string_pretty(run)? + "\n"),
        figures.map(|figures| hgrm::render(&figures.deliver)),
        figures.map(|figures| hgrm::render(&figures.fanout)),
        Some(hlog::render(run)),
        Some(csv::render(run)),
        Some(html::render(run)),
    ])
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

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::{invalid, sample};
    use std::path::PathBuf;

    /// A folder of a test's own, taken away with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("wac-loadgen-files-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn names(&self) -> Vec<String> {
            let each = fs::read_dir(&self.0).unwrap();
            let names = each.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn all_files_are_there_and_the_run_is_read_back() {
        let folder = Folder::new("all");
        let dir = folder.0.join("made/too");
        write_all(&sample(7), &dir).unwrap();
        let mut wanted = NAMES.map(str::to_owned).to_vec();
        wanted.sort();
        assert_eq!(Folder(dir.clone()).names(), wanted);
        write_all(&sample(7), &dir).unwrap();
        let text = fs::read_to_string(dir.join(RUN)).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), sample(7));
    }

    #[test]
    fn histograms_of_another_run_do_not_stay() {
        let folder = Folder::new("stale");
        write_all(&sample(7), &folder.0).unwrap();
        write_all(&invalid(7), &folder.0).unwrap();
        assert_eq!(
            folder.names(),
            ["report.html", "run.hlog", "run.json", "timeline.csv"]
        );
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = Folder::new("wrong");
        fs::create_dir_all(folder.0.join(RUN)).unwrap();
        let error = write_all(&sample(7), &folder.0).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("cannot write {}", folder.0.join(RUN).display())
        );
        let error = write_all(&sample(7), Path::new("/dev/null/x")).unwrap_err();
        assert_eq!(error.to_string(), "cannot make the folder /dev/null/x");
    }
}
