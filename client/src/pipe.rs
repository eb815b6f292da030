//! Without a terminal: lines from standard input are entered, lines from the server printed.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::Receiver;

use wac_core::MAX_CLIENT_LINE_BYTES;

use crate::app::Event;
use crate::exit::Ending;
use crate::hub::{Hub, Task};
use crate::line::{Line, Shown};
use crate::render::shown;

/// A longer line is refused whole, whatever it says, and is not held whole: twice what can be sent.
const MAX_INPUT_BYTES: usize = 2 * MAX_CLIENT_LINE_BYTES;

/// Enters the input's lines, once one may chat. The input is held back while the server holds back.
pub(crate) fn enter(mut input: impl BufRead, hub: &Hub, tasks: &Receiver<Task>) {
    if !tasks.iter().any(|task| matches!(task, Task::Chat(_))) {
        return;
    }
    loop {
        hub.outbox.wait_for_room();
        match next_line(&mut input) {
            Ok(None) => return hub.on(Event::InputEnded),
            Ok(Some(line)) => {
                let line = line
                    .as_deref()
                    .map(|line| line.trim_end_matches(['\n', '\r']));
                hub.on(line.map_or(Event::NotText, Event::Entered));
            }
            Err(error) => {
                return hub.end(Ending::Failed(format!("cannot read the input: {error}")));
            }
        }
    }
}

/// Returns the next line, or none in it where it is not UTF-8, or none at all at the end. What is cut
/// from a line beyond the limit would be refused anyway.
pub(crate) fn next_line(input: &mut impl BufRead) -> io::Result<Option<Option<String>>> {
    let mut line = Vec::new();
    let limit = MAX_INPUT_BYTES as u64;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == MAX_INPUT_BYTES && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        line = line.escape_ascii().to_string().into_bytes();
    }
    Ok(Some(String::from_utf8(line).ok()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_the_last_needs_no_end() {
        let mut input = &b"one\n\xff\ntwo"[..];
        assert_eq!(next_line(&mut input).unwrap(), Some(Some("one\n".into())));
        assert_eq!(next_line(&mut input).unwrap(), Some(None));
        assert_eq!(next_line(&mut input).unwrap(), Some(Some("two".into())));
        assert_eq!(next_line(&mut input).unwrap(), None);
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_to_its_end() {
        let text = format!("{}\nnext\n", "x".repeat(10 * MAX_INPUT_BYTES));
        let mut input = text.as_bytes();
        let long = next_line(&mut input).unwrap().unwrap().unwrap();
        assert!((MAX_CLIENT_LINE_BYTES..=MAX_INPUT_BYTES).contains(&long.len()));
        assert_eq!(next_line(&mut input).unwrap(), Some(Some("next\n".into())));
    }
}
