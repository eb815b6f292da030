//! Folder of the history: its segments, of which the newest is written, under a lock.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, OFlags};
use wac_core::journal::Head;
use wac_core::log::Position;
use wac_core::mark::RoomId;

use super::lock::{Lock, Locked};
use super::newest::Newest;
use crate::config::history::Keep;
use crate::process::safe_open::{Missing, Place};

/// What is kept consists of as many segments, at least, so that little more than what is too much is deleted with one.
const PARTS: u32 = 8;
const SEGMENT_BYTES: u64 = 16 << 20;
const SEGMENT_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The kind of the files in the folder, and their permissions.
pub(super) const FILES: &[FileType] = &[FileType::RegularFile];
pub(super) const MODE: u32 = 0o600;

/// The folder, which this process alone writes to. An error about a segment tells its name.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    room: RoomId,
    lock: Lock,
    /// The segments before the newest, oldest first.
    older: VecDeque<Older>,
    newest: Option<Newest>,
}

/// A segment that is written no more.
#[derive(Debug)]
struct Older {
    from: Position,
    bytes: u64,
    written: SystemTime,
}

/// What is left of the segments after somebody removed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    All,
    /// All but the newest.
    Older,
    Nothing,
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
        let opened = self.at(from, |place| place.open(OFlags::RDONLY, FILES));
        of(from, opened?.read_to_end(&mut bytes))?;
        Ok(bytes)
    }

    /// Notes segments that are there and written no more.
    pub(super) fn note_older(&mut self, segments: &[Position]) -> io::Result<()> {
        for &from in segments {
            let facts = fs::symlink_metadata(self.path_of(from));
            let written = facts.and_then(|facts| Ok((facts.len(), facts.modified()?)));
            let (bytes, written) = of(from, written)?;
            self.older.push_back(Older {
                from,
                bytes,
                written,
            });
        }
        Ok(())
    }

    /// Removes a segment that holds nothing.
    pub(super) fn remove(&self, from: Position) -> io::Result<()> {
        of(from, fs::remove_file(self.path_of(from)))
    }

    /// Goes on with a segment, of which this many bytes are whole, up to a position.
    pub(super) fn go_on(&mut self, from: Position, whole: u64, end: Position) -> io::Result<()> {
        let newest = self.at(from, |place| Newest::go_on(place, from, whole, end))?;
        self.newest = Some(newest);
        Ok(())
    }

    /// Begins a segment at a position.
    pub(super) fn begin(&mut self, from: Position) -> io::Result<()> {
        self.retire()?;
        let room = self.room;
        let newest = self.at(from, |place| Newest::begin(place, Head { room, from }))?;
        self.newest = Some(newest);
        Ok(())
    }

    /// Writes no more to the newest segment.
    fn retire(&mut self) -> io::Result<()> {
        if let Some(newest) = &mut self.newest {
            of(newest.from, newest.cut())?;
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
        let newest = self.newest.as_ref();
        newest.is_none_or(|newest| newest.is_full(at, keep))
    }

    /// Appends blocks to the newest segment: all of them, or none.
    ///
    /// # Panics
    /// If none was begun.
    pub(super) fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        let newest = self.newest.as_mut().expect("a segment was begun");
        of(newest.from, newest.append(blocks))
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
        let Err(error) = of(newest.from, newest.sync(&self.path, at)) else {
            return Ok(());
        };
        let (_, at) = newest.synced;
        if newest.is_new() {
            // Its first line is in question as well.
            self.newest = None;
        } else {
            newest.fall_back();
        }
        Err((error, at))
    }

    /// Tells whether lock and newest segment can be found under their names.
    pub(super) fn is_in_place(&self) -> bool {
        self.lock.is_in(&self.path) && self.has_newest_in_place()
    }

    fn has_newest_in_place(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_none_or(|it| it.is_at(&self.path_of(it.from)))
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
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return of(oldest.from, Err(error));
                }
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
        self.newest
            .as_mut()
            .expect("a segment was begun")
            .tear(part);
    }

    /// Does something in the place of a segment.
    fn at<T>(&self, from: Position, done: impl FnOnce(&Place) -> io::Result<T>) -> io::Result<T> {
        let place = Place::of(&self.path_of(from), Missing::Refused, None);
        of(from, place.and_then(|place| done(&place)))
    }
}

/// Has an error tell the segment that it is about.
fn of<T>(from: Position, done: io::Result<T>) -> io::Result<T> {
    done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", name_of(from))))
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
