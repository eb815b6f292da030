//! Takes batches off the transcript and prints them, on a thread of its own: a terminal takes its
//! time, and during Ctrl-R it takes nothing at all.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustyline::error::ReadlineError;

use crate::halt::Halt;
use crate::line::Shown;
use crate::render::look::Renderer;
use crate::screen::Above;
use crate::terminal;
use crate::transcript::Transcript;

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
    pen: Pen,
    unseen: Unseen,
    halt: Halt,
}

/// Draws the transcript; shared with the end, which writes what the screen does not show any more.
#[derive(Debug, Clone)]
pub(crate) struct Pen(Arc<Mutex<Renderer>>);

impl Pen {
    pub(crate) fn new(renderer: Renderer) -> Self {
        Self(Arc::new(Mutex::new(renderer)))
    }

    pub(crate) fn draw(&self, batch: &[Shown]) -> String {
        let mut renderer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renderer.fit(terminal::columns());
        batch.iter().map(|shown| renderer.render(shown)).collect()
    }
}

/// The batches that may not be on the screen yet: at most two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unseen(Arc<Mutex<VecDeque<String>>>);

/// Moves the cursor up a row and down again: prints nothing, but has to be taken like a batch.
const NUDGE: &str = "\x1b[A\n";

impl Printer {
    pub(crate) fn new(above: Above, pen: Pen, unseen: Unseen, halt: Halt) -> Self {
        Self {
            above,
            pen,
            unseen,
            halt,
        }
    }

    /// Prints a batch in one go, for each repaints the row. Waits until the one before is taken.
    pub(crate) fn print(&mut self, batch: &[Shown]) -> Result<(), ReadlineError> {
        let text = self.pen.draw(batch);
        self.unseen.lock(|unseen| unseen.push_back(text.clone()));
        self.above.print(text)?;
        // Whoever ends the client may have taken all of it meanwhile.
        self.unseen
            .lock(|unseen| unseen.drain(..unseen.len().saturating_sub(1)).count());
        Ok(())
    }

    /// Waits until everything is on the screen: once the second nudge is taken in, the first has been
    /// printed, and so has all before it. Then stops the editor, which may not take the third.
    pub(crate) fn settle(&mut self) -> Result<(), ReadlineError> {
        for _ in 0..2 {
            self.above.print(NUDGE.to_owned())?;
        }
        self.unseen.lock(VecDeque::clear);
        self.halt.ask();
        self.above.print(NUDGE.to_owned())
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

/// Tells whether nobody reads the output any more, which is no failure.
pub(crate) fn is_unread(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Chime, Line};
    use crate::render::look::Styles;
    use crate::settings::TimeShown;
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
        let pen = Pen::new(Renderer::new(Styles::Off));
        let (halt, _) = Halt::new();
        let mut printer = Printer::new(Box::new(Ending(unseen.clone())), pen, unseen.clone(), halt);
        let hello = Shown {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 0, 0),
            time: TimeShown::Off,
            chime: Chime::Silent,
            line: Line::Told("hello".to_owned()),
        };
        printer.print(&[hello]).unwrap();
        assert_eq!(unseen.take(), "");
    }
}
