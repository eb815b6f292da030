//! Pipe mode: lines from standard input are entered, lines from the server printed.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::Receiver;

use crate::app::Event;
use crate::app::exit::ExitReason;
use crate::app::line::{Line, TranscriptLine};
use crate::io::hub::{Hub, Task};
use crate::io::input_lines::next_line;
use crate::terminal::render::sanitize;

/// Enters the input's lines, once one may chat. The input is held back while the server holds back.
pub(crate) fn enter(mut input: impl BufRead, hub: &Hub, tasks: &Receiver<Task>) {
    if !tasks.iter().any(|task| matches!(task, Task::Chat(_))) {
        return;
    }
    loop {
        hub.outbox.wait_for_room();
        match next_line(&mut input) {
            Ok(None) => return hub.on(Event::InputEnded),
            Ok(Some(Ok(line))) => hub.on(Event::Entered(&line)),
            Ok(Some(Err(why))) => hub.on(Event::InputError(why)),
            Err(error) => {
                return hub.end(ExitReason::Failed(format!(
                    "cannot read the input: {error}"
                )));
            }
        }
    }
}

/// Writes a batch: what is said to the output, our own words to standard error.
///
/// # Errors
/// Where the output takes no more.
pub(crate) fn print(batch: Vec<TranscriptLine>, mut output: impl Write) -> io::Result<()> {
    for of_batch in batch {
        match of_batch.line {
            Line::Note(text) | Line::Lost(text) => {
                output.flush()?;
                eprintln!("wac: {}", sanitize(&text));
            }
            Line::Wire(text) => writeln!(output, "{}", sanitize(&text))?,
            // The rest is for people: a program is given the server's own lines.
            _ => {}
        }
    }
    output.flush()
}
