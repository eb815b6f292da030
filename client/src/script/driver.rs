//! Driver of a [`Script`]: performs its actions on the socket, standard input and output, and the
//! clock.
//!
//! Two threads tell what comes, from the server and from the input, over one short queue; a third
//! writes to the server. Only the output may make the script wait.

use std::io::{self, BufRead, BufWriter, StdoutLock, Write};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::Instant;

use jiff::Timestamp;

use super::{Action, Event, Now, Script};
use crate::app::exit::ExitReason;
use crate::io::connection::Connection;
use crate::io::input_lines::next_line;
use crate::io::line_reader;
use crate::io::outbox::Outbox;
use crate::terminal::signals;

/// Events that may wait: what one read of the socket gives is told without a pause.
const QUEUE: usize = 64;

/// Plays a script to its end.
///
/// # Errors
/// Where it cannot begin.
pub(crate) fn play(
    mut script: impl Script,
    connection: Connection,
    input: impl BufRead + Send + 'static,
) -> io::Result<ExitReason> {
    // There is nothing to give back, and the output may be stuck: nothing to wait for.
    signals::watch(|signal| process::exit(ExitReason::Signal(signal).code().into()))?;
    let played = Driver::open(connection, input).play(&mut script);
    Ok(played.unwrap_or_else(|error| ExitReason::unwritten(&error)))
}

struct Driver {
    outbox: Arc<Outbox>,
    /// Asks for the next line of the input.
    input: Sender<()>,
    coming: Receiver<Event>,
    wake: Option<Instant>,
    output: BufWriter<StdoutLock<'static>>,
}

impl Driver {
    /// Starts the threads.
    fn open(connection: Connection, input: impl BufRead + Send + 'static) -> Self {
        let (events, coming) = mpsc::sync_channel(QUEUE);
        let outbox = Arc::new(Outbox::default());
        outbox.open();
        let input = spawn_input(input, outbox.clone(), events.clone());
        let (writing, connection) = (outbox.clone(), Arc::new(connection));
        let reading = connection.clone();
        thread::spawn(move || writing.send_to(&*connection));
        thread::spawn(move || read(&reading, &events));
        Self {
            outbox,
            input,
            coming,
            wake: None,
            output: BufWriter::new(io::stdout().lock()),
        }
    }

    /// # Errors
    /// Where the output takes no more.
    fn play(&mut self, script: &mut impl Script) -> io::Result<ExitReason> {
        let mut event = Event::Connected;
        loop {
            let now = Now {
                instant: Instant::now(),
                time: Timestamp::now(),
            };
            for action in script.on(event, now) {
                if let Some(reason) = self.perform(action)? {
                    self.output.flush()?;
                    return Ok(reason);
                }
            }
            event = self.next()?;
        }
    }

    fn perform(&mut self, action: Action) -> io::Result<Option<ExitReason>> {
        match action {
            // The input is held back while the outbox is full, so only a sign of life finds no room,
            // and what waits there is one.
            Action::Send(line) => drop(self.outbox.push(line)),
            Action::Print(line) => writeln!(self.output, "{line}")?,
            Action::Tell(line) => {
                self.output.flush()?;
                eprintln!("wac: {line}");
            }
            // Where the input has ended, it has said so.
            Action::Read => drop(self.input.send(())),
            Action::Wake(at) => self.wake = Some(at),
            Action::End(reason) => return Ok(Some(reason)),
        }
        Ok(None)
    }

    /// Waits for the next event. What is printed stays with us only as long as more comes at once.
    fn next(&mut self) -> io::Result<Event> {
        if self.wake.is_some_and(|at| at <= Instant::now()) {
            self.wake = None;
            return Ok(Event::Due);
        }
        if let Ok(event) = self.coming.try_recv() {
            return Ok(event);
        }
        self.output.flush()?;
        Ok(self.wait())
    }

    fn wait(&mut self) -> Event {
        let event = match self.wake {
            Some(at) => self
                .coming
                .recv_timeout(at.saturating_duration_since(Instant::now())),
            None => self.coming.recv().map_err(RecvTimeoutError::from),
        };
        match event {
            Err(RecvTimeoutError::Timeout) => {
                self.wake = None;
                Event::Due
            }
            event => event.expect("a script ends with the connection"),
        }
    }
}

/// Tells what comes from the server.
fn read(connection: &Connection, events: &SyncSender<Event>) {
    // Where nobody takes it, it is ending already.
    let tell = |event| drop(events.send(event));
    let why = line_reader::read(connection, |line| tell(Event::Line(line.to_owned())));
    tell(Event::Lost(why));
}

/// Tells of a line of the input whenever one is asked for, and there is room to send it.
fn spawn_input(
    mut input: impl BufRead + Send + 'static,
    outbox: Arc<Outbox>,
    events: SyncSender<Event>,
) -> Sender<()> {
    let (ask, asked) = mpsc::channel();
    thread::spawn(move || {
        for () in asked {
            outbox.wait_for_room();
            let event = match next_line(&mut input) {
                Ok(Some(Ok(line))) => Event::Input(line),
                Ok(Some(Err(why))) => Event::InputError(why),
                Ok(None) => Event::InputEnded,
                Err(error) => Event::InputFailed(error.to_string()),
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
    ask
}
