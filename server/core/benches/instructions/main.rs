//! Instruction counts of the pure parts, taken under Valgrind: the same on a busy machine as on an idle one.
//!
//! `scripts/bench check` runs this and compares the counts with `baseline.json`. The names of a bench and its case
//! together read as a sentence. Building the inputs and dropping the results is not counted. The cost of an
//! allocation depends on what was freed before, and even on the length of the program's path, so each benched value
//! has its final size already, or has done the same work once before.

#![expect(
    missing_docs,
    unreachable_pub,
    clippy::disallowed_types,
    reason = "the macros of gungraun expand to such code"
)]

mod cursor;
mod decoder;
mod log;
mod session;
mod text;

use gungraun::{library_benchmark_group, main};

use cursor::cursor_passes;
use decoder::decoder_takes;
use log::{log_appends, view_catches_up_with};
use session::session_hands_out;
use text::cleaning_lends_out;

/// A line of 64 bytes, its ending included.
const LINE: &[u8; 64] = b"MSG the quick brown fox jumps over the lazy dog and then sleeps\n";

library_benchmark_group!(
    name = instructions,
    benchmarks = [
        decoder_takes,
        cursor_passes,
        log_appends,
        view_catches_up_with,
        session_hands_out,
        cleaning_lends_out
    ]
);

main!(library_benchmark_groups = instructions);
