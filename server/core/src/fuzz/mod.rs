//! Fuzz targets: functions of any bytes that panic where a promise is broken. `scripts/fuzz` searches for such bytes;
//! the seeds run as tests.

mod cluster;
mod decoder;
mod journal;
mod line;

use arbitrary::{Arbitrary, Unstructured};

use crate::{cursor, session};

pub use cluster::cluster;
pub use decoder::decoder;
pub use journal::journal;
pub use line::line;

/// Lets sessions of a room send commands, read, come and go: the items of each are those that its commands demand,
/// and its bytes those that the room owes it.
pub fn session(bytes: &[u8]) {
    session::model::play(&read(bytes));
}

/// Lets a log grow and readers write, skip and lose bytes: each receives what a plain list holds for it.
pub fn cursor(bytes: &[u8]) {
    cursor::model::play(&read(bytes));
}

/// Reads a value from any bytes: where they end, zeros follow.
fn read<'a, T: Arbitrary<'a>>(bytes: &'a [u8]) -> T {
    let value = Unstructured::new(bytes).arbitrary();
    value.expect("no value asks for more than zeros")
}

#[cfg(test)]
#[path = "../../fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    use super::seeds::run;

    #[test]
    fn the_seeds_of_the_decoder_pass() {
        run("decoder", super::decoder);
    }

    #[test]
    fn the_seeds_of_the_session_pass() {
        run("session", super::session);
    }

    #[test]
    fn the_seeds_of_the_cursor_pass() {
        run("cursor", super::cursor);
    }

    #[test]
    fn the_seeds_of_the_lines_pass() {
        run("line", super::line);
    }

    #[test]
    fn the_seeds_of_the_cluster_pass() {
        run("cluster", super::cluster);
    }

    #[test]
    fn the_seeds_of_the_journal_pass() {
        run("journal", super::journal);
    }
}
