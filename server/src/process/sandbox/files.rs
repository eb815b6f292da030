//! Files within reach, by Landlock.
//!
//! A rule holds for a folder as it is now, with all that comes to be in it, whatever it is called later. So the folder of a
//! file is let through, not the file: it may be replaced by another one of its name. A folder that may be removed
//! and made anew is reached through the one around it.

use std::fmt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};
use procfs::process::{MMPermissions, MMapPath, Process};

use crate::config::paths::{NamedPath, Use};
use crate::process::safe_open::{Inode, Missing, Place};

/// The rights that are handled are those of this version: a newer kernel takes away no more.
const KNOWN: ABI = ABI::V7;

/// What is read besides the files of the configuration.
const OF_THE_SYSTEM: [&str; 8] = [
    // The figures of this process.
    "/proc",
    // Whether it has a terminal.
    "/dev/tty",
    // The C library looks names up for `--listen localhost:4700`.
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    // A newer version of the program finds its libraries.
    "/etc/ld.so.cache",
];

/// The state of the fence.
#[derive(Debug)]
pub(super) enum Files {
    /// It is in force, as far as this version of Landlock goes.
    Fenced {
        abi: i32,
        extent: Extent,
        fence: Fence,
    },
    NotInKernel,
    Failed(RulesetError),
}

/// How much of what was asked for the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    Part,
}

/// What may be done in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Read,
    Write,
    Execute,
}

/// The folders and devices that are let through.
#[derive(Debug)]
pub(super) struct Fence(Vec<(Grant, PathBuf, Inode)>);

impl Files {
    /// Puts this thread, and those it starts, behind a fence that lets these paths through.
    pub(super) fn fence(paths: &[NamedPath]) -> Self {
        let fence = Fence::around(paths);
        match fence.raise() {
            Ok(RestrictionStatus {
                ruleset: RulesetStatus::NotEnforced,
                ..
            }) => Self::NotInKernel,
            Ok(status) => Self::Fenced {
                abi: version(&status.landlock),
                extent: match status.ruleset {
                    RulesetStatus::FullyEnforced => Extent::All,
                    _ => Extent::Part,
                },
                fence,
            },
            Err(error) => Self::Failed(error),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fenced { abi, extent, .. } => {
                let extent = match extent {
                    Extent::All => "",
                    Extent::Part => ", in part",
                };
                write!(f, "files (Landlock ABI {abi}{extent})")
            }
            Self::NotInKernel => f.write_str("files: not in this kernel"),
            Self::Failed(error) => write!(f, "files: not kept apart, {error}"),
        }
    }
}

fn version(status: &LandlockStatus) -> i32 {
    match *status {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        } => kernel_abi.unwrap_or(effective_abi as i32),
        _ => 0,
    }
}

impl Grant {
    fn rights(self) -> BitFlags<AccessFs> {
        let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
        match self {
            Self::Read => read,
            Self::Write => {
                read | make_bitflags!(AccessFs::{
                    WriteFile | Truncate | MakeReg | MakeDir | MakeSock | RemoveFile
                })
            }
            Self::Execute => read | AccessFs::Execute,
        }
    }

    fn serves(self, used: Use) -> bool {
        self == Self::Write || matches!(used, Use::Read | Use::Trust)
    }
}

impl Fence {
    fn around(paths: &[NamedPath]) -> Self {
        let system = OF_THE_SYSTEM.map(|path| (Grant::Read, path.into()));
        let programs = program_folders().into_iter();
        let grants = system
            .into_iter()
            .chain(programs.map(|folder| (Grant::Execute, folder)))
            .chain(paths.iter().flat_map(grants));
        // What is not there can't be let through.
        let there = |(grant, path): (Grant, PathBuf)| {
            let inode = Inode::of_path(&path).ok()?;
            Some((grant, path, inode))
        };
        Self(grants.filter_map(there).collect())
    }

    fn raise(&self) -> Result<RestrictionStatus, RulesetError> {
        let mut rules = Ruleset::default()
            .handle_access(AccessFs::from_all(KNOWN))?
            .scope(Scope::from_all(KNOWN))?
            .create()?;
        for (grant, path, _) in &self.0 {
            rules = rules.add_rules(path_beneath_rules([path], grant.rights()))?;
        }
        rules.no_new_privs(false).restrict_self()
    }

    /// Tells, as the kernel does, whether a path is let through: by the folders that it lies in.
    pub(super) fn lets(&self, used: Use, path: &Path) -> bool {
        let real = path.ancestors().find_map(|path| path.canonicalize().ok());
        let lets = |path: &Path| {
            let here = Inode::of_path(path).ok();
            let mut grants = self.0.iter();
            grants.any(|(grant, _, at)| Some(*at) == here && grant.serves(used))
        };
        real.is_some_and(|real| real.ancestors().any(lets))
    }

