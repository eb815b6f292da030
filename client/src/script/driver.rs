//! Driver of a [`Script`]: performs its actions on the socket, standard input and output.
//!
//! Two threads report what comes from the server and from the input, over one short queue; a third
//! writes to the server. Only the output may make the script wait.

use std::io::{self, BufRead, BufWriter, StdoutLock, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Script, pipe};
use crate::app::event::{Action, Event, First};
use crate::app::exit::ExitReason;
use crate::app::line::Line;
use crate::io::connection::Connection;
use crate::io::input_lines::InputLines;
use crate::io::line_reader;
use crate::io::outbox::Outbox;
use crate::io::place_file::PlaceFile;
use crate::io::servers::Servers;
use crate::io::unread;
use crate::protocol::catch_up::Progress;
use crate::protocol::clock::Now;

/// Capacity of the queue: the lines of one read of the socket are reported without a pause.
const QUEUE: usize = 64;

/// An event, or the reason why the input cannot be read.
type Report = Result<Event, io::Error>;

/// Runs a script to its end. Signals take their default effect: there is nothing to restore.
pub(crate) fn play(
    mut script: impl Script,
    servers: Servers,
    connection: Connection,
    input: impl BufRead + Send + 'static,
    place: Option<PlaceFile>,
) -> ExitReason {
    let played = Driver::open(servers, connection, input, place).play(&mut script);
    played.unwrap_or_else(|error| ExitReason::unwritten(&error))
}

struct Driver {
    servers: Arc<Servers>,
    connection: Arc<Connection>,
    outbox: Arc<Outbox>,
    /// The thread that writes to the server.
    sender: Option<JoinHandle<()>>,
    /// Reports what comes of a connection.
    reporter: SyncSender<Report>,
    /// The next connection, once it is reported.
    next_connection: Arc<Mutex<Option<Connection>>>,
    /// Requests the next line of the input.
    input: Sender<()>,
    reports: Receiver<Report>,
    output: BufWriter<StdoutLock<'static>>,
    place: Option<PlaceFile>,
    /// What is new about the place with the lines that are in the output's buffer.
    progress: Vec<Progress>,
}

impl Driver {
    /// Starts the threads.
    fn open(
        servers: Servers,
        connection: Connection,
        input: impl BufRead + Send + 'static,
        place: Option<PlaceFile>,
    ) -> Self {
        let (reporter, reports) = mpsc::sync_channel(QUEUE);
        let unread = reporter.clone();
        unread::watch(io::stdout(), move || {
            drop(unread.send(Ok(Event::OutputClosed)))
        });
        let (connection, outbox) = (Arc::new(connection), Arc::new(Outbox::default()));
        outbox.open();
        let input = spawn_input(input, outbox.clone(), reporter.clone());
        let sender = spawn_sender(&connection, &outbox);
        spawn_reader(&connection, &reporter);
        Self {
            servers: Arc::new(servers),
            connection,
            outbox,
            sender: Some(sender),
            reporter,
            next_connection: Arc::default(),
            input,
            reports,
            output: BufWriter::new(io::stdout().lock()),
            place,
            progress: Vec::new(),
        }
    }

    /// Runs the script.
    ///
    /// # Errors
    /// The output accepts no more.
    fn play(&mut self, script: &mut impl Script) -> io::Result<ExitReason> {
        let mut report = Ok(self.connection.event());
        loop {
            let event = match report {
                Ok(event) => event,
                Err(error) => {
                    let why = format!("cannot read the input: {error}");
                    return Ok(ExitReason::Failed(why));
                }
            };
            self.adopt(&event);
            for action in script.on(event, Now::read()) {
                if let Some(reason) = self.perform(action)? {
                    self.flush()?;
                    return Ok(reason);
                }
            }
            report = self.next(script)?;
        }
    }

