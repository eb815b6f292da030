//! Takes batches off the transcript and prints them, on a thread of its own: a terminal takes its
//! time, and during Ctrl-R it takes nothing at all.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustyline::error::ReadlineError;

use crate::screen::Above;
use crate::transcript::{Shown, Transcript};

/// Prints batch by batch until the transcript is closed and empty.
///
/// # Errors
/// Where a batch cannot be printed.
pub(crate) fn run<E>(
    transcript: &Transcript,
    mut print: impl FnMut(Vec<Shown>) -> Result<(), E>,
) -> Result<(), E> {
    let mut last = Instant::now();
    while let Some(batch) = transcript.next_batch(last) {
        last = Instant::now();
        print(batch)?;
    }
    Ok(())
}

/// Prints above the row that is being typed, and remembers what may not be on the screen yet: the
/// editor takes one batch while it shows another, and its end shows neither.
pub(crate) struct Printer {
    above: Above,
    unseen: Unseen,
}

/// The batches that may not be on the screen yet: at most two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unseen(Arc<Mutex<VecDeque<String>>>);

/// Moves the cursor up a row and down again: prints nothing, but has to be taken like a batch.
const NUDGE: &str = "\x1b[A\n";

impl Printer {
    pub(crate) fn new(above: Above, unseen: Unseen) -> Self {
        Self { above, unseen }
    }

    /// Prints a batch in one go, for each repaints the row. Waits until the one before is taken.
    pub(crate) fn print(&mut self, batch: Vec<Shown>) -> Result<(), ReadlineError> {
        let text = written(batch);
        self.unseen.lock(|unseen| unseen.push_back(text.clone()));
        self.above.print(text)?;
        // Whoever ends the client may have taken all of it meanwhile.
        self.unseen
            .lock(|unseen| unseen.drain(..unseen.len().saturating_sub(1)).count());
        Ok(())
    }

    /// Waits until everything is on the screen: once the second nudge is taken in, the first has been
    /// printed, and so has all before it.
    pub(crate) fn settle(&mut self) -> Result<(), ReadlineError> {
        for _ in 0..2 {
            self.above.print(NUDGE.to_owned())?;
        }
        self.unseen.lock(VecDeque::clear);
        Ok(())
    }
}

impl Unseen {
    /// Takes what may not be on the screen.
    pub(crate) fn take(&self) -> String {
        self.lock(|unseen| unseen.drain(..).collect())
    }

    fn lock<T>(&self, with: impl FnOnce(&mut VecDeque<String>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes a batch as the screen shows it: our own words are marked.
pub(crate) fn written(batch: Vec<Shown>) -> String {
    let mut text = String::new();
    for line in batch {
        match line {
            Shown::Said(line) => text.extend([&line, "\n"]),
            Shown::Told(line) => text.extend(["# ", &line, "\n"]),
        }
    }
    text
}

/// Tells whether nobody reads the output any more, which is no failure.
pub(crate) fn is_unread(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustyline::ExternalPrinter;

    /// A terminal that is given back while it is printed on.
    struct Ending(Unseen);

    impl ExternalPrinter for Ending {
        fn print(&mut self, text: String) -> rustyline::Result<()> {
            assert_eq!(self.0.take(), text);
            Ok(())
        }
    }

    #[test]
    fn what_is_being_printed_may_be_taken_by_the_end() {
        let unseen = Unseen::default();
        let mut printer = Printer::new(Box::new(Ending(unseen.clone())), unseen.clone());
        printer
            .print(vec![Shown::Said("hello".to_owned())])
            .unwrap();
        assert_eq!(unseen.take(), "");
    }
}