    pub(super) fn log(&self) {
        for (grant, path, _) in &self.0 {
            tracing::debug!(path = %path.display(), ?grant, "the sandbox lets it through");
        }
    }
}

/// Returns what is let through for a path.
fn grants(named: &NamedPath) -> Vec<(Grant, PathBuf)> {
    let NamedPath { used, path } = named;
    let ground = ground(path);
    match used {
        // It may be a link, today or later.
        Use::Read | Use::Trust => {
            let real = path.canonicalize().map(|real| self::ground(&real));
            let grounds = [Some(ground), real.ok()].into_iter().flatten();
            grounds.map(|ground| (Grant::Read, ground)).collect()
        }
        Use::Write => {
            // Without a folder there is no rule. The first write says why it can't be made.
            let _ = Place::of(path, Missing::Made, None);
            vec![(Grant::Write, ground)]
        }
        Use::Keep => {
            let around = folder_of(&ground);
            let grounds = [Some(ground), around].into_iter().flatten();
            grounds.map(|ground| (Grant::Write, ground)).collect()
        }
    }
}

/// Returns the folder of a path, or the file itself: if it is a device, which nobody replaces, or if the folder is the root
/// of everything.
fn ground(path: &Path) -> PathBuf {
    let folder = folder_of(path).filter(|_| !is_device(path));
    folder.unwrap_or_else(|| path.to_owned())
}

/// Returns the folder of a path, unless it is the root of everything.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let real = folder.canonicalize();
    let is_root = real.is_ok_and(|real| real.parent().is_none());
    (!is_root).then(|| folder.to_owned())
}

fn is_device(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|it| it.file_type().is_char_device())
}

/// Returns the folders of the program, its libraries and its loader: whatever is mapped to be executed.
fn program_folders() -> Vec<PathBuf> {
    let maps = Process::myself().and_then(|it| it.maps());
    let maps = maps.map_or_else(|_| Vec::new(), |maps| maps.0);
    let executed = maps
        .into_iter()
        .filter(|it| it.perms.contains(MMPermissions::EXECUTE));
    let mut folders: Vec<_> = executed
        .filter_map(|it| match it.pathname {
            MMapPath::Path(path) => Some(ground(&path)),
            _ => None,
        })
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::process::{Command, Stdio};
    use std::thread;

    fn named(used: Use, path: PathBuf) -> NamedPath {
        NamedPath { used, path }
    }

    /// Does something behind a fence, in a thread of its own. Where the kernel has none, nothing is done.
    fn behind(paths: &[NamedPath], action: impl FnOnce(&Fence) + Send) {
        thread::scope(|scope| {
            scope.spawn(|| {
                super::super::privileges::allow_no_new().unwrap();
                if let Files::Fenced { fence, .. } = Files::fence(paths) {
                    action(&fence);
                }
            });
        });
    }

    #[test]
    fn what_the_fence_lets_through_the_kernel_lets_through() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["read", "write", "keep/in", "other"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("other/file"), "").unwrap();
        std::os::unix::fs::symlink("../other/file", at("read/link")).unwrap();
        let paths = [
            named(Use::Read, at("read/file")),
            named(Use::Write, at("write/file")),
            named(Use::Keep, at("keep/in/file")),
            named(Use::Write, at("made/file")),
        ];
        fs::write(at("read/file"), "").unwrap();
        behind(&paths, |fence| {
            assert!(at("made").is_dir() && fence.lets(Use::Write, &at("made/file")));
            for (name, used) in [
                ("read/file", Use::Read),
                ("read/new", Use::Write),
                ("read/link", Use::Read),
                ("write/file", Use::Write),
                ("write/new", Use::Keep),
                ("keep/in/file", Use::Write),
                ("keep/new/file", Use::Write),
                ("made/file", Use::Write),
                ("other/file", Use::Read),
                ("other/new", Use::Write),
            ] {
                let path = at(name);
                let opened = match used {
                    Use::Read | Use::Trust => File::open(&path).map(drop),
                    Use::Write | Use::Keep => Place::of(&path, Missing::Made, None)
                        .and_then(|place| place.replace(b"", rustix::fs::Mode::RUSR)),
                };
                let denied = opened.is_err_and(|it| it.kind() == ErrorKind::PermissionDenied);
                assert_eq!(fence.lets(used, &path), !denied, "{name}, {used:?}");
            }
        });
    }

    #[test]
    fn the_program_itself_may_be_executed_and_no_other() {
        behind(&[], |_| {
            let itself = Command::new(env::current_exe().unwrap())
                .arg("--list")
                .stdin(Stdio::inherit())
                .output();
            assert!(itself.unwrap().status.success());
            let other = Command::new("/usr/bin/true").status().unwrap_err();
            assert_eq!(other.kind(), ErrorKind::PermissionDenied);
        });
    }
}
