//! Plain mode, for screen readers and dumb terminals: the terminal's own line editing, and the
//! transcript in words, only ever appended.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use nix::sys::signal::Signal;

use crate::app::exit::ExitReason;
use crate::app::line::TranscriptLine;
use crate::app::{Event, PromptState};
use crate::io::hub::{Hub, RowOutcome, Task};
use crate::io::input_lines::InputLines;
use crate::protocol::password;
use crate::terminal::password::Echo;
use crate::terminal::printer;
use crate::terminal::render::plain::PlainRenderer;
use crate::terminal::tty;
use crate::terminal::ui::{self, OpenUi, Ui};

/// The interface of a terminal that is only appended to.
pub(crate) struct PlainUi;

impl Ui for PlainUi {
    fn open(self: Box<Self>, hub: &Arc<Hub>) -> rustyline::Result<OpenUi> {
        let mut renderer = PlainRenderer::default();
        let (echo, printing) = (Arc::new(Echo::default()), hub.clone());
        let restored = echo.clone();
        let output = move |batch: Vec<_>| {
            print(&mut renderer, &batch, io::stdout().lock())?;
            echo.follow(printing.prompt_state());
            Ok(())
        };
        Ok(OpenUi {
            print: Box::new(move |hub| {
                let printed = printer::run(&hub.transcript, output);
                // Whoever reads the input says what it means that the terminal is gone.
                let is_gone = tty::is_hung_up(&io::stdout());
                printed.or_else(|error| if is_gone { Ok(()) } else { Err(error) })
            }),
            read: Box::new(|hub, tasks| enter(io::stdin().lock(), hub, &tasks)),
            close: Box::new(move |hub, reason, printed| {
                ui::wait_until_printed(hub, reason, printed);
                restored.restore();
            }),
        })
    }
}

/// Reads a name when one is asked for, and every line once the login has succeeded.
fn enter(input: impl BufRead, hub: &Hub, tasks: &Receiver<Task>) {
    let mut lines = InputLines::new(input);
    for task in tasks {
        let entered = match task {
            Task::Ask | Task::AskPassword => enter_one(&mut lines, hub),
            Task::Chat => enter_all(&mut lines, hub),
        };
        match entered {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return hub.end(unreadable(&error)),
        }
    }
}

fn unreadable(error: &io::Error) -> ExitReason {
    if tty::is_hung_up(&io::stdin()) {
        ExitReason::Signal(Signal::SIGHUP as i32)
    } else {
        ExitReason::Failed(format!("cannot read the terminal: {error}"))
    }
}

/// Enters one line, or the end of the input; returns whether more may follow. A terminal can be
/// read past its end, since Ctrl-D is a key.
fn enter_one(lines: &mut InputLines<impl BufRead>, hub: &Hub) -> io::Result<bool> {
    let Some(line) = lines.next()? else {
        // A terminal that is gone ends its input, too.
        if tty::is_hung_up(&io::stdin()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        return Ok(hub.input_ended() == RowOutcome::Kept);
    };
    hub.on(match line {
        Ok(line) if hub.prompt_state() == PromptState::Password => {
            Event::Password(password::typed(&line))
        }
        Ok(line) => Event::Entered(line),
        Err(why) => Event::InputError(why),
    });
    Ok(true)
}

fn enter_all(lines: &mut InputLines<impl BufRead>, hub: &Hub) -> io::Result<bool> {
    while enter_one(lines, hub)? {}
    Ok(false)
}

fn print(
    renderer: &mut PlainRenderer,
    batch: &[TranscriptLine],
    mut output: impl Write,
) -> io::Result<()> {
    for shown in batch {
        output.write_all(renderer.render(shown).as_bytes())?;
    }
    output.flush()
}
