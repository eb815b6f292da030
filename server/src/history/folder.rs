//! Folder of the history: its lock, and its segments, of which the newest is written.

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, Mode, OFlags};
use wac_core::journal::Head;
use wac_core::log::Position;
use wac_core::mark::RoomId;

use crate::config::history::Keep;
use crate::process::safe_open::{Inode, Missing, Place};

/// What is kept consists of as many segments, at least, so that little more than what is too much is deleted with one.
const PARTS: u32 = 8;
const SEGMENT_BYTES: u64 = 16 << 20;
const SEGMENT_AGE: Duration = Duration::from_secs(24 * 60 * 60);
pub(crate) const LOCK: &str = "lock";
const FILES: &[FileType] = &[FileType::RegularFile];
const MODE: u32 = 0o600;

/// The folder, which this process alone writes to.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    room: RoomId,
    lock: Lock,
    /// The segments before the newest, oldest first.
    older: VecDeque<Older>,
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Lock {
    inode: Inode,
    /// It is locked as long as it is open.
    _file: File,
}

/// A segment that is written no more.
#[derive(Debug)]
struct Older {
    from: Position,
    bytes: u64,
    written: SystemTime,
}

/// The segment that is written.
#[derive(Debug)]
struct Newest {
    from: Position,
    file: File,
    inode: Inode,
    /// Its length, as far as blocks have been written whole.
    bytes: u64,
    /// Something else may stand behind them: an attempt failed.
    is_torn: bool,
    begun: SystemTime,
    /// The length that is on the disk, and the position after its last line.
    synced: (u64, Position),
}

/// What is left of the segments after somebody removed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    All,
    /// All but the newest.
    Older,
    Nothing,
}

/// The reason why a folder can't be locked.
pub(super) enum Locked {
    /// Another process has locked it.
    ByAnother,
    /// The system denies it.
    Denied(io::Error),
}

