//! Restore: the start of a server whose room has a history. The last window is read back, verified, and a torn end mended.

use std::io;
use std::path::Path;

use wac_core::journal::{Block, Fault, Head, Segment};
use wac_core::log::{Position, RoomLog};
use wac_core::mark::RoomId;

use super::HistoryError;
use super::folder::Folder;
use super::lock::{LOCK, Locked};
use crate::config::identity::Identity;
use crate::process::safe_open::{Missing, Place};
use crate::room::shared::unix_now;

/// A room as its history left it.
#[derive(Debug)]
pub struct Past {
    /// Its id.
    pub room: RoomId,
    pub(crate) log: RoomLog,
    pub(crate) folder: Folder,
    /// What the operator should know about it: for the log.
    pub(crate) remarks: Vec<String>,
}

/// Makes the folder of a history, if it is missing, for the user who serves: only root may make one everywhere.
///
/// # Errors
/// [`HistoryError`], if that is not possible. In a folder of the user, that user makes it later.
pub fn prepare(path: &Path, server: Option<&Identity>) -> Result<(), HistoryError> {
    match Place::of(&path.join(LOCK), Missing::MadePrivate, server) {
        Err(error) if server.is_some() && error.kind() == io::ErrorKind::NotFound => Ok(()),
        made => made
            .map(drop)
            .map_err(|error| HistoryError::unusable(path, None, error)),
    }
}

impl Past {
    /// Locks a folder and restores the room, as the user who serves. If there is none yet, it begins with the given id.
    ///
    /// # Errors
    /// [`HistoryError`]; nothing was changed then.
    pub fn open(
        path: &Path,
        window_bytes: usize,
        new: RoomId,
        server: Option<&Identity>,
    ) -> Result<Self, HistoryError> {
        let user = server.map(Identity::name);
        let unusable = |error| HistoryError::unusable(path, user.as_deref(), error);
        let folder = Folder::lock(path, new).map_err(|why| match why {
            Locked::ByAnother => HistoryError::InUse(path.to_owned()),
            Locked::Denied(error) => unusable(error),
        })?;
        let segments = folder.segments().map_err(unusable)?;
        let mut restore = Restore {
            folder,
            window_bytes,
            log: None,
            newest: None,
        };
        for &from in &segments[needed(&segments, window_bytes)..] {
            let taken = restore.take_segment(from, Some(&from) == segments.last());
            taken.map_err(|why| {
                let path = restore.folder.path_of(from);
                match why {
                    Stopped::Denied(error) => unusable(error),
                    Stopped::Newer => HistoryError::Newer(path),
                    Stopped::Damaged(line) => HistoryError::Damaged { path, line },
                }
            })?;
        }
        restore.finish(&segments).map_err(unusable)
    }
}

/// Returns the number of segments, of those that begin at these positions, that end before the last window.
fn needed(segments: &[Position], window_bytes: usize) -> usize {
    // The newest one ends behind its beginning, so the others have more than a window.
    let last = segments.last().copied().unwrap_or_default();
    let first = Position(last.0.saturating_sub(window_bytes as u64));
    let before = segments.partition_point(|&from| from <= first);
    before.saturating_sub(1)
}

/// A room that is being restored.
struct Restore {
    folder: Folder,
    window_bytes: usize,
    log: Option<RoomLog>,
    /// The last segment that was begun.
    newest: Option<Newest>,
}

/// The segment that is to be written on.
struct Newest {
    from: Position,
    /// The bytes of what is whole.
    bytes: u64,
    /// A block that is cut off follows: its whole lines are to be written again, as this text.
    again: Option<Vec<u8>>,
}

/// Why nothing more is restored.
enum Stopped {
    Denied(io::Error),
    Newer,
    Damaged(usize),
}

impl Restore {
    fn take_segment(&mut self, from: Position, is_newest: bool) -> Result<(), Stopped> {
        let bytes = self.folder.read(from).map_err(Stopped::Denied)?;
        let mut segment = match Segment::begin(&bytes) {
            Ok(segment) => segment,
            Err(Fault::NotBegun | Fault::Torn(_)) => return Ok(()),
            Err(Fault::Newer) => return Err(Stopped::Newer),
            Err(Fault::Damaged(line)) => return Err(Stopped::Damaged(line)),
        };
        self.check_head(segment.head(), from)?;
        let again = loop {
            match segment.next_block() {
                Ok(Some(block)) => self.take_block(&block),
                Ok(None) => break None,
                Err(Fault::Torn(block)) if is_newest => break Some(self.take_torn(block)),
                Err(_) => return Err(Stopped::Damaged(segment.line())),
            }
        };
        self.newest = Some(Newest {
            from,
            bytes: segment.whole_bytes() as u64,
            again,
        });
        Ok(())
    }

    /// Checks that a segment is the room's, and begins where the one before ended, or later.
    fn check_head(&mut self, head: Head, from: Position) -> Result<(), Stopped> {
        let end = self.log.as_ref().map(RoomLog::head);
        let is_of_room = end.is_none() || head.room == self.folder.room();
        if head.from != from || end.is_some_and(|end| from < end) || !is_of_room {
            return Err(Stopped::Damaged(1));
        }
        self.folder.set_room(head.room);
        if end != Some(from) {
            self.log = Some(RoomLog::beginning_at(from, self.window_bytes, unix_now()));
        }
        Ok(())
    }

    fn take_block(&mut self, block: &Block<'_>) {
        let log = self.log.as_mut().expect("the segment's head began it");
        // Nobody may be shown lines as if those between, which are missing, had never been said.
        if log.head() != block.at || log.lines() == 0 {
            *log = RoomLog::beginning_at(block.at, self.window_bytes, block.second);
        }
        let appended = log.append(block.lines, block.second);
        appended.expect("nobody sealed it");
    }

    fn take_torn(&mut self, block: Option<Block<'_>>) -> Vec<u8> {
        let mut again = Vec::new();
        if let Some(block) = block {
            self.take_block(&block);
            block.write(&mut again);
        }
        again
    }

    fn finish(self, segments: &[Position]) -> io::Result<Past> {
        let Self {
            mut folder,
            window_bytes,
            log,
            newest,
        } = self;
        let mut log = log.unwrap_or_else(|| {
            RoomLog::beginning_at(Position::default(), window_bytes, unix_now())
        });
        let shown = folder.path().display();
        let mut remarks = vec![format!("{} lines of the history in {shown}", log.lines())];
        log.restored();
        let begun = newest.as_ref().map_or(0, |newest| {
            segments.partition_point(|&from| from < newest.from) + 1
        });
        for &from in &segments[begun..] {
            folder.remove(from)?;
            let path = folder.path_of(from);
            remarks.push(format!("{} held nothing, and was removed", path.display()));
        }
        match newest {
            None => folder.begin(log.head())?,
            Some(newest) => {
                folder.note_older(&segments[..begun - 1])?;
                folder.go_on(newest.from, newest.bytes, log.head())?;
                if let Some(again) = newest.again {
                    folder.append(&again)?;
                    remarks.push("the history ended within a line, which was cut off".to_owned());
                }
            }
        }
        // Marks up to here may be given from now on.
        let synced = folder.sync(log.head());
        synced.map_err(|(error, _)| error)?;
        Ok(Past {
            room: folder.room(),
            log,
            folder,
            remarks,
        })
    }
}
