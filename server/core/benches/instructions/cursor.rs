//! Cursor: gathering what comes next, and passing it.

use std::io::IoSlice;

use gungraun::library_benchmark;
use wac_core::cursor::{Cursor, Private};
use wac_core::log::{Position, RoomLog, View};
use wac_core::unix_time::UnixSeconds;

use crate::LINE;

/// As many slices as the server gathers for one write.
const SLICES: usize = 16;

/// The position of a detour: after the eighth of sixteen lines.
const MIDDLE: Position = Position(8 * LINE.len() as u64);

// Gathers and passes everything, as for a socket that takes it all.
#[library_benchmark]
#[bench::sixteen_lines_without_detours(reader(|_, _| {}))]
#[bench::sixteen_lines_one_of_them_its_own(reader(|cursor, _| _ = cursor.skip(MIDDLE, LINE.len())))]
#[bench::sixteen_lines_and_an_inserted_answer(reader(|cursor, view| {
    cursor.insert(MIDDLE, Private::Own(Box::from(*b"PONG\r\n")), view);
}))]
pub fn cursor_passes((mut cursor, view): (Cursor, View)) -> (Cursor, View) {
    loop {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = cursor.gather(&view, &mut slices, usize::MAX);
        let bytes = slices[..filled].iter().map(|slice| slice.len()).sum();
        cursor.advance(bytes, &view);
        if filled == 0 {
            return (cursor, view);
        }
    }
}

/// Returns a cursor with sixteen lines still to read and the detour that `detour` inserts.
fn reader(detour: impl FnOnce(&mut Cursor, &View)) -> (Cursor, View) {
    let mut log = RoomLog::new(1 << 20);
    log.append(&LINE.repeat(16), UnixSeconds::default())
        .expect("it is not sealed");
    let mut view = View::default();
    view.catch_up(&log);
    let mut cursor = Cursor::new(Position(0));
    detour(&mut cursor, &view);
    (cursor, view)
}
