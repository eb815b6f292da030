//! Fuzz target of the journal.

use crate::journal::{Block, Fault, Head, Segment, write_span};
use crate::log::{Position, RoomLog, View};
use crate::mark::RoomId;
use crate::unix_time::UnixSeconds;

/// More than any input says.
const WINDOW_BYTES: usize = 1 << 20;

/// Reads any bytes as a segment, and has them written to one as lines of a room.
pub fn journal(bytes: &[u8]) {
    read_is_as_written(bytes);
    a_cut_leaves_whole_lines(bytes);
}

/// What is read as whole would be written as the same bytes.
fn read_is_as_written(bytes: &[u8]) {
    let Ok(mut segment) = Segment::begin(bytes) else {
        return;
    };
    let mut written = segment.head().to_line().into_bytes();
    while let Ok(Some(block)) = segment.next_block() {
        block.write(&mut written);
    }
    assert_eq!(written, bytes[..segment.whole_bytes()]);
}

/// A segment that is cut anywhere still has the whole lines before the cut, and no other.
fn a_cut_leaves_whole_lines(bytes: &[u8]) {
    let (cut, said) = bytes.split_at(bytes.len().min(2));
    let from = Position(cut.first().copied().unwrap_or_default().into());
    let mut log = RoomLog::beginning_at(from, WINDOW_BYTES, UnixSeconds(0));
    for line in said.split(|&byte| byte == b'\n') {
        let second = UnixSeconds(line.first().copied().unwrap_or_default().into());
        let line = [b"Ann: ", line, b"\r\n"].concat();
        log.append(&line, second).expect("nobody sealed it");
    }
    let mut view = View::default();
    view.catch_up(&log);
    let room = RoomId(7);
    let mut text = Head { room, from }.to_line().into_bytes();
    write_span(&view, from..view.head(), &mut text);
    let mut lines = Vec::new();
    view.copy(from..view.head(), &mut lines);
    assert_eq!(read(&text, from), lines);

    let cut = cut.last().map_or(0, |&cut| usize::from(cut) * 11) % text.len();
    let kept = read(&text[..cut], from);
    assert!(lines.starts_with(&kept) && (kept.is_empty() || kept.ends_with(b"\n")));
    let header_bytes = text.len() - lines.len();
    assert!(cut - kept.len() <= header_bytes + longest_line(&lines));
}

/// Returns the lines of a segment, which may be cut, and checks their positions.
fn read(bytes: &[u8], from: Position) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut take = |block: Block<'_>| {
        assert_eq!(block.at, from.plus(lines.len()));
        lines.extend_from_slice(block.lines);
    };
    let mut segment = match Segment::begin(bytes) {
        Ok(segment) => segment,
        Err(fault) => {
            assert_eq!(fault, Fault::NotBegun);
            return lines;
        }
    };
    loop {
        match segment.next_block() {
            Ok(Some(block)) => take(block),
            Ok(None) => return lines,
            Err(Fault::Torn(rest)) => {
                rest.into_iter().for_each(take);
                return lines;
            }
            Err(fault) => panic!("{fault:?}"),
        }
    }
}

fn longest_line(lines: &[u8]) -> usize {
    let lines = lines.split_inclusive(|&byte| byte == b'\n');
    lines.map(<[u8]>::len).max().unwrap_or_default()
}
