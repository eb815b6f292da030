//! Paths that the configuration names: the sandbox lets them through.

use std::path::PathBuf;

/// A path, and what becomes of it while the server serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// What the server does with it.
    pub used: Use,
    /// The absolute path.
    pub path: PathBuf,
}

/// What the server does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Reads it.
    Read,
    /// Makes, writes and removes it, in a folder that stays.
    Write,
    /// Makes, writes and removes it, in a folder that may be removed and made anew.
    Keep,
}
