//! Safe opening of files in folders of other users: the log, the pidfile and the Unix sockets.
//!
//! Root starts the server, another user serves, and that user may own the folders of the files.
//! So the last name of a path is never a link, and root walks the path step by
//! step: a folder or link of another user may lead only to files of that user. Only files that
//! this start created are handed to the user who serves, by their descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Uid, chmodat, chownat, fchown,
    flock, fstat, fsync, mkdirat, openat, readlinkat, renameat, stat, statat, unlinkat,
};
use rustix::io::Errno;

use crate::config::identity::Identity;

/// Links followed in one path: the kernel's own limit.
const MOST_LINKS: usize = 40;
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A folder that can be locked, or written to the disk.
const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
const ENTRY: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Flags for every open: a pipe without a reader, or a terminal, must not hold up the start.
const OPENED: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The handling of a missing folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Create it.
    Made,
    /// Create it, the last one for its owner alone.
    MadePrivate,
    /// Report an error.
    Refused,
}

/// The origin of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// This start created it.
    Now,
    /// It existed before.
    Before,
}

/// A name in an open folder.
#[derive(Debug)]
pub(crate) struct Place {
    folder: OwnedFd,
    name: OsString,
    walker: Walker,
    heir: Option<(Uid, Gid)>,
}

impl Place {
    /// Finds the folder of a path. Files created in it belong to `heir`, if there is one.
    ///
    /// # Errors
    /// An I/O error, or the owner of an untrusted link or folder in the path.
    pub(crate) fn of(path: &Path, missing: Missing, heir: Option<&Identity>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other("it names a folder, not a file"));
        };
        let heir = heir.map(|heir| (Uid::from_raw(heir.user()), Gid::from_raw(heir.group())));
        let walker = Walker::new(heir.map(|(user, _)| user));
        let (folder, made) = walker.walk(folder, missing)?;
        if let (Made::Now, Some((user, group))) = (made, heir) {
            chownat(&folder, "", Some(user), Some(group), AtFlags::EMPTY_PATH)?;
        }
        Ok(Self {
            folder,
            name: name.to_owned(),
            walker,
            heir,
        })
    }

    /// Opens an existing file.
    ///
    /// # Errors
    /// An I/O error, or a refusal of a link, of a kind that is not among `kinds`, or of a file that another user put there.
    pub(crate) fn open(&self, how: OFlags, kinds: &[FileType]) -> io::Result<File> {
        let file = openat(&self.folder, &self.name, how | OPENED, Mode::empty())
            .map_err(|error| self.explain(error))?;
        let stat = fstat(&file)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if !kinds.contains(&kind) {
            return Err(io::Error::other(format!("it is {}", named(kind))));
        }
        self.walker.may_open(&stat)?;
        if how.intersects(OFlags::WRONLY | OFlags::RDWR) {
            self.walker.may_write(&fstat(&self.folder)?, &stat)?;
        }
        Ok(file.into())
    }

    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub(crate) fn open_or_make(
        &self,
        how: OFlags,
        mode: Mode,
        kinds: &[FileType],
    ) -> io::Result<(File, Made)> {
        let make = how | OPENED | OFlags::CREATE | OFlags::EXCL;
        loop {
            match self.open(how, kinds) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map(|file| (file, Made::Before)),
            }
            match openat(&self.folder, &self.name, make, mode) {
                // Created by somebody else in between: it is checked like any other.
                Err(Errno::EXIST) => {}
                made => return self.inherit(made?.into()).map(|file| (file, Made::Now)),
            }
        }
    }

    /// Writes a file beside this one and puts it in its place, so that whoever opens it finds the old content or the new.
    ///
    /// # Errors
    /// An I/O error; the old file is left then.
    pub(crate) fn replace(&self, content: &[u8], mode: Mode) -> io::Result<()> {
        let mut new = self.name.clone();
        new.push(".new");
        match unlinkat(&self.folder, &new, AtFlags::empty()) {
            // Left by a process that was killed while it wrote.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let make = OFlags::WRONLY | OPENED | OFlags::CREATE | OFlags::EXCL;
        let mut file = self.inherit(openat(&self.folder, &new, make, mode)?.into())?;
        file.write_all(content)?;
        file.sync_all()?;
        renameat(&self.folder, &new, &self.folder, &self.name)?;
        // The name is on the disk too, once the folder is.
        Ok(fsync(openat(
            &self.folder,
            ".",
            OPEN_FOLDER,
            Mode::empty(),
        )?)?)
    }

    /// Keeps everybody else from locking the folder, until the returned file is closed. It waits for whoever has it locked.
    ///
    /// # Errors
    /// An I/O error if the folder can't be opened or locked.
    pub(crate) fn lock_folder(&self) -> io::Result<OwnedFd> {
        let folder = openat(&self.folder, ".", OPEN_FOLDER, Mode::empty())?;
        flock(&folder, FlockOperation::LockExclusive)?;
        Ok(folder)
    }

    /// Gives what root [replaces](Self::replace) to the owner of the file, or if it is new, of its folder.
    ///
    /// # Errors
    /// An I/O error if the owner can't be read.
    pub(crate) fn keeping_owner(mut self) -> io::Result<Self> {
        if self.walker.me.is_root() {
            let stat = match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => fstat(&self.folder)?,
                found => found?,
            };
            self.heir = Some((Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid)));
        }
        Ok(self)
    }

    fn inherit(&self, file: File) -> io::Result<File> {
        if let Some((user, group)) = self.heir {
            fchown(&file, Some(user), Some(group))?;
        }
        Ok(file)
    }

    /// Hands a socket that this start has bound to the user who serves, unless it has been replaced.
    ///
    /// # Errors
    /// An I/O error if the owner can't be read or changed.
    pub(crate) fn hand_over(&self, made: Inode) -> io::Result<()> {
        let Some((user, group)) = self.heir else {
            return Ok(());
        };
        let entry = openat(&self.folder, &self.name, ENTRY, Mode::empty())?;
        let stat = fstat(&entry)?;
        if Inode::of(&stat) != made || stat.st_nlink != 1 {
            return Err(io::Error::other("somebody replaced it meanwhile"));
        }
        chownat(&entry, "", Some(user), Some(group), AtFlags::EMPTY_PATH)?;
        Ok(())
    }

    /// Returns the status of the name, without following a link.
    ///
    /// # Errors
    /// An I/O error if the status can't be read; a missing file is not an error.
    pub(crate) fn look(&self) -> io::Result<Option<(FileType, Inode)>> {
        match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some((
                FileType::from_raw_mode(stat.st_mode),
                Inode::of(&stat),
            ))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells whether the name leads to an inode.
    pub(crate) fn leads_to(&self, inode: Inode) -> bool {
        matches!(self.look(), Ok(Some((_, found))) if found == inode)
    }

    /// Removes the name only if it leads to an inode.
    ///
    /// # Errors
    /// An I/O error if the file can't be removed.
    pub(crate) fn remove(&self, inode: Inode) -> io::Result<()> {
        if self.leads_to(inode) {
            unlinkat(&self.folder, &self.name, AtFlags::empty())?;
        }
        Ok(())
    }

    /// Changes the permissions of the name only if it leads to an inode. It is opened first: a path could lead elsewhere by
    /// then.
    ///
    /// # Errors
    /// An I/O error if the permissions can't be changed.
    pub(crate) fn set_mode(&self, inode: Inode, mode: Mode) -> io::Result<()> {
        let entry = openat(&self.folder, &self.name, ENTRY, Mode::empty())?;
        if Inode::of(&fstat(&entry)?) == inode {
            // Descriptors opened by path alone take no fchmod.
            let path = format!("/proc/self/fd/{}", entry.as_raw_fd());
            chmodat(CWD, path, mode, AtFlags::empty())?;
        }
        Ok(())
    }

    /// Puts a system error into words.
    fn explain(&self, error: Errno) -> io::Error {
        match (error, self.look()) {
            (Errno::LOOP, _) => io::Error::other("it is a link; name the file it leads to"),
            (Errno::NXIO, Ok(Some((FileType::Fifo, _)))) => {
                io::Error::other("it is a pipe that nobody reads; start its reader first")
            }
            (Errno::NXIO, Ok(Some((kind, _)))) => {
                io::Error::other(format!("it is {}", named(kind)))
            }
            _ => error.into(),
        }
    }
}

