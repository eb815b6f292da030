//! Printer: takes batches off the transcript and prints them, on a thread of its own, for whatever is
//! printed to may be slow.

use std::time::Instant;

use crate::app::line::TranscriptLine;
use crate::io::transcript::Transcript;

/// Prints batch by batch until the transcript is closed and empty.
///
/// # Errors
/// A batch cannot be printed.
pub(crate) fn run<E>(
    transcript: &Transcript,
    mut print: impl FnMut(Vec<TranscriptLine>) -> Result<(), E>,
) -> Result<(), E> {
    let mut last = Instant::now();
    while let Some(batch) = transcript.next_batch(last) {
        last = Instant::now();
        print(batch)?;
    }
    Ok(())
}
