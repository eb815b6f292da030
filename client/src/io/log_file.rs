//! Log file: appended to, and opened again where programs that rotate logs have moved it away.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The open file, and the path that leads to it.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// The file has been moved away, and the user knows that it cannot be opened again.
    is_stray: bool,
}

impl LogFile {
    /// Opens a log; a new file can be read by its owner alone.
    ///
    /// # Errors
    /// The system refuses to open the file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = at_home(path, env::var_os("HOME"));
        let file = open(&path)?;
        let is_stray = false;
        Ok(Self {
            path,
            file,
            is_stray,
        })
    }

    /// Opens the log again if the path does not lead to it any more. What cannot be opened is written
    /// where it has been moved to, so nothing is lost; returns a note about it, once.
    pub(super) fn follow(&mut self) -> Option<String> {
        if self.is_at_path() {
            self.is_stray = false;
            return None;
        }
        match open(&self.path) {
            Ok(file) => {
                self.file = file;
                self.is_stray = false;
                None
            }
            Err(error) => {
                let was_stray = mem::replace(&mut self.is_stray, true);
                (!was_stray).then(|| {
                    format!("the log has been moved away, and cannot be opened again: {error}")
                })
            }
        }
    }

    fn is_at_path(&self) -> bool {
        let identity = |found: Metadata| (found.dev(), found.ino());
        match (self.file.metadata(), fs::metadata(&self.path)) {
            (Ok(open), Ok(found)) => identity(open) == identity(found),
            _ => false,
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A named pipe needs no reader yet, and takes lines for one that comes later: as many as it holds,
/// for it is opened in both directions and never waited for.
fn open(path: &Path) -> io::Result<File> {
    let is_pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.read(is_pipe);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options.open(path)
}

/// Expands a leading `~/`, which no shell does in a settings file.
fn at_home(path: &Path, home: Option<OsString>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::{TempDir, tempdir};

    /// A log in a folder of its own, with one line.
    fn begun() -> (TempDir, PathBuf, LogFile) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = LogFile::open(&path).unwrap();
        append(&mut log, "one\n", None);
        (folder, path, log)
    }

    #[track_caller]
    fn append(log: &mut LogFile, line: &str, told: Option<&str>) {
        let note = log.follow();
        let is_told = note.as_deref().zip(told);
        assert_eq!(note.is_some(), told.is_some(), "{note:?}");
        assert!(is_told.is_none_or(|(note, told)| note.starts_with(told)));
        log.write_all(line.as_bytes()).unwrap();
    }

    #[track_caller]
    fn holds(path: &Path, text: &str) {
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn a_log_that_is_renamed_is_begun_anew_for_its_owner_alone() {
        let (folder, path, mut log) = begun();
        let rotated = folder.path().join("log.1");
        append(&mut log, "two\n", None);
        fs::rename(&path, &rotated).unwrap();
        append(&mut log, "three\n", None);
        holds(&rotated, "one\ntwo\n");
        holds(&path, "three\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_is_removed_or_replaced_is_opened_again() {
        let (folder, path, mut log) = begun();
        fs::remove_file(&path).unwrap();
        append(&mut log, "two\n", None);
        holds(&path, "two\n");
        let other = folder.path().join("other");
        fs::write(&other, "created by another\n").unwrap();
        fs::rename(&other, &path).unwrap();
        append(&mut log, "three\n", None);
        holds(&path, "created by another\nthree\n");
    }

    #[test]
    fn a_log_that_cannot_be_opened_again_is_written_where_it_is_and_that_is_told_once() {
        let (folder, path, mut log) = begun();
        let rotated = folder.path().join("log.1");
        let told = Some("the log has been moved away, and cannot be opened again: ");
        for (round, seen) in ["one\ntwo\n", "five\nsix\n"].iter().enumerate() {
            fs::rename(&path, &rotated).unwrap();
            fs::create_dir(&path).unwrap();
            append(&mut log, ["two\n", "six\n"][round], told);
            holds(&rotated, seen);
            append(&mut log, "three\n", None);
            fs::remove_dir(&path).unwrap();
            append(&mut log, "five\n", None);
            holds(&path, "five\n");
        }
    }

    #[test]
    fn a_tilde_is_ones_home() {
        let at = |path| at_home(Path::new(path), Some("/home/ann".into()));
        assert_eq!(at("~/chat.log"), Path::new("/home/ann/chat.log"));
        assert_eq!(at("/a/~/b"), Path::new("/a/~/b"));
        assert_eq!(at("~bob"), Path::new("~bob"));
    }
}
