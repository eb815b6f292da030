//! A person at a terminal that is only written to: lines are typed as the terminal itself edits
//! them, and what comes is written below, in words. For screen readers, and dumb terminals.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::Receiver;

use crate::app::Event;
use crate::exit::Ending;
use crate::hub::{Hub, Row, Task};
use crate::input::next_line;
use crate::line::Shown;
use crate::render::plain::Reader;

/// Enters a name when one is asked for, and once one may chat whatever is typed.
pub(crate) fn enter(mut input: impl BufRead, hub: &Hub, tasks: &Receiver<Task>) {
    for task in tasks {
        let entered = match task {
            Task::Ask => enter_one(&mut input, hub),
            Task::Chat(_) => enter_all(&mut input, hub),
        };
        match entered {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                return hub.end(Ending::Failed(format!("cannot read the terminal: {error}")));
            }
        }
    }
}

/// Enters a line, or its end; returns whether more may come. A terminal may be read on behind its
/// end, which is a key.
fn enter_one(input: &mut impl BufRead, hub: &Hub) -> io::Result<bool> {
    let Some(line) = next_line(input)? else {
        return Ok(hub.input_ended() == Row::Kept);
    };
    hub.on(match &line {
        Ok(line) => Event::Entered(line),
        Err(why) => Event::Unusable(*why),
    });
    Ok(true)
}

fn enter_all(input: &mut impl BufRead, hub: &Hub) -> io::Result<bool> {
    while enter_one(input, hub)? {}
    Ok(false)
}

/// Writes a batch.
///
/// # Errors
/// Where the terminal takes no more.
pub(crate) fn print(
    reader: &mut Reader,
    batch: &[Shown],
    mut output: impl Write,
) -> io::Result<()> {
    for shown in batch {
        output.write_all(reader.render(shown).as_bytes())?;
    }
    output.flush()
}