/// The identity of a file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inode(u64, u64);

impl Inode {
    fn of(stat: &Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }

    /// Returns the identity of an open file.
    ///
    /// # Errors
    /// An I/O error if the status can't be read.
    pub(crate) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&fstat(file)?))
    }

    /// Tells whether a path leads to it.
    pub(crate) fn is_at(self, path: &Path) -> bool {
        Self::of_path(path).is_ok_and(|found| found == self)
    }

    /// Returns the identity of what a path leads to.
    ///
    /// # Errors
    /// An I/O error if the status can't be read.
    pub(crate) fn of_path(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&stat(path)?))
    }
}

/// Returns a kind of file in words.
pub(crate) fn named(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "no file",
    }
}

/// The user who walks a path, and the owners whose folders and links are trusted.
#[derive(Debug, Clone, Copy)]
struct Walker {
    /// The user who walks. Root trusts only root; an ordinary user goes where the system allows, at their own risk.
    me: Uid,
    /// The serving user, if not the one who starts the server.
    server: Option<Uid>,
}

impl Walker {
    fn new(server: Option<Uid>) -> Self {
        let me = rustix::process::geteuid();
        Self { me, server }
    }

    /// Opens a folder; tells whether it was created.
    fn walk(self, path: &Path, missing: Missing) -> io::Result<(OwnedFd, Made)> {
        let mut folder = openat(CWD, "/", FOLDER, Mode::empty())?;
        let mut from = fstat(&folder)?;
        let mut made = Made::Before;
        let mut links = 0;
        let mut names = names(path);
        while let Some(name) = names.pop() {
            let next;
            let mode = match missing {
                Missing::MadePrivate if names.is_empty() => 0o700,
                _ => 0o755,
            };
            let may = self.may_make(missing, &from);
            (next, made) = step(&folder, &name, may, Mode::from_raw_mode(mode))?;
            let found = fstat(&next)?;
            self.may_go(&from, &found).map_err(|why| at(&name, &why))?;
            from = found;
            if FileType::from_raw_mode(found.st_mode) != FileType::Symlink {
                folder = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::LOOP.into());
            }
            let target = PathBuf::from(OsString::from_vec(
                readlinkat(&next, "", Vec::new())?.into(),
            ));
            if target.is_absolute() {
                folder = openat(CWD, "/", FOLDER, Mode::empty())?;
                let root = fstat(&folder)?;
                self.may_go(&from, &root).map_err(|why| at(&name, &why))?;
            }
            names.extend(self::names(&target));
        }
        // A non-folder is refused here, not at the first use.
        Ok((openat(&folder, ".", FOLDER, Mode::empty())?, made))
    }

    /// Creates a folder. Root creates none in another user's: it could not tell its own from one that this user put there.
    fn may_make(self, missing: Missing, folder: &Stat) -> Missing {
        if self.me.is_root() && folder.st_uid != 0 {
            Missing::Refused
        } else {
            missing
        }
    }

    /// Checks a step of the path, to a folder or a link.
    fn may_go(self, from: &Stat, to: &Stat) -> io::Result<()> {
        let may = if !self.me.is_root() {
            true
        } else if from.st_uid != 0 {
            // The serving user could have placed it, to lead root to files that this user may not touch.
            to.st_uid == from.st_uid
        } else {
            !is_shared(from) || self.trusts(to)
        };
        if may { Ok(()) } else { Err(misled(to)) }
    }

    /// Checks the last step, to a file that is to be written: anybody may have put it into a shared
    /// folder.
    fn may_write(self, folder: &Stat, file: &Stat) -> io::Result<()> {
        if is_shared(folder) && !self.trusts(file) {
            return Err(misled(file));
        }
        if file.st_uid == 0 && is_regular(file) {
            return Ok(()); // It has one name, so nobody but root can have put it here.
        }
        self.may_go(folder, file)
    }

    /// Refuses a file with a second name, which could be another user's trap.
    fn may_open(self, file: &Stat) -> io::Result<()> {
        if self.me.is_root() && is_regular(file) && file.st_nlink > 1 {
            return Err(io::Error::other(
                "it has a second name (a hard link), and root opens no such file; remove one",
            ));
        }
        Ok(())
    }

    fn trusts(self, entry: &Stat) -> bool {
        let owner = Uid::from_raw(entry.st_uid);
        owner.is_root() || owner == self.me || Some(owner) == self.server
    }
}

