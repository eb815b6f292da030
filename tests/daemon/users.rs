//! Users that these tests need: root, who runs them in CI, and nobody.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// The ids of `nobody` and `nogroup` on every system we know.
pub(crate) const NOBODY: u32 = 65_534;
/// Flags for a server that root starts and the user `nobody` runs.
pub(crate) const AS_NOBODY: [&str; 2] = ["--user", "nobody"];

/// Tells whether root runs the tests: other users can't start a server for somebody else.
pub(crate) fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

pub(crate) fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
}

pub(crate) fn owner(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").uid()
}
