//! Where files are unless told otherwise: the same for every verb.

use std::env;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

/// Returns the pidfile: root's in `/run/wacd/`, others' where the session keeps its own.
pub fn pid_file() -> PathBuf {
    let uid = Uid::effective();
    if uid.is_root() {
        return "/run/wacd/wacd.pid".into();
    }
    match env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) => Path::new(&folder).join("wacd.pid"),
        None => format!("/tmp/wacd-{uid}.pid").into(),
    }
}

/// Returns a daemon's log file: root's in `/var/log/wacd/`, others' where the user keeps state.
pub fn log_file() -> PathBuf {
    let uid = Uid::effective();
    if uid.is_root() {
        return "/var/log/wacd/wacd.log".into();
    }
    match (env::var_os("XDG_STATE_HOME"), env::var_os("HOME")) {
        (Some(folder), _) => Path::new(&folder).join("wacd.log"),
        (None, Some(home)) => Path::new(&home).join(".local/state/wacd.log"),
        (None, None) => format!("/tmp/wacd-{uid}.log").into(),
    }
}
