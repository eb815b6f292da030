//! Pidfile: a lock that happens to contain a number.
//!
//! The file is locked for as long as the server lives, so a stale one is recognised by its missing lock,
//! whatever number it holds. The kernel, not the file, tells which process that is.

mod keep;
mod lock;

use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{FileType, Mode, OFlags};

use crate::config::identity::Identity;
use crate::process::safe_open::{Inode, Made, Missing, Place};
use crate::room::drain::DrainReport;
use lock::{Lock, Tried};

/// Attempts to claim: each but the last finds that the file was removed or replaced in between.
const TRIES: u32 = 100;
const KINDS: &[FileType] = &[FileType::RegularFile];
/// Permissions of a pidfile that is being claimed: nobody else can open it, and so lock it.
const PRIVATE: u32 = 0o600;
/// Permissions of a pidfile that is locked: `wacd status` is for everybody.
const PUBLIC: u32 = 0o644;
/// More bytes than any pidfile holds.
const MOST_BYTES: u64 = 256;

/// The error of claiming a pidfile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PidFileError {
    /// A live server holds it.
    #[error("already running: {} is held by {}", path.display(), named(*pid))]
    AlreadyRunning {
        /// The pidfile.
        path: PathBuf,
        /// The process id, if the server serves yet.
        pid: Option<i32>,
    },
    /// An I/O error.
    #[error("cannot use the pidfile {}", path.display())]
    Io {
        /// The pidfile.
        path: PathBuf,
        /// The cause.
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
    inode: Inode,
    place: Place,
    path: PathBuf,
    /// This server has created or written the file, and so removes it.
    is_ours: bool,
}

/// The outcome of an attempt to claim.
enum Claim {
    Had(PidFile),
    Running(Option<i32>),
    /// The file was removed or replaced; there is another to claim.
    Again,
}

impl PidFile {
    /// Claims a pidfile, and takes over a stale one. A missing folder is created. What is created
    /// belongs to `server`, so that the serving user can remove it.
    ///
    /// # Errors
    /// [`PidFileError`] if a live server holds the file or it can't be opened; at most a stale file has changed then.
    pub fn claim(path: &Path, server: Option<&Identity>) -> Result<Self, PidFileError> {
        let failed = |source| PidFileError::Io {
            path: path.to_owned(),
            source,
        };
        for _ in 0..TRIES {
            match Self::try_claim(path, server).map_err(failed)? {
                Claim::Had(file) => return Ok(file),
                Claim::Running(pid) => {
                    return Err(PidFileError::AlreadyRunning {
                        path: path.to_owned(),
                        pid,
                    });
                }
                Claim::Again => {}
            }
        }
        Err(failed(io::Error::other(
            "other processes keep replacing it",
        )))
    }

    fn try_claim(path: &Path, server: Option<&Identity>) -> io::Result<Claim> {
        let place = Place::of(path, Missing::Made, server)?;
        let (mut file, made) =
            place.open_or_make(OFlags::RDWR, Mode::from_raw_mode(PRIVATE), KINDS)?;
        let inode = Inode::of_file(&file)?;
        Contents::check(&mut file)?;
        if Lock::Claim.take(&file)? == Tried::Refused {
            if Lock::Claim.is_held(&file)? {
                return Ok(Claim::Running(Lock::Process.holder(&file)?));
            }
            // Locked by a user who may only read it, so not by a server. A new file is out of that user's reach.
            place.remove(inode)?;
            return Ok(Claim::Again);
        }
        if !place.leads_to(inode) {
            return Ok(Claim::Again);
        }
        // A stale file may be open elsewhere; a new one is not. If it can't be replaced, it is reused.
        if made == Made::Before && place.remove(inode).is_ok() {
            return Ok(Claim::Again);
        }
        Ok(Claim::Had(Self {
            file,
            inode,
            place,
            path: path.to_owned(),
            is_ours: made == Made::Now,
        }))
    }

    /// Locks the file for this process, and writes the process id.
    ///
    /// # Errors
    /// An I/O error if the file can't be locked or written.
    pub fn write_pid(&mut self) -> io::Result<()> {
        if Lock::Process.take(&self.file)? == Tried::Refused {
            return Err(io::Error::other("another user's process has locked it"));
        }
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.is_ours = true;
        writeln!(self.file, "{}", process::id())?;
        self.file.set_permissions(Permissions::from_mode(PUBLIC))
    }

