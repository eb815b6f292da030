//! Locks of the pidfile, by which the kernel tells which process starts or runs.
//!
//! Both are write locks (`fcntl`), which only a user with write access to the file can take: a
//! user who can only read a pidfile can't keep a server away.
//!
//! ```text
//!  byte 0  the claim, an open file's lock: taken before the fork, which hands it on
//!  byte 1  the process's own lock, taken by the one that serves: the kernel reports its process id
//! ```

use std::fs::File;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, c_int};

/// A byte of the pidfile that is locked; the file may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// A process starts, runs or ends.
    Claim,
    /// A process serves.
    Process,
}

/// The outcome of an attempt to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    Locked,
    /// Another holds a lock: see [`is_held`].
    Refused,
}

impl Lock {
    /// Takes the lock if nobody holds one.
    pub(super) fn take(self, file: &File) -> nix::Result<Tried> {
        let lock = self.of(libc::F_WRLCK);
        let how = match self {
            Self::Claim => FcntlArg::F_OFD_SETLK(&lock),
            Self::Process => FcntlArg::F_SETLK(&lock),
        };
        match fcntl(file, how) {
            Ok(_) => Ok(Tried::Locked),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(Tried::Refused),
            Err(error) => Err(error),
        }
    }

    /// Tells whether another open file holds the lock, which takes write access to the file.
    pub(super) fn is_held(self, file: &File) -> nix::Result<bool> {
        Ok(self.look(file)?.is_some())
    }

    /// Returns the process that holds the lock; 0 if it is invisible, in another container.
    pub(super) fn holder(self, file: &File) -> nix::Result<Option<i32>> {
        self.look(file)
    }

    /// Queries what would keep a read lock away: a write lock.
    fn look(self, file: &File) -> nix::Result<Option<i32>> {
        let mut lock = self.of(libc::F_RDLCK);
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
        Ok((c_int::from(lock.l_type) != libc::F_UNLCK).then_some(lock.l_pid))
    }

    fn of(self, kind: c_int) -> libc::flock {
        libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: match self {
                Self::Claim => 0,
                Self::Process => 1,
            },
            l_len: 1,
            l_pid: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PidFile;
    use super::*;
    use std::fs;

    #[test]
    fn a_reader_of_a_stale_pidfile_keeps_no_server_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.pid");
        fs::write(&path, "1\n").unwrap();
        let reader = File::open(&path).unwrap();
        reader.lock().unwrap();
        for lock in [Lock::Claim, Lock::Process] {
            let lock = lock.of(libc::F_RDLCK);
            fcntl(&reader, FcntlArg::F_OFD_SETLK(&lock)).unwrap();
        }
        PidFile::claim(&path, None).unwrap().write_pid().unwrap();
    }

    #[test]
    fn a_servers_lock_is_visible_to_a_reader_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.pid");
        let server = File::create(&path).unwrap();
        let reader = File::open(&path).unwrap();
        assert_eq!(Lock::Process.holder(&reader), Ok(None));
        assert_eq!(Lock::Process.take(&server), Ok(Tried::Locked));
        let pid = i32::try_from(std::process::id()).unwrap();
        assert_eq!(Lock::Process.holder(&reader), Ok(Some(pid)));
        assert_eq!(Lock::Claim.is_held(&reader), Ok(false));
    }
}
