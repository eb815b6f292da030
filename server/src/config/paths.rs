//! Paths that the configuration names: the sandbox lets them through.

use std::path::PathBuf;

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// A path, and what becomes of it while the server serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// What the server does with it.
    pub used: Use,
    /// The absolute path.
    pub path: PathBuf,
}

impl NamedPath {
    /// Tells whether it is to be read, and this process lacks the permission.
    pub(crate) fn is_denied(&self) -> bool {
        let access = || access(&self.path, Access::READ_OK);
        self.used == Use::Read && access() == Err(Errno::ACCESS)
    }
}

/// What the server does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Reads it, in each reload, too.
    Read,
    /// Reads it to know whom the system trusts.
    Trust,
    /// Makes, writes and removes it, in a folder that stays.
    Write,
    /// Makes, writes and removes it, in a folder that may be removed and made anew.
    Keep,
}