    /// Writes a report of the stop for `wacd stop`, and removes the file.
    pub fn finish(mut self, report: &DrainReport) {
        let written = writeln!(
            self.file,
            "stopped={} cut_short={}",
            report.stopped, report.cut_short
        );
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "cannot write the report of the stop into the pidfile");
        }
    }
}

/// Removes the file. If that is not allowed any more, it stays, unlocked and therefore stale.
impl Drop for PidFile {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = self.place.remove(self.inode)
        {
            tracing::warn!(path = %self.path.display(), %error, "the pidfile stays; the next start takes it over");
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
        let opened = Place::of(path, Missing::Refused, None)
            .and_then(|place| place.open(OFlags::RDONLY, KINDS));
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match Lock::Process.holder(&file)? {
            Some(pid) if pid > 0 => Ok(Some(Self { pid, file })),
            Some(_) => Err(io::Error::other(
                "the server that holds it runs in another container, where it has another process id",
            )),
            None if Lock::Claim.is_held(&file)? => Err(io::Error::other(
                "it is locked by a server that is starting or ending; try again",
            )),
            None => Ok(None),
        }
    }

    /// Tells whether the process still holds the pidfile.
    pub(crate) fn still_holds(&self) -> bool {
        matches!(Lock::Process.holder(&self.file), Ok(Some(pid)) if pid == self.pid)
    }

    /// Returns the report of a server that is gone.
    pub(crate) fn last_word(&mut self) -> Option<LastWord> {
        Contents::read(&mut self.file).ok()?.last_word
    }
}

/// The content of a pidfile.
struct Contents {
    last_word: Option<LastWord>,
}

/// The report of a server that stopped.
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
        file.take(MOST_BYTES).read_to_string(&mut text)?;
        let mut lines = text.lines();
        let starts = lines.next().is_none_or(|pid| pid.parse::<u32>().is_ok());
        let last_word = lines.next().map(LastWord::parse);
        if !starts || last_word == Some(None) || lines.next().is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            last_word: last_word.flatten(),
        })
    }

    /// Refuses a file named by mistake, which would be overwritten.
    fn check(file: &mut File) -> io::Result<()> {
        match Self::read(file) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(io::Error::other(
                "it holds something else than a process id; name another file with --pid-file",
            )),
            read => read.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_claimed_pidfile_is_refused_to_others_and_a_stale_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run").join("wacd.pid");
        let first = PidFile::claim(&path, None).unwrap();
        let refused = PidFile::claim(&path, None).unwrap_err().to_string();
        assert!(
            refused.contains("held by a server that is starting"),
            "{refused}"
        );
        let looked = Holder::of(&path).unwrap_err().to_string();
        assert!(looked.contains("starting or ending"), "{looked}");
        drop(first);
        assert!(!path.exists());
        fs::write(&path, format!("{}\n", process::id())).unwrap();
        assert!(
            Holder::of(&path).unwrap().is_none(),
            "a stale one is nobody's"
        );
        PidFile::claim(&path, None).unwrap();
    }

    #[test]
    fn a_clean_end_leaves_a_report_and_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.pid");
        let mut file = PidFile::claim(&path, None).unwrap();
        file.write_pid().unwrap();
        let mut opened = File::open(&path).unwrap();
        file.finish(&DrainReport {
            hung: 0,
            stopped: 7,
            cut_short: 2,
            elapsed: std::time::Duration::ZERO,
        });
        assert!(!path.exists());
        assert_eq!(
            Contents::read(&mut opened).unwrap().last_word,
            Some(LastWord {
                stopped: 7,
                cut_short: 2
            })
        );
    }

    #[test]
    fn a_file_that_is_no_pidfile_is_neither_overwritten_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        for notes in [
            "lunch at noon\n",
            "12\nlunch\n",
            "\u{0}\n",
            "1\nstopped=1 cut_short=0\n2\n",
        ] {
            fs::write(&path, notes).unwrap();
            assert!(PidFile::claim(&path, None).is_err(), "{notes:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), notes);
        }
        for stale in ["", "12\n", "12\nstopped=1 cut_short=0\n"] {
            fs::write(&path, stale).unwrap();
            drop(PidFile::claim(&path, None).unwrap());
        }
    }
}
