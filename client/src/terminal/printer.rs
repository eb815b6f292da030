//! Printer: takes batches off the transcript and prints them, on a thread of its own. A terminal is
//! slow, and during Ctrl-R it accepts nothing at all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustyline::error::ReadlineError;

use crate::app::line::TranscriptLine;
use crate::io::transcript::Transcript;
use crate::terminal::editor::LinePrinter;
use crate::terminal::halt::Halt;
use crate::terminal::render::screen::ScreenRenderer;
use crate::terminal::tty;

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

/// Prints above the row, and remembers what may not be on the screen yet: the editor holds one
/// batch while it shows another, and shows neither when it stops.
pub(crate) struct Printer {
    above: LinePrinter,
    renderer: SharedRenderer,
    unseen: Unseen,
    halt: Halt,
}

/// The renderer, shared with the code that restores the terminal and writes the lines the screen
/// did not show.
#[derive(Debug, Clone)]
pub(crate) struct SharedRenderer(Arc<Mutex<ScreenRenderer>>);

impl SharedRenderer {
    pub(crate) fn new(renderer: ScreenRenderer) -> Self {
        Self(Arc::new(Mutex::new(renderer)))
    }

    pub(crate) fn draw(&self, batch: &[TranscriptLine]) -> String {
        let mut renderer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renderer.fit(tty::columns());
        batch.iter().map(|shown| renderer.render(shown)).collect()
    }
}

/// The batches that may not be on the screen yet: at most two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unseen(Arc<Mutex<VecDeque<String>>>);

/// Moves the cursor up a row and down again: prints nothing, but the editor has to take it like a
/// batch.
const NUDGE: &str = "\x1b[A\n";

impl Printer {
    pub(crate) fn new(
        above: LinePrinter,
        renderer: SharedRenderer,
        unseen: Unseen,
        halt: Halt,
    ) -> Self {
        Self {
            above,
            renderer,
            unseen,
            halt,
        }
    }

    /// Prints a batch in one call, since each call repaints the row. Blocks until the batch before
    /// is taken.
    pub(crate) fn print(&mut self, batch: &[TranscriptLine]) -> Result<(), ReadlineError> {
        let text = self.renderer.draw(batch);
        self.unseen.lock(|unseen| unseen.push_back(text.clone()));
        self.above.print(text)?;
        // The code that restores the terminal may have taken all of it meanwhile.
        self.unseen
            .lock(|unseen| unseen.drain(..unseen.len().saturating_sub(1)).count());
        Ok(())
    }

    /// Blocks until everything is on the screen: once the second nudge is taken, the first has been
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
    /// Takes the text that may not be on the screen.
    pub(crate) fn take(&self) -> String {
        self.lock(|unseen| unseen.drain(..).collect())
    }

    fn lock<T>(&self, with: impl FnOnce(&mut VecDeque<String>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::line::{Chime, Line};
    use crate::app::settings::TimeDisplay;
    use crate::terminal::render::screen::Styles;
    use rustyline::ExternalPrinter;

    /// A terminal that is restored while it is printed on.
    struct ClosingTerminal(Unseen);

    impl ExternalPrinter for ClosingTerminal {
        fn print(&mut self, text: String) -> rustyline::Result<()> {
            assert_eq!(self.0.take(), text);
            Ok(())
        }
    }

    #[test]
    fn what_is_being_printed_may_be_taken_by_the_end() {
        let unseen = Unseen::default();
        let renderer = SharedRenderer::new(ScreenRenderer::new(Styles::Off));
        let (halt, _) = Halt::new();
        let mut printer = Printer::new(
            Box::new(ClosingTerminal(unseen.clone())),
            renderer,
            unseen.clone(),
            halt,
        );
        let hello = TranscriptLine {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 0, 0),
            time: TimeDisplay::Off,
            chime: Chime::Silent,
            line: Line::Note("hello".to_owned()),
        };
        printer.print(&[hello]).unwrap();
        assert_eq!(unseen.take(), "");
    }
}
