//! Newest segment of a history: the file that is written, and how much of it is whole and on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use wac_core::journal::Head;
use wac_core::log::Position;

use super::folder::{FILES, MODE, segment_age, segment_bytes};
use crate::config::history::Keep;
use crate::process::safe_open::{Inode, Place};

/// The segment that is written.
#[derive(Debug)]
pub(super) struct Newest {
    pub(super) from: Position,
    file: File,
    inode: Inode,
    /// Its length, as far as blocks have been written whole.
    pub(super) bytes: u64,
    /// Something else may stand behind them: an attempt failed.
    is_torn: bool,
    begun: SystemTime,
    /// The length that is on the disk, and the position after its last line.
    pub(super) synced: (u64, Position),
}

impl Newest {
    /// Goes on with a segment, of which this many bytes are whole, up to a position.
    pub(super) fn go_on(
        place: &Place,
        from: Position,
        whole: u64,
        end: Position,
    ) -> io::Result<Self> {
        let file = place.open(OFlags::WRONLY, FILES)?;
        file.set_len(whole)?;
        let inode = Inode::of_file(&file)?;
        Ok(Self::of(from, file, inode, (whole, end)))
    }

    /// Begins a segment. One of the same name holds nothing: it could not be begun, or was removed since.
    pub(super) fn begin(place: &Place, head: Head) -> io::Result<Self> {
        let (file, _) = place.open_or_make(OFlags::WRONLY, Mode::from_raw_mode(MODE), FILES)?;
        let inode = Inode::of_file(&file)?;
        let line = head.to_line();
        let begun = file
            .set_len(0)
            .and_then(|()| file.write_all_at(line.as_bytes(), 0));
        if begun.is_err() {
            // If it stays, the next start finds that it holds nothing.
            let _ = place.remove(inode);
        }
        begun?;
        let mut newest = Self::of(head.from, file, inode, (0, head.from));
        newest.bytes = line.len() as u64;
        Ok(newest)
    }

    fn of(from: Position, file: File, inode: Inode, synced: (u64, Position)) -> Self {
        Self {
            from,
            file,
            inode,
            bytes: synced.0,
            is_torn: false,
            begun: SystemTime::now(),
            synced,
        }
    }

    /// Tells whether the lines from a position on belong into a segment of their own.
    pub(super) fn is_full(&self, at: Position, keep: Keep) -> bool {
        let age = self.begun.elapsed().unwrap_or_default();
        self.from < at && (self.bytes >= segment_bytes(keep) || age >= segment_age(keep))
    }

    /// Tells whether a path leads to it.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.inode.is_at(path)
    }

    /// Tells whether nothing of it is on the disk yet, its name included.
    pub(super) fn is_new(&self) -> bool {
        self.synced.0 == 0
    }

    /// Appends blocks: all of them, or none.
    pub(super) fn append(&mut self, blocks: &[u8]) -> io::Result<()> {
        self.cut()?;
        self.is_torn = true;
        let written = self.file.write_all_at(blocks, self.bytes);
        if written.is_err() {
            // If that fails as well, it is tried again before the next attempt, and at the next start.
            let _ = self.cut();
        }
        written?;
        self.is_torn = false;
        self.bytes += blocks.len() as u64;
        Ok(())
    }

    /// Cuts off what an attempt left that failed.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.bytes)?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// Brings what was appended, up to a position, to the disk, and the name of a new segment.
    pub(super) fn sync(&mut self, folder: &Path, at: Position) -> io::Result<()> {
        self.file.sync_data()?;
        if self.is_new() {
            File::open(folder)?.sync_all()?;
        }
        self.synced = (self.bytes, at);
        Ok(())
    }

    /// Takes back what is not sure to be on the disk.
    pub(super) fn fall_back(&mut self) {
        (self.bytes, self.is_torn) = (self.synced.0, true);
    }

    /// Leaves what a write leaves that fails, where nothing can be cut off.
    #[cfg(test)]
    pub(super) fn tear(&mut self, part: &[u8]) {
        self.is_torn = true;
        let written = self.file.write_all_at(part, self.bytes);
        written.expect("there is room");
    }
}
