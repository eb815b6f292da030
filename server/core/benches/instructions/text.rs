//! Text cleaning.

use std::borrow::Cow;

use gungraun::library_benchmark;
use wac_core::text;

// Cleans a text in which there is nothing to remove.
#[library_benchmark]
#[bench::a_plain_ascii_line("the quick brown fox jumps over the lazy dog and then sleeps")]
pub fn cleaning_lends_out(line: &str) -> Cow<'_, str> {
    text::clean(line)
}