/// Opens the next entry of the path; a missing folder may be created, with a mode.
fn step(
    folder: &OwnedFd,
    name: &OsStr,
    missing: Missing,
    mode: Mode,
) -> io::Result<(OwnedFd, Made)> {
    match openat(folder, name, ENTRY, Mode::empty()) {
        Err(Errno::NOENT) if missing != Missing::Refused => {}
        opened => return Ok((opened?, Made::Before)),
    }
    let made = match mkdirat(folder, name, mode) {
        Err(Errno::EXIST) => Made::Before,
        made => made.map(|()| Made::Now)?,
    };
    Ok((openat(folder, name, ENTRY, Mode::empty())?, made))
}

/// Returns the names of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

fn is_regular(entry: &Stat) -> bool {
    FileType::from_raw_mode(entry.st_mode) == FileType::RegularFile
}

/// Tells whether anybody may put files into a folder.
fn is_shared(entry: &Stat) -> bool {
    FileType::from_raw_mode(entry.st_mode) == FileType::Directory
        && Mode::from_raw_mode(entry.st_mode).contains(Mode::WOTH)
}

fn misled(to: &Stat) -> io::Error {
    io::Error::other(format!(
        "it belongs to user {}, and could lead the server astray; name another place",
        to.st_uid
    ))
}

