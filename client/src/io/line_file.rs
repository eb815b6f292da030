//! Line file: a plain file of the user's own state, to which lines are appended.
//!
//! Programs that run at the same time interleave their lines: each append is one write, under a lock
//! that is waited for no longer than nobody notices. A file may also be replaced as a whole. What is no plain file is not opened, as it could
//! make its reader or writer wait.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

/// Attempts to take the lock, 1 ms apart: clients hold it for microseconds, and nobody notices 100 ms.
pub(super) const LOCK_ATTEMPTS: u32 = 100;

/// Returns the path of a file of the client's state, if the environment says where the user's files are.
pub(super) fn usual_path(
    name: &str,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let folder = |variable| {
        let path = PathBuf::from(environment(variable)?);
        // The XDG Base Directory Specification says to ignore relative paths.
        path.is_absolute().then_some(path)
    };
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    Some(state?.join("wac").join(name))
}

/// Opens a plain file.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let no_wait = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.custom_flags(no_wait).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a file of lines"))
    }
}

/// Takes the lock of a file.
pub(super) fn lock(file: &File, attempts: u32) -> io::Result<()> {
    for _ in 1..attempts {
        if file.try_lock().is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("another program holds its lock"),
        TryLockError::Error(error) => error,
    })
}

/// Appends lines. A new file is readable by its owner alone.
pub(super) fn append(path: &Path, lines: &[String], attempts: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let mut file = open(path, &mut options)?;
    lock(&file, attempts)?;
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if ends_within_line(&mut file)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())
}

/// Replaces a file at once, so that it is never half a file; only its owner can read it. Returns it, open at its end.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<File> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    make_folder(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file.persist(path)?)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns whether the last line has no newline: it was written by hand, or the disk was full.
fn ends_within_line(file: &mut File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_where_the_environment_says() {
        let at = |variables: &[(&str, &str)]| {
            let find = |name: &str| {
                let said = variables.iter().find(|(said, _)| *said == name);
                said.map(|(_, value)| OsString::from(value))
            };
            usual_path("history", find)
        };
        let home = ("HOME", "/home/ann");
        let state = ("XDG_STATE_HOME", "/state");
        assert_eq!(at(&[home, state]), Some("/state/wac/history".into()));
        let usual = Some("/home/ann/.local/state/wac/history".into());
        assert_eq!(at(&[home]), usual);
        assert_eq!(at(&[home, ("XDG_STATE_HOME", "here")]), usual);
        assert_eq!(at(&[]), None);
    }
}
