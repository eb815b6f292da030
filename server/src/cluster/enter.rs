//! Enter: the room that this server serves is replaced by the one that it joins.

use wac_core::journal::{Head, Segment, write_span};
use wac_core::log::{Position, RoomLog, View};
use wac_core::mark::RoomId;

use crate::room::shared::{Shared, unix_now};

/// Returns the lines of the window, as a segment.
pub(super) fn history_of(shared: &Shared, room: RoomId) -> Vec<u8> {
    let mut view = View::default();
    shared.with_room(|room| view.catch_up(&room.log));
    let span = view.first_line()..view.head();
    let from = span.start;
    let mut text = Head { room, from }.to_line().into_bytes();
    write_span(&view, span, &mut text);
    text
}

/// Returns a log that ends at a position with the lines of a segment. One that ends elsewhere, or is damaged, counts as empty.
pub(super) fn log_of(history: &[u8], head: Position, window_bytes: usize) -> RoomLog {
    let restored = restored(history, window_bytes).filter(|log| log.head() == head);
    let mut log = restored.unwrap_or_else(|| RoomLog::beginning_at(head, window_bytes, unix_now()));
    log.restored();
    log
}

fn restored(history: &[u8], window_bytes: usize) -> Option<RoomLog> {
    let mut segment = Segment::begin(history).ok()?;
    let from = segment.head().from;
    let mut log = RoomLog::beginning_at(from, window_bytes, unix_now());
    while let Some(block) = segment.next_block().ok()? {
        if log.lines() == 0 {
            log = RoomLog::beginning_at(from, window_bytes, block.second);
        }
        if log.head() != block.at {
            return None;
        }
        log.append(block.lines, block.second).ok()?;
    }
    Some(log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use wac_core::unix_time::UnixSeconds;

    #[test]
    fn a_room_is_the_same_on_the_node_that_joins_it() {
        let config = Config::of(&["--shards", "1", "--window", "64KiB"], 1024).unwrap();
        let shared = Shared::new(&config);
        let (room, origin) = (RoomId(7), Position(1_000_003));
        shared.with_room(|it| {
            it.log = RoomLog::beginning_at(origin, 64 << 10, UnixSeconds(5));
            for second in 10..4000 {
                let line = format!("Ann: {second}, and so on\r\n").into_bytes();
                it.log.append(&line, UnixSeconds(second)).unwrap();
            }
        });
        let head = shared.head();
        let log = log_of(&history_of(&shared, room), head, 64 << 10);
        let (mut one, mut other) = (View::default(), View::default());
        shared.with_room(|it| one.catch_up(&it.log));
        other.catch_up(&log);
        let from = one.first_line();
        assert_eq!((other.head(), other.first_line()), (head, from));
        let text = |view: &View| {
            let (mut at, mut text) = (from, Vec::new());
            while at < head {
                let piece = view.bytes(at, head);
                text.extend_from_slice(piece);
                at = at.plus(piece.len());
            }
            text
        };
        assert!(text(&one) == text(&other));
        for at in [from, Position(head.0 - 100), head] {
            assert_eq!(one.second_at(at), other.second_at(at));
        }
        let none = log_of(b"", head, 64 << 10);
        assert_eq!((none.head(), none.start()), (head, head));
    }
}
