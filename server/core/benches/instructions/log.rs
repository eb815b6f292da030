//! Room log: appending to it, and following it with a view.

use gungraun::library_benchmark;
use wac_core::log::{CHUNK_BYTES, RoomLog, View};
use wac_core::unix_time::UnixSeconds;

use crate::LINE;

const LINES_IN_A_CHUNK: usize = CHUNK_BYTES / LINE.len();

// The window is two chunks, so that the first ones leave it.
#[library_benchmark]
#[bench::the_lines_of_four_chunks(RoomLog::new(2 * CHUNK_BYTES), 4 * LINES_IN_A_CHUNK)]
pub fn log_appends(mut log: RoomLog, lines: usize) -> RoomLog {
    append(&mut log, lines);
    log
}

#[library_benchmark]
#[bench::sixteen_lines(followed_and_appended(16))]
#[bench::the_lines_of_three_chunks(followed_and_appended(3 * LINES_IN_A_CHUNK))]
pub fn view_catches_up_with((mut view, log): (View, RoomLog)) -> (View, RoomLog) {
    view.catch_up(&log);
    (view, log)
}

/// Returns a view that has followed a log into its second chunk, and so has its final size, and the log with
/// `lines` more lines.
fn followed_and_appended(lines: usize) -> (View, RoomLog) {
    let mut log = RoomLog::new(1 << 20);
    let mut view = View::default();
    for _ in 0..=LINES_IN_A_CHUNK {
        append(&mut log, 1);
        view.catch_up(&log);
    }
    append(&mut log, lines);
    (view, log)
}

fn append(log: &mut RoomLog, lines: usize) {
    for _ in 0..lines {
        log.append(LINE, UnixSeconds::default())
            .expect("it is not sealed");
    }
}
