//! Sandbox: what the process gives up once it has all it needs, so that an attacker who takes it over has little.
//!
//! ```text
//!  read, bind, fork, become the user ─▶ enter, in one thread ─▶ threads, which inherit it
//!                                        ├─ no new privileges
//!                                        ├─ files: the folders of the configured paths (Landlock)
//!                                        └─ no capabilities
//! ```
//!
//! Each part is in force as far as the kernel goes along, and none fails a start. [`Sandbox`] says what is in force.
//! The network is left open: a reload may bind an address, and the C library asks name servers.
//!
//! **Executing a newer version in place.** An `exec` inherits all of it, for good. The folders of the program and of
//! its libraries are let through for that. The new image must not enter again: each entry is a layer, the kernel has
//! 16, and a second one could only take away. It can't ask the kernel whether it is in one, so the old image has to
//! pass its [`Sandbox`] on, with the rest of its state, and the new one to take that instead of calling
//! [`Sandbox::enter`].

mod files;
mod privileges;

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::config::args::Switch;
use crate::config::paths::{NamedPath, Use};
use files::{Fence, Files};

/// What is in force.
#[derive(Debug, Default)]
pub enum Sandbox {
    /// Nothing: it is turned off, or not entered yet.
    #[default]
    Off,
    /// The parts, each as far as the kernel went along.
    On(Parts),
}

/// The parts of the sandbox.
#[derive(Debug)]
pub struct Parts {
    files: Files,
    /// Or why there still are some.
    no_capabilities: rustix::io::Result<()>,
    /// Or why there may be some.
    no_new_privileges: rustix::io::Result<()>,
}

/// Gives up what a process that becomes another user can't give up later.
pub fn prepare(wanted: Switch) {
    if wanted == Switch::On {
        privileges::empty_bounding_set();
    }
}

impl Sandbox {
    /// Enters the sandbox for good: from here on files are reached only at these paths and where the system needs them.
    ///
    /// Called as the user who serves, while the process has one thread: threads that begin later inherit it.
    pub fn enter(wanted: Switch, paths: &[NamedPath]) -> Self {
        match wanted {
            Switch::Off => Self::Off,
            Switch::On => Self::On(Parts {
                // The kernel fences in nobody who could gain more.
                no_new_privileges: privileges::allow_no_new(),
                files: Files::fence(paths),
                no_capabilities: privileges::drop_capabilities(),
            }),
        }
    }

    /// Logs what is in force; a part that is not in force is worth a warning.
    pub(crate) fn log(&self) {
        if let Some(fence) = self.fence() {
            fence.log();
        }
        if matches!(self, Self::On(_)) && self.parts().iter().any(|(_, in_force)| !in_force) {
            tracing::warn!("sandbox: {self}");
        } else {
            tracing::info!("sandbox: {self}");
        }
    }

    /// Returns each part's name, and whether it is in force.
    pub(crate) fn parts(&self) -> [(&'static str, bool); 3] {
        let is = |in_force: fn(&Parts) -> bool| match self {
            Self::Off => false,
            Self::On(parts) => in_force(parts),
        };
        [
            ("files", is(|it| matches!(it.files, Files::Fenced { .. }))),
            ("no_capabilities", is(|it| it.no_capabilities.is_ok())),
            ("no_new_privileges", is(|it| it.no_new_privileges.is_ok())),
        ]
    }

    /// Returns what to do about a file that can't be read, if the sandbox is the reason.
    pub(crate) fn why_unreadable(&self, path: &Path) -> Option<String> {
        let error = File::open(path).err()?;
        let denied = error.kind() == ErrorKind::PermissionDenied;
        denied.then(|| self.why_denied(Use::Read, path)).flatten()
    }

    /// Returns what to do about a path that the system denies, if the sandbox is the reason.
    pub(crate) fn why_denied(&self, used: Use, path: &Path) -> Option<String> {
        if self.fence().is_some_and(|fence| !fence.lets(used, path)) {
            let folder = path.parent()?.display();
            return Some(format!(
                "the sandbox keeps this server out of the folder {folder}, which it did not have at its start; restart wacd"
            ));
        }
        let is_bare = matches!(self, Self::On(parts) if parts.no_capabilities.is_ok());
        (is_bare && rustix::process::geteuid().is_root()).then(|| {
            "root has no privileges in the sandbox; chown it to root, or restart wacd with --user"
                .to_owned()
        })
    }

    fn fence(&self) -> Option<&Fence> {
        match self {
            Self::On(Parts {
                files: Files::Fenced { fence, .. },
                ..
            }) => Some(fence),
            _ => None,
        }
    }
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off (--sandbox off)"),
            Self::On(parts) => parts.fmt(f),
        }
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)?;
        match self.no_capabilities {
            Ok(()) => f.write_str(", no capabilities")?,
            Err(error) => write!(f, ", capabilities: kept, {error}")?,
        }
        match self.no_new_privileges {
            Ok(()) => f.write_str(", no new privileges"),
            Err(error) => write!(f, ", new privileges: possible, {error}"),
        }
    }
}
