//! Lock of a history's folder: one server at a time writes there.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::folder::{FILES, MODE};
use crate::process::safe_open::{Inode, Missing, Place};

/// The name of the file that is locked.
pub(crate) const LOCK: &str = "lock";

/// A lock that is held.
#[derive(Debug)]
pub(super) struct Lock {
    inode: Inode,
    /// It is locked as long as it is open.
    _file: File,
}

/// The reason why a folder can't be locked.
pub(super) enum Locked {
    /// Another process has locked it.
    ByAnother,
    /// The system denies it.
    Denied(io::Error),
}

impl Lock {
    /// Locks a folder, which is made if it is missing.
    pub(super) fn take(folder: &Path) -> Result<Self, Locked> {
        let open = || {
            let place = Place::of(&folder.join(LOCK), Missing::MadePrivate, None)?;
            let mode = Mode::from_raw_mode(MODE);
            let (file, _) = place.open_or_make(OFlags::WRONLY, mode, FILES)?;
            Ok((Inode::of_file(&file)?, file))
        };
        let (inode, file) = open().map_err(Locked::Denied)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { inode, _file: file }),
            Err(TryLockError::WouldBlock) => Err(Locked::ByAnother),
            Err(TryLockError::Error(error)) => Err(Locked::Denied(error)),
        }
    }

    /// Tells whether a folder has this lock, and not another or none.
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        self.inode.is_at(&folder.join(LOCK))
    }
}

/// Tells whether a server uses the history in a folder, as far as this user can see.
pub fn is_in_use(folder: &Path) -> bool {
    let place = Place::of(&folder.join(LOCK), Missing::Refused, None);
    let file = place.and_then(|it| it.open(OFlags::RDONLY, FILES));
    file.is_ok_and(|it| matches!(it.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl From<Locked> for io::Error {
    fn from(why: Locked) -> Self {
        match why {
            Locked::ByAnother => Self::other("another server writes there"),
            Locked::Denied(error) => error,
        }
    }
}
