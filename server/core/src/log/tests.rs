//! Tests of the room log and its views.

use proptest::prelude::*;

use super::*;

const NOW: UnixSeconds = UnixSeconds(1_795_957_277);

fn read(view: &View, from: Position) -> Vec<u8> {
    let (mut at, mut all) = (from, Vec::new());
    while at < view.head() {
        let bytes = view.bytes(at, Position::END);
        all.extend_from_slice(bytes);
        at = at.plus(bytes.len());
    }
    all
}

#[test]
fn full_chunks_are_shared_and_released_when_they_leave_the_window() {
    let mut log = RoomLog::new(2 * CHUNK_BYTES);
    let (mut one, mut two) = (View::default(), View::default());
    let line = [vec![b'x'; 999], b"\n".to_vec()].concat();
    for _ in 0..1000 {
        log.append(&line, NOW).unwrap();
        one.catch_up(&log);
    }
    two.catch_up(&log);
    assert!(Arc::ptr_eq(&one.full[0], &two.full[0]));
    assert_eq!(
        Arc::strong_count(&one.full[0]),
        3,
        "one log and two views, no copy"
    );
    assert_eq!(one.start(), two.start());
    assert!(log.head().0 - one.start().0 < 3 * CHUNK_BYTES as u64);
    assert!(log.head().0 - one.start().0 >= 2 * CHUNK_BYTES as u64);
}

#[test]
fn new_bytes_come_in_one_piece_even_across_chunks() {
    let mut log = RoomLog::new(4 * CHUNK_BYTES);
    let mut view = View::default();
    log.append(
        &[vec![b'x'; CHUNK_BYTES - 11], b"\n".to_vec()].concat(),
        NOW,
    )
    .unwrap();
    view.catch_up(&log);
    let seen = log.append(b"before the end, and behind it\n", NOW).unwrap();
    view.catch_up(&log);
    assert_eq!(
        view.bytes(seen, Position::END),
        b"before the end, and behind it\n"
    );
    assert_eq!(view.bytes(seen.plus(1), Position::END), b"efore the");
}

#[test]
fn a_sealed_log_refuses_appends() {
    let mut log = RoomLog::new(CHUNK_BYTES);
    log.append(b"last\n", NOW).unwrap();
    log.seal();
    assert_eq!(
        (log.append(b"more\n", NOW), log.head()),
        (Err(Sealed), Position(5))
    );
}

#[test]
fn a_line_end_is_found_across_chunks() {
    let mut log = RoomLog::new(4 * CHUNK_BYTES);
    let line = [vec![b'x'; CHUNK_BYTES + 10], b"\n".to_vec()].concat();
    log.append(&line, NOW).unwrap();
    log.append(b"next\n", NOW).unwrap();
    let mut view = View::default();
    view.catch_up(&log);
    assert_eq!(
        view.line_end(Position(3)),
        Position(CHUNK_BYTES as u64 + 11)
    );
}

#[test]
fn lines_are_counted_between_any_two_positions() {
    let mut log = RoomLog::new(4 * CHUNK_BYTES);
    let mut view = View::default();
    log.append(b"one\n", NOW).unwrap();
    view.catch_up(&log);
    log.append(&b"0123456\n".repeat(CHUNK_BYTES / 8), NOW)
        .unwrap();
    view.catch_up(&log);
    let count = |from, to: Position| view.lines_between(Position(from), to);
    assert_eq!(count(4, view.head()), CHUNK_BYTES as u64 / 8);
    assert_eq!(count(0, view.head()), CHUNK_BYTES as u64 / 8 + 1);
    assert_eq!((count(3, Position(11)), count(4, Position(12))), (1, 1));
    assert_eq!(count(4, Position(4)), 0);
}

proptest! {
    #[test]
    fn a_view_shows_what_was_appended(
        appends in proptest::collection::vec((1usize..40_000, any::<bool>()), 1..60)) {
        let mut log = RoomLog::new(CHUNK_BYTES);
        let (mut view, mut model) = (View::default(), Vec::new());
        for (length, catches_up) in appends {
            let mut line = vec![b'a' + (length % 26) as u8; length];
            line.push(b'\n');
            prop_assert_eq!(log.append(&line, NOW).unwrap(), Position(model.len() as u64));
            model.extend_from_slice(&line);
            if catches_up {
                view.catch_up(&log);
                prop_assert_eq!(view.head(), log.head());
                prop_assert_eq!(&read(&view, view.start()), &model[view.start().0 as usize..]);
            }
        }
    }
}