fn at(name: &OsStr, why: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {why}", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};

    const NOBODY: u32 = 65_534;
    const FILES: &[FileType] = &[FileType::RegularFile];

    /// Returns a folder that belongs to nobody, in one of root's; `None` if the tests are not run by root.
    fn nobodys() -> Option<tempfile::TempDir> {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("theirs")).unwrap();
        let root = rustix::process::geteuid().is_root();
        root.then(|| {
            chown(folder.path().join("theirs"), Some(NOBODY), Some(NOBODY)).unwrap();
            folder
        })
    }

    fn open(path: &Path) -> io::Result<(File, Made)> {
        Place::of(path, Missing::Made, None)?.open_or_make(
            OFlags::WRONLY | OFlags::APPEND,
            Mode::from_raw_mode(0o640),
            FILES,
        )
    }

    #[test]
    fn missing_files_and_folders_are_created_and_existing_ones_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        assert_eq!(open(&path).unwrap().1, Made::Now);
        assert_eq!(open(&path).unwrap().1, Made::Before);
        let missing = Place::of(&folder.path().join("d/e"), Missing::Refused, None).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_last_name_is_never_a_link_but_ones_own_folders_may_be() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("relative")).unwrap();
        symlink(folder.path().join("real"), folder.path().join("absolute")).unwrap();
        for link in ["relative", "absolute"] {
            open(&folder.path().join(link).join("log")).unwrap();
        }
        symlink("real/log", folder.path().join("log")).unwrap();
        let refused = open(&folder.path().join("log")).unwrap_err().to_string();
        assert!(refused.contains("it is a link"), "{refused}");
    }

    #[test]
    fn root_follows_no_link_of_another_user() {
        let Some(folder) = nobodys() else { return };
        let link = folder.path().join("theirs/way");
        symlink(folder.path(), &link).unwrap();
        lchown(&link, Some(NOBODY), Some(NOBODY)).unwrap();
        let refused = open(&link.join("log")).unwrap_err().to_string();
        assert!(refused.contains("belongs to user"), "{refused}");
        assert!(!folder.path().join("log").exists());
        assert_eq!(
            open(&folder.path().join("theirs/log")).unwrap().1,
            Made::Now
        );
    }

    #[test]
    fn root_writes_to_no_file_with_a_second_name() {
        let Some(folder) = nobodys() else { return };
        fs::write(folder.path().join("passwd"), "root").unwrap();
        let trap = folder.path().join("theirs/log");
        fs::hard_link(folder.path().join("passwd"), &trap).unwrap();
        let refused = open(&trap).unwrap_err().to_string();
        assert!(refused.contains("second name"), "{refused}");
    }

    #[test]
    fn in_a_shared_folder_root_opens_only_its_own_files() {
        let Some(folder) = nobodys() else { return };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "").unwrap();
        chown(&path, Some(1), Some(1)).unwrap();
        assert!(open(&path).is_err());
        chown(&path, Some(0), Some(0)).unwrap();
        assert_eq!(open(&path).unwrap().1, Made::Before);
    }

    #[test]
    fn a_file_that_is_only_read_may_belong_to_anybody() {
        let Some(folder) = nobodys() else { return };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let path = folder.path().join("wacd.pid");
        fs::write(&path, "").unwrap();
        chown(&path, Some(1), Some(1)).unwrap();
        let place = Place::of(&path, Missing::Refused, None).unwrap();
        place.open(OFlags::RDONLY, FILES).unwrap();
    }

    #[test]
    fn only_files_created_by_this_start_are_handed_over() {
        let Some(folder) = nobodys() else { return };
        let nobody = Identity::find("nobody", None).unwrap();
        let make = |name: &str| {
            let place = Place::of(&folder.path().join(name), Missing::Made, Some(&nobody)).unwrap();
            place
                .open_or_make(OFlags::WRONLY, Mode::from_raw_mode(0o640), FILES)
                .unwrap();
        };
        let owner = |name: &str| fs::metadata(folder.path().join(name)).unwrap().uid();
        fs::create_dir(folder.path().join("wacd")).unwrap();
        fs::write(folder.path().join("wacd/old"), "").unwrap();
        make("wacd/old");
        make("wacd/new");
        make("made/by/new");
        assert_eq!((owner("wacd"), owner("wacd/old")), (0, 0));
        assert_eq!(owner("wacd/new"), nobody.user());
        assert_eq!((owner("made"), owner("made/by")), (0, nobody.user()));
    }
}
