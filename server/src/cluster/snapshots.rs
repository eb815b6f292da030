//! Snapshots on their way: a room is larger than a message of the brokers, so it goes in parts.

/// Bytes of a part: half of what NATS takes by default.
const PART_BYTES: usize = 512 << 10;
/// More parts than a room of 1 GiB has.
const MOST_PARTS: u32 = 4096;
const HEAD_BYTES: usize = 16;

/// Cuts a snapshot, which has a number of the sender's own, into parts.
pub(super) fn parts(number: u64, snapshot: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let count = snapshot.len().div_ceil(PART_BYTES).max(1);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let parts = snapshot.chunks(PART_BYTES).zip(0_u32..);
    parts.map(move |(part, index)| {
        let mut message = Vec::with_capacity(HEAD_BYTES + part.len());
        message.extend_from_slice(&number.to_le_bytes());
        message.extend_from_slice(&index.to_le_bytes());
        message.extend_from_slice(&count.to_le_bytes());
        message.extend_from_slice(part);
        message
    })
}

/// The parts of a snapshot that have come.
#[derive(Debug, Default)]
pub(super) struct Collected {
    number: u64,
    parts: Vec<Option<Vec<u8>>>,
}

impl Collected {
    /// Adds a part; returns the snapshot if it is whole. Of two on their way, the one that began later counts.
    pub(super) fn add(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let (head, part) = message.split_at_checked(HEAD_BYTES)?;
        let number = u64::from_le_bytes(head[..8].try_into().ok()?);
        let index = u32::from_le_bytes(head[8..12].try_into().ok()?);
        let count = u32::from_le_bytes(head[12..].try_into().ok()?);
        if count > MOST_PARTS || index >= count {
            return None;
        }
        if number != self.number || count as usize != self.parts.len() {
            if index > 0 {
                return None;
            }
            *self = Self {
                number,
                parts: vec![None; count as usize],
            };
        }
        self.parts[index as usize] = Some(part.to_vec());
        if self.parts.iter().any(Option::is_none) {
            return None;
        }
        let parts = std::mem::take(&mut self.parts);
        Some(parts.into_iter().flatten().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_whole_when_all_of_its_parts_have_come() {
        let snapshot: Vec<u8> = (0..PART_BYTES * 2 + 7).map(|n| n as u8).collect();
        let mut collected = Collected::default();
        let other: Vec<_> = parts(1, &snapshot).collect();
        assert_eq!(collected.add(&other[0]), None);
        let sent: Vec<_> = parts(2, &snapshot).collect();
        assert_eq!((sent.len(), collected.add(&sent[0])), (3, None));
        assert_eq!(collected.add(&other[1]), None);
        assert_eq!(collected.add(&sent[2]), None);
        assert_eq!(collected.add(&sent[1]), Some(snapshot));
        assert_eq!(collected.add(b"short"), None);
    }
}
