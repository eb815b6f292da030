//! Pipe mode: lines from standard input are entered, lines from the server printed.

use std::io::{self, BufRead, BufWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::app::Event;
use crate::app::exit::ExitReason;
use crate::app::line::{Line, TranscriptLine};
use crate::io::hub::{Hub, Task};
use crate::io::input_lines::InputLines;
use crate::io::unread;
use crate::terminal::printer;
use crate::terminal::render::sanitize;
use crate::terminal::ui::{self, OpenUi, Ui};

/// The interface of a program: plain lines on standard output, no questions.
pub(crate) struct PipeUi;

impl Ui for PipeUi {
    fn open(self: Box<Self>, hub: &Arc<Hub>) -> rustyline::Result<OpenUi> {
        let ended = hub.clone();
        unread::watch(io::stdout(), move || ended.on(Event::OutputClosed));
        let output = |batch| print(batch, BufWriter::new(io::stdout().lock()));
        Ok(OpenUi {
            print: Box::new(move |hub| printer::run(&hub.transcript, output)),
            read: Box::new(|hub, tasks| enter(io::stdin().lock(), hub, &tasks)),
            close: Box::new(ui::wait_until_printed),
        })
    }
}

/// Enters the lines of the input once the login has succeeded. The input is held back while the
/// server holds back.
fn enter(input: impl BufRead, hub: &Hub, tasks: &Receiver<Task>) {
    if !tasks.iter().any(|task| matches!(task, Task::Chat)) {
        return;
    }
    let mut lines = InputLines::new(input);
    loop {
        hub.outbox.wait_for_room();
        match lines.next() {
            Ok(None) => return hub.on(Event::InputEnded),
            Ok(Some(Ok(line))) => hub.on(Event::Entered(line)),
            Ok(Some(Err(why))) => hub.on(Event::InputError(why)),
            Err(error) => {
                return hub.end(ExitReason::Failed(format!(
                    "cannot read the input: {error}"
                )));
            }
        }
    }
}

/// Writes a batch: the server's lines to the output, the client's notes to standard error.
///
/// # Errors
/// The output accepts no more.
fn print(batch: Vec<TranscriptLine>, mut output: impl Write) -> io::Result<()> {
    for of_batch in batch {
        print_line(of_batch.line, &mut output)?;
    }
    output.flush()
}

/// Writes a line for a program; only notes are flushed.
///
/// # Errors
/// The output accepts no more.
pub(super) fn print_line(line: Line, output: &mut impl Write) -> io::Result<()> {
    match line {
        Line::Note(text) | Line::Lost(text) => {
            output.flush()?;
            eprintln!("wac: {}", sanitize(&text));
        }
        Line::Help(entry) => {
            output.flush()?;
            eprintln!("wac: {entry}");
        }
        Line::Output(text) => writeln!(output, "{text}")?,
        Line::Wire(text) => writeln!(output, "{}", sanitize(&text))?,
        // The rest is for people: a program gets the server's own lines.
        _ => {}
    }
    Ok(())
}
