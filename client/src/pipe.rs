//! Without a terminal: lines from standard input are entered, lines from the server printed.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::Receiver;

use crate::app::Event;
use crate::exit::Ending;
use crate::hub::{Hub, Task};
use crate::input::next_line;
use crate::line::{Line, Shown};
use crate::render::shown;

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
            Ok(Some(Err(why))) => hub.on(Event::Unusable(why)),
            Err(error) => {
                return hub.end(Ending::Failed(format!("cannot read the input: {error}")));
            }
        }
    }
}

/// Writes a batch: what is said to the output, our own words to standard error.
///
/// # Errors
/// Where the output takes no more.
pub(crate) fn print(batch: Vec<Shown>, mut output: impl Write) -> io::Result<()> {
    for of_batch in batch {
        match of_batch.line {
            Line::Told(text) | Line::Lost(text) => {
                output.flush()?;
                eprintln!("wac: {}", shown(&text));
            }
            Line::Wire(text) => writeln!(output, "{}", shown(&text))?,
            // The rest is for people: a program is given the server's own lines.
            _ => {}
        }
    }
    output.flush()
}
