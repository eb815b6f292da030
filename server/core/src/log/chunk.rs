//! Chunk: a part of the room log, with the number of its lines and the times at which they were said.

use super::CHUNK_BYTES;
use crate::unix_time::UnixSeconds;

/// A part of the room log: full, or being filled.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// The number of lines that end before the chunk.
    pub(super) lines_before: u64,
    /// The seconds in which something was said, each with the place of its first byte. The first stands at the chunk's beginning.
    seconds: Vec<(u32, UnixSeconds)>,
}

impl Chunk {
    pub(super) fn begin(lines_before: u64, now: UnixSeconds) -> Self {
        Self {
            bytes: Vec::new(),
            lines_before,
            seconds: vec![(0, now)],
        }
    }

    /// Returns an empty chunk that follows a full one.
    pub(super) fn next(&self, lines: u64) -> Self {
        Self {
            bytes: Vec::with_capacity(CHUNK_BYTES),
            lines_before: lines,
            seconds: vec![(0, self.last_second())],
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == CHUNK_BYTES
    }

    /// Notes the time of what is appended next.
    pub(super) fn note_time(&mut self, now: UnixSeconds) {
        if self.last_second() != now {
            let at = u32::try_from(self.bytes.len()).expect("a chunk is short");
            self.seconds.push((at, now));
        }
    }

    /// Copies what another copy of the chunk has beyond this one.
    pub(super) fn catch_up(&mut self, ahead: &Self) {
        self.lines_before = ahead.lines_before;
        self.bytes
            .extend_from_slice(&ahead.bytes[self.bytes.len()..]);
        self.seconds
            .extend_from_slice(&ahead.seconds[self.seconds.len()..]);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.seconds.clear();
    }

    /// Returns the time at which the byte at a place was said, or, where there is none yet, the one before.
    pub(super) fn second_at(&self, place: usize) -> UnixSeconds {
        let after = self
            .seconds
            .partition_point(|&(at, _)| at as usize <= place);
        let before = after.checked_sub(1).and_then(|it| self.seconds.get(it));
        before.map(|&(_, second)| second).unwrap_or_default()
    }

    /// Returns the first place after another whose time has another value.
    pub(super) fn next_change<V: PartialEq>(
        &self,
        after: Option<usize>,
        from: &V,
        value: impl Fn(UnixSeconds) -> V,
    ) -> Option<usize> {
        // Nearly all chunks of a long past have one value.
        if after.is_none()
            && value(self.seconds[0].1) == *from
            && value(self.last_second()) == *from
        {
            return None;
        }
        let mut places = self.seconds.iter();
        let found = places.find(|&&(at, second)| {
            after.is_none_or(|after| at as usize > after) && value(second) != *from
        });
        found.map(|&(at, _)| at as usize)
    }

    fn last_second(&self) -> UnixSeconds {
        self.seconds
            .last()
            .map(|&(_, second)| second)
            .unwrap_or_default()
    }
}