impl Folder {
    /// Locks a folder, which is made if it is missing, for the history of a room.
    pub(super) fn lock(path: &Path, room: RoomId) -> Result<Self, Locked> {
        Ok(Self {
            path: path.to_owned(),
            room,
            lock: Lock::take(path)?,
            older: VecDeque::new(),
            newest: None,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn room(&self) -> RoomId {
        self.room
    }

    /// Takes over the id of the room whose segments are there.
    pub(super) fn set_room(&mut self, room: RoomId) {
        self.room = room;
    }

    /// Returns the positions at which the segments begin, in order. Other files are nobody's business here.
    pub(super) fn segments(&self) -> io::Result<Vec<Position>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            found.extend(entry?.file_name().to_str().and_then(from_of));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Returns the path of a segment.
    pub(super) fn path_of(&self, from: Position) -> PathBuf {
        self.path.join(name_of(from))
    }

    /// Reads a segment.
    pub(super) fn read(&self, from: Position) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = self.place(from)?.open(OFlags::RDONLY, FILES)?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Notes segments that are there and written no more.
    pub(super) fn note_older(&mut self, segments: &[Position]) -> io::Result<()> {
        for &from in segments {
            let facts = fs::symlink_metadata(self.path_of(from))?;
            self.older.push_back(Older {
                from,
                bytes: facts.len(),
                written: facts.modified()?,
            });
        }
        Ok(())
    }

    /// Removes a segment that holds nothing.
    pub(super) fn remove(&self, from: Position) -> io::Result<()> {
        fs::remove_file(self.path_of(from))
    }

    /// Goes on with a segment, of which this many bytes are whole, up to a position.
    pub(super) fn go_on(&mut self, from: Position, whole: u64, end: Position) -> io::Result<()> {
        let file = self.place(from)?.open(OFlags::WRONLY, FILES)?;
        file.set_len(whole)?;
        self.newest = Some(Newest {
            from,
            inode: Inode::of_file(&file)?,
            file,
            bytes: whole,
            is_torn: false,
            begun: SystemTime::now(),
            synced: (whole, end),
        });
        Ok(())
    }

    /// Begins a segment at a position. One of the same name holds nothing: it could not be begun, or was removed since.
    pub(super) fn begin(&mut self, from: Position) -> io::Result<()> {
        self.retire()?;
        let place = self.place(from)?;
        let (file, _) = place.open_or_make(OFlags::WRONLY, Mode::from_raw_mode(MODE), FILES)?;
        let inode = Inode::of_file(&file)?;
        let room = self.room;
        let head = Head { room, from }.to_line();
        let begun = file
            .set_len(0)
            .and_then(|()| file.write_all_at(head.as_bytes(), 0));
        if begun.is_err() {
            // If it stays, the next start finds that it holds nothing.
            let _ = place.remove(inode);
        }
        begun?;
        let bytes = head.len() as u64;
        self.newest = Some(Newest {
            from,
            file,
            inode,
            bytes,
            is_torn: false,
            begun: SystemTime::now(),
            synced: (0, from),
        });
        Ok(())
    }

    /// Writes no more to the newest segment.
    fn retire(&mut self) -> io::Result<()> {
        if let Some(newest) = &mut self.newest {
            newest.cut()?;
            self.older.push_back(Older {
                from: newest.from,
                bytes: newest.bytes,
                written: SystemTime::now(),
            });
            self.newest = None;
        }
        Ok(())
    }

    /// Tells whether the lines from a position on belong into a segment of their own.
    pub(super) fn is_full(&self, at: Position, keep: Keep) -> bool {
        self.newest.as_ref().is_none_or(|newest| {
            let age = newest.begun.elapsed().unwrap_or_default();
            newest.from < at && (newest.bytes >= segment_bytes(keep) || age >= segment_age(keep))
        })
    }

    /// Appends blocks to the newest segment: all of them, or none.
    ///
    /// # Panics
    /// If none was begun.
    pub(super) fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        let newest = self.newest.as_mut().expect("a segment was begun");
        newest.cut()?;
        newest.is_torn = true;
        let written = newest.file.write_all_at(blocks, newest.bytes);
        if written.is_err() {
            // If that fails as well, it is tried again before the next attempt, and at the next start.
            let _ = newest.cut();
        }
        written?;
        newest.is_torn = false;
        newest.bytes += blocks.len() as u64;
        Ok(())
    }

    /// Brings what was appended, up to a position, to the disk.
    ///
    /// # Errors
    /// The error, and the position from which on lines may be lost: they are cut off, to be appended anew, because the system
    /// reports a failure once.
    pub(super) fn sync(&mut self, at: Position) -> Result<(), (io::Error, Position)> {
        let Some(newest) = &mut self.newest else {
            return Ok(());
        };
        let is_new = newest.synced.0 == 0;
        let mut synced = newest.file.sync_data();
        if is_new && synced.is_ok() {
            synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        }
        match synced {
            Ok(()) => {
                newest.synced = (newest.bytes, at);
                Ok(())
            }
            Err(error) => {
                let (bytes, at) = newest.synced;
                if is_new {
                    // Its first line is in question as well.
                    self.newest = None;
                } else {
                    (newest.bytes, newest.is_torn) = (bytes, true);
                }
                Err((error, at))
            }
        }
    }

    /// Tells whether lock and newest segment can be found under their names.
    pub(super) fn is_in_place(&self) -> bool {
        self.lock.is_in(&self.path) && self.has_newest_in_place()
    }

    fn has_newest_in_place(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_none_or(|it| leads_to(&self.path_of(it.from), it.inode))
    }

    /// Makes the folder and its lock again if they are missing; returns what is left of the segments.
    pub(super) fn make_again(&mut self) -> io::Result<Left> {
        let left = match self.segments() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            found => found?,
        };
        if !self.lock.is_in(&self.path) {
            if !left.is_empty() && !self.has_newest_in_place() {
                return Err(io::Error::other(
                    "another history has taken its place; move that away, or restart wacd",
                ));
            }
            self.lock = Lock::take(&self.path)?;
        }
        if !left.is_empty() && self.has_newest_in_place() {
            return Ok(Left::All);
        }
        (self.newest, self.older) = (None, VecDeque::new());
        self.note_older(&left)?;
        Ok(if left.is_empty() {
            Left::Nothing
        } else {
            Left::Older
        })
    }

    /// Deletes the oldest segments that need not be kept; the newest one stays.
    pub(super) fn prune(&mut self, keep: Keep) -> io::Result<()> {
        while let Some(oldest) = self.older.front()
            && self.is_too_much(oldest, keep)
        {
            match fs::remove_file(self.path_of(oldest.from)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.older.pop_front(),
            };
        }
        Ok(())
    }

    fn is_too_much(&self, oldest: &Older, keep: Keep) -> bool {
        match keep {
            Keep::Age(most) => oldest.written.elapsed().is_ok_and(|age| age > most),
            Keep::Bytes(most) => {
                let older: u64 = self.older.iter().map(|it| it.bytes).sum();
                older + self.newest.as_ref().map_or(0, |it| it.bytes) > most
            }
        }
    }

    /// Leaves what a write leaves that fails, where nothing can be cut off.
    #[cfg(test)]
    pub(super) fn tear(&mut self, part: &[u8]) {
        let newest = self.newest.as_mut().expect("a segment was begun");
        newest.is_torn = true;
        let written = newest.file.write_all_at(part, newest.bytes);
        written.expect("there is room");
    }

    fn place(&self, from: Position) -> io::Result<Place> {
        Place::of(&self.path_of(from), Missing::Refused, None)
    }
}

impl Lock {
    fn take(folder: &Path) -> Result<Self, Locked> {
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

    fn is_in(&self, folder: &Path) -> bool {
        leads_to(&folder.join(LOCK), self.inode)
    }
}

impl Newest {
    /// Cuts off what an attempt left that failed.
    fn cut(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.bytes)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

impl From<Locked> for io::Error {
    fn from(why: Locked) -> Self {
        match why {
            Locked::ByAnother => Self::other("another server writes there"),
            Locked::Denied(error) => error,
        }
    }
}

fn leads_to(path: &Path, inode: Inode) -> bool {
    Inode::of_path(path).is_ok_and(|found| found == inode)
}

/// Returns the bytes that a segment has when another one begins.
pub(super) fn segment_bytes(keep: Keep) -> u64 {
    match keep {
        Keep::Bytes(most) => (most / u64::from(PARTS)).min(SEGMENT_BYTES),
        Keep::Age(_) => SEGMENT_BYTES,
    }
}

/// Returns the age that a segment has when another one begins.
pub(super) fn segment_age(keep: Keep) -> Duration {
    match keep {
        Keep::Bytes(_) => SEGMENT_AGE,
        Keep::Age(most) => (most / PARTS).min(SEGMENT_AGE),
    }
}

/// Returns a name whose order is that of the positions.
fn name_of(from: Position) -> String {
    format!("history-{:020}.txt", from.0)
}

fn from_of(name: &str) -> Option<Position> {
    let digits = name.strip_prefix("history-")?.strip_suffix(".txt")?;
    let from = Position(digits.parse().ok()?);
    (name_of(from) == name).then_some(from)
}