    fn perform(&mut self, action: Action) -> io::Result<Option<ExitReason>> {
        match action {
            // The input is held back while the outbox is full, so only a probe finds no room, and the
            // lines that wait will show whether the server is there.
            Action::Send(line) => drop(self.outbox.push(line)),
            Action::LogIn(login) => drop(self.outbox.push(login.line())),
            Action::Show(line) | Action::Ring(line) => pipe::print_line(line, &mut self.output)?,
            Action::Tell(note) => pipe::print_line(Line::Note(note), &mut self.output)?,
            // The input thread ends with the input, which has been reported.
            Action::Read => drop(self.input.send(())),
            Action::KeepPlace(progress) => self.progress.push(progress),
            Action::HangUp => self.connection.shut_down(),
            Action::Dial(first) => self.dial(first),
            Action::End(reason) => return Ok(Some(reason)),
            // There is no row, no log and nobody who looks.
            Action::Ask
            | Action::AskPassword
            | Action::Chat(_)
            | Action::Mark(_)
            | Action::Keep => {}
            Action::Log(_) | Action::Time(_) | Action::Save(_) => {}
            Action::CountUnread(_) | Action::Notify(_) => {}
        }
        Ok(None)
    }

    /// Writes the output out, and then up to where it goes.
    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()?;
        if let Some(place) = &mut self.place {
            place.write(&self.progress)?;
        }
        self.progress.clear();
        Ok(())
    }

    /// Connects again. Nothing that waits is sent over the next connection: the script knows better.
    fn dial(&mut self, first: First) {
        let (servers, next) = (self.servers.clone(), self.next_connection.clone());
        let reporter = self.reporter.clone();
        thread::spawn(move || {
            let report = match servers.open(first) {
                Ok(connection) => {
                    let connected = connection.event();
                    *lock(&next) = Some(connection);
                    connected
                }
                Err(none) => Event::Unreachable(none.to_string()),
            };
            drop(reporter.send(Ok(report)));
        });
    }

    /// Takes over a connection that is reported.
    fn adopt(&mut self, event: &Event) {
        let next = lock(&self.next_connection).take_if(|_| matches!(event, Event::Connected(_)));
        let Some(connection) = next else { return };
        self.connection.shut_down();
        self.outbox.close();
        // The sender is gone before another can take what it left.
        _ = self.sender.take().map(JoinHandle::join);
        drop(self.outbox.take_unsent());
        self.outbox.open();
        self.connection = Arc::new(connection);
        self.sender = Some(spawn_sender(&self.connection, &self.outbox));
        spawn_reader(&self.connection, &self.reporter);
    }

    /// Waits for the next event. Output is buffered only as long as more events follow at once.
    fn next(&mut self, script: &impl Script) -> io::Result<Report> {
        let wait = script
            .due()
            .map(|due| due.saturating_sub(Now::read().elapsed));
        if wait.is_some_and(|wait| wait.is_zero()) {
            return Ok(Ok(Event::Tick));
        }
        if let Ok(report) = self.reports.try_recv() {
            return Ok(report);
        }
        self.flush()?;
        let report = match wait {
            Some(wait) => self.reports.recv_timeout(wait),
            None => self.reports.recv().map_err(RecvTimeoutError::from),
        };
        Ok(match report {
            Err(RecvTimeoutError::Timeout) => Ok(Event::Tick),
            report => report.expect("a script ends with the connection"),
        })
    }
}

fn spawn_sender(connection: &Arc<Connection>, outbox: &Arc<Outbox>) -> JoinHandle<()> {
    let (connection, outbox) = (connection.clone(), outbox.clone());
    thread::spawn(move || outbox.send_to(connection.writer()))
}

fn spawn_reader(connection: &Arc<Connection>, reporter: &SyncSender<Report>) {
    let (connection, reporter) = (connection.clone(), reporter.clone());
    thread::spawn(move || read(&connection, &reporter));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reports what comes from the server.
fn read(connection: &Connection, reports: &SyncSender<Report>) {
    // A receiver that is gone means that the script has ended.
    let report = |event| drop(reports.send(Ok(event)));
    let why = line_reader::read(connection.reader(), |line| {
        report(Event::Line(line.to_owned()));
    });
    let unsent = Vec::new();
    report(Event::Lost { why, unsent });
}

/// Reports a line of the input for each request, as soon as there is room to send it.
fn spawn_input(
    input: impl BufRead + Send + 'static,
    outbox: Arc<Outbox>,
    reports: SyncSender<Report>,
) -> Sender<()> {
    let (request, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = InputLines::new(input);
        for () in requests {
            outbox.wait_for_room();
            let report = lines.next().map(|line| match line {
                Some(Ok(line)) => Event::Entered(line),
                Some(Err(why)) => Event::InputError(why),
                None => Event::InputEnded,
            });
            if reports.send(report).is_err() {
                return;
            }
        }
    });
    request
}
