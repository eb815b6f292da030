//! The pidfile: a lock that happens to contain a number.
//!
//! It is locked for as long as the server lives, so a stale one is recognised by not being locked,
//! whatever number it holds. The lock belongs to the open file, which a fork hands on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

use nix::libc::O_NOFOLLOW;

use crate::drain::DrainReport;
use crate::identity::Identity;

/// A pidfile can be locked for a moment by one who only looks: so often is it tried.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// Why a pidfile can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PidFileError {
    /// A live server holds it.
    #[error("already running: {} is held by {}", path.display(), named(*pid))]
    AlreadyRunning {
        /// The pidfile.
        path: PathBuf,
        /// The server, if it has said its number yet.
        pid: Option<i32>,
    },
    /// The system refused.
    #[error("cannot use the pidfile {}", path.display())]
    Io {
        /// The pidfile.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn named(pid: Option<i32>) -> String {
    pid.map_or_else(
        || "a server that is starting".to_owned(),
        |pid| format!("process {pid}"),
    )
}

/// A claimed pidfile.
#[derive(Debug)]
pub struct PidFile {
    file: File,
    path: PathBuf,
}

impl PidFile {
    /// Claims a pidfile; a stale one is taken over. Its folder is made if it is missing.
    ///
    /// # Errors
    /// [`PidFileError`]; then nothing has changed.
    pub fn claim(path: &Path) -> Result<Self, PidFileError> {
        let failed = |source| PidFileError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        for tried in 1.. {
            let mut file = open(path, true).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => {
                    file.set_len(0).map_err(failed)?;
                    return Ok(Self {
                        file,
                        path: path.to_owned(),
                    });
                }
                // Removed by a server that ended while this one looked: there is a new one to claim.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let pid = Contents::read(&mut file).map_err(failed)?.pid;
                    if tried >= TRIES || pid.is_some_and(|pid| holds(pid, &file)) {
                        return Err(PidFileError::AlreadyRunning {
                            path: path.to_owned(),
                            pid,
                        });
                    }
                    thread::sleep(BETWEEN_TRIES);
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        unreachable!("the tries are counted")
    }

    /// Writes this process's number.
    ///
    /// # Errors
    /// The system's.
    pub fn write_pid(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        writeln!(self.file, "{}", process::id())
    }

    /// Hands the file to the user the server becomes, with its folder if that is the server's own.
    ///
    /// # Errors
    /// The system's.
    pub fn hand_over(&self, to: &Identity) -> io::Result<()> {
        fchown(&self.file, Some(to.user()), Some(to.group()))?;
        to.own_folder_of(&self.path)
    }

    /// Leaves word of how the stop went for who waits for it, and removes the file.
    pub fn finish(mut self, report: &DrainReport) {
        let written = writeln!(
            self.file,
            "stopped={} cut_short={}",
            report.stopped, report.cut_short
        );
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "cannot leave word in the pidfile");
        }
    }
}

/// One that may not be removed any more stays: it is not locked then, so it is nobody's.
impl Drop for PidFile {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the pidfile stays");
        }
    }
}

/// A server that holds a pidfile.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) pid: i32,
    file: File,
}

impl Holder {
    /// Finds the live server of a pidfile, if there is one.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match open(path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => match Contents::read(&mut file)?.pid {
                Some(pid) if holds(pid, &file) => Ok(Some(Self { pid, file })),
                Some(pid) => Err(io::Error::other(format!(
                    "it is locked, but process {pid}, which it names, does not hold it"
                ))),
                None => Err(io::Error::other(
                    "it is locked by a server that is starting or ending",
                )),
            },
        }
    }

    /// Tells whether the process holds the pidfile still.
    pub(crate) fn still_holds(&self) -> bool {
        holds(self.pid, &self.file)
    }

    /// Returns what the server, which is gone, left word of.
    pub(crate) fn last_word(&mut self) -> Option<LastWord> {
        Contents::read(&mut self.file).ok()?.last_word
    }
}

fn open(path: &Path, create: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(create)
        .create(create)
        .truncate(false)
        .mode(0o644)
        .custom_flags(O_NOFOLLOW)
        .open(path)
}

/// Tells whether an open file is the one at a path.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |file: &fs::Metadata, path: &fs::Metadata| {
        (file.dev(), file.ino()) == (path.dev(), path.ino())
    };
    matches!((file.metadata(), fs::metadata(path)), (Ok(file), Ok(path)) if same(&file, &path))
}

/// Tells whether a process has an open file open too: only such a one is ever signalled.
fn holds(pid: i32, file: &File) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors
        .flatten()
        .any(|descriptor| is_at(file, &descriptor.path()))
}

/// What stands in a pidfile.
struct Contents {
    pid: Option<i32>,
    last_word: Option<LastWord>,
}

/// What a server that stopped left word of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWord {
    /// Sessions that got everything.
    pub stopped: usize,
    /// Sessions that were cut short.
    pub cut_short: usize,
}

impl LastWord {
    fn parse(line: &str) -> Option<Self> {
        let (stopped, cut_short) = line.strip_prefix("stopped=")?.split_once(" cut_short=")?;
        Some(Self {
            stopped: stopped.parse().ok()?,
            cut_short: cut_short.parse().ok()?,
        })
    }
}

impl Contents {
    fn read(file: &mut File) -> io::Result<Self> {
        let mut text = String::new();
        file.rewind()?;
        file.take(256).read_to_string(&mut text)?;
        let mut lines = text.lines();
        Ok(Self {
            pid: lines.next().and_then(|line| line.parse().ok()),
            last_word: lines.next().and_then(LastWord::parse),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_server_holds_its_pidfile_and_a_stale_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run").join("wacd.pid");
        let mut first = PidFile::claim(&path).unwrap();
        first.write_pid().unwrap();
        let refused = PidFile::claim(&path).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("held by process {}", process::id())),
            "{refused}"
        );
        assert_eq!(
            Holder::of(&path).unwrap().map(|holder| holder.pid),
            Some(process::id() as i32)
        );
        drop(first);
        fs::write(&path, format!("{}\n", process::id())).unwrap();
        assert!(
            Holder::of(&path).unwrap().is_none(),
            "a stale one is nobody's"
        );
        PidFile::claim(&path).unwrap();
    }

    #[test]
    fn a_clean_end_leaves_word_and_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.pid");
        let mut file = PidFile::claim(&path).unwrap();
        file.write_pid().unwrap();
        let mut holder = Holder::of(&path).unwrap().unwrap();
        file.finish(&DrainReport {
            hung: 0,
            stopped: 7,
            cut_short: 2,
            elapsed: Duration::ZERO,
        });
        assert!(!path.exists());
        assert_eq!(
            holder.last_word(),
            Some(LastWord {
                stopped: 7,
                cut_short: 2
            })
        );
    }

    #[test]
    fn a_locked_file_that_names_another_process_is_never_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.pid");
        let file = PidFile::claim(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        let error = Holder::of(&path).unwrap_err().to_string();
        assert!(
            error.contains("process 1, which it names, does not hold it"),
            "{error}"
        );
        drop(file);
    }
}
