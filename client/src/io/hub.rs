//! Hub: the meeting point of the threads. It passes events to the app and performs the actions the
//! app decides on, at once and in order.
//!
//! Nothing here blocks: the thread that reads the socket calls into it.

use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wac_core::name::Name;

use crate::app::event::First;
use crate::app::exit::ExitReason;
use crate::app::line::{Chime, Line, TranscriptLine};
use crate::app::settings::{Settings, TimeDisplay};
use crate::app::{Action, App, Event, PromptState, Unread};
use crate::io::connection::Connection;
use crate::io::outbox::{Full, Outbox};
use crate::io::transcript::Transcript;
use crate::protocol::clock::Now;

/// Time in which the signal of a key that was typed before the terminal was regained is noticed: 1 s.
const LATE: Duration = Duration::from_secs(1);

const ASK: &str = "type the name to chat under, and Enter";

/// A request to the thread that reads the input.
#[derive(Debug)]
pub(crate) enum Task {
    Ask,
    /// Read a password, where the keys are not watched.
    AskPassword,
    /// Edit messages.
    Chat,
}

/// The fate of the edited row after Enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowOutcome {
    Cleared,
    Kept,
}

/// Whose the terminal is.
#[derive(Debug, Default, Clone, Copy)]
enum Terminal {
    #[default]
    Ours,
    /// A program is being started for it, and will be given this signal.
    Lending(Option<Signal>),
    Lent(Pid),
    Regained(Instant),
}

/// The state the threads share.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Held while actions are performed, so that they happen in the order decided.
    app: Mutex<App>,
    /// Signalled when the next tick is due earlier than before.
    rescheduled: Condvar,
    connection: Mutex<Option<Arc<Connection>>>,
    prompt_state: Mutex<PromptState>,
    /// The name of a user who chats.
    name: Mutex<Option<Name>>,
    unread: Mutex<Unread>,
    /// A notification that the terminal is to show.
    notification: Mutex<Option<String>>,
    time: Mutex<TimeDisplay>,
    terminal: Mutex<Terminal>,
    pub(crate) transcript: Transcript,
    /// The lines to be logged, if there is a log.
    pub(crate) log: Option<Transcript>,
    pub(crate) outbox: Outbox,
    tasks: Sender<Task>,
    /// At most one is pending: it is requested when no connection is left.
    dials: Sender<First>,
    /// Nothing is saved any more without it.
    saves: Mutex<Option<Sender<Settings>>>,
    /// It holds none: what comes while another is passed on is dropped.
    notifications: SyncSender<String>,
    exits: Sender<ExitReason>,
}

/// The receiving ends of the hub's channels.
#[derive(Debug)]
pub(crate) struct HubReceivers {
    pub(crate) tasks: Receiver<Task>,
    /// Each item requests a connection, to this server first.
    pub(crate) dials: Receiver<First>,
    /// Settings to be saved.
    pub(crate) saves: Receiver<Settings>,
    pub(crate) notifications: Receiver<String>,
    pub(crate) exits: Receiver<ExitReason>,
}

impl Hub {
    pub(crate) fn new(
        app: App,
        time: TimeDisplay,
        log: Option<Transcript>,
    ) -> (Self, HubReceivers) {
        let (tasks, tasks_end) = mpsc::channel();
        let (dials, dials_end) = mpsc::channel();
        let (saves, saves_end) = mpsc::channel();
        let (notifications, notifications_end) = mpsc::sync_channel(0);
        let (exits, exits_end) = mpsc::channel();
        let hub = Self {
            app: Mutex::new(app),
            rescheduled: Condvar::new(),
            connection: Mutex::default(),
            prompt_state: Mutex::new(PromptState::Here),
            name: Mutex::default(),
            unread: Mutex::default(),
            notification: Mutex::default(),
            time: Mutex::new(time),
            terminal: Mutex::default(),
            transcript: Transcript::new("shown"),
            log,
            outbox: Outbox::default(),
            tasks,
            dials,
            saves: Mutex::new(Some(saves)),
            notifications,
            exits,
        };
        let ends = HubReceivers {
            tasks: tasks_end,
            dials: dials_end,
            saves: saves_end,
            notifications: notifications_end,
            exits: exits_end,
        };
        (hub, ends)
    }

    /// Passes an event to the app and performs the actions it returns.
    pub(crate) fn on(&self, event: Event) {
        self.on_locked(&mut self.app(), event);
    }

    /// Passes an entered line to the app; returns the fate of the row.
    pub(crate) fn entered(&self, line: &str) -> RowOutcome {
        self.on_locked(&mut self.app(), Event::Entered(line.to_owned()))
    }

    /// Reports the end of the input to the app. The row is kept if the user does not leave yet.
    pub(crate) fn input_ended(&self) -> RowOutcome {
        self.on_locked(&mut self.app(), Event::InputEnded)
    }

    /// Returns a note about the lines that were never sent, if there are any. Called once nothing
    /// more is sent.
    pub(crate) fn left_behind(&self) -> Option<String> {
        let app = self.app();
        app.left_behind(&self.outbox.take_unsent())
    }

    /// Returns whether a line answers a pending question.
    pub(crate) fn is_answer(&self, line: &str) -> bool {
        self.app().is_answer(line)
    }

    /// Returns whether the login of a user who has given a name has not succeeded yet.
    pub(crate) fn waits_for_login(&self) -> bool {
        self.app().waits_for_login()
    }

    /// Returns the text that Tab puts before the cursor.
    pub(crate) fn complete(&self, before: &str) -> Option<String> {
        self.app().complete(before)
    }

    /// Returns the text that replaces a command when a space is typed after it.
    pub(crate) fn freeze(&self, before: &str) -> Option<String> {
        self.app().freeze(before)
    }

    /// Takes over an established connection and reports it to the app.
    pub(crate) fn connected(&self, connection: &Arc<Connection>) {
        let mut app = self.app();
        *self.connection() = Some(connection.clone());
        if let Some(note) = connection.note() {
            self.tell(note.to_owned());
        }
        self.outbox.open();
        self.on_locked(&mut app, connection.event());
    }

    /// Drops a connection that has ended, and reports it with the lines it did not accept.
    pub(crate) fn lost(&self, why: Option<String>) {
        let mut app = self.app();
        *self.connection() = None;
        let unsent = self.outbox.take_unsent();
        self.on_locked(&mut app, Event::Lost { why, unsent });
    }

    /// Sends the app a tick whenever one is due; never returns.
    pub(crate) fn keep_time(&self) {
        let mut app = self.app();
        loop {
            let wait = app.due().saturating_sub(Now::read().elapsed);
            let waited = self.rescheduled.wait_timeout(app, wait);
            app = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.on_locked(&mut app, Event::Tick);
        }
    }

    pub(crate) fn prompt_state(&self) -> PromptState {
        *lock(&self.prompt_state)
    }

    /// Returns the name of a user who chats.
    pub(crate) fn name(&self) -> Option<Name> {
        lock(&self.name).clone()
    }

    pub(crate) fn unread(&self) -> Unread {
        *lock(&self.unread)
    }

    /// Takes the notification that the terminal is to show.
    pub(crate) fn take_notification(&self) -> Option<String> {
        lock(&self.notification).take()
    }

    /// Has the terminal show a notification.
    pub(crate) fn post(&self, notification: String) {
        *lock(&self.notification) = Some(notification);
        self.transcript.redraw();
    }

    fn on_locked(&self, app: &mut App, event: Event) -> RowOutcome {
        let (due, now) = (app.due(), Now::read());
        let mut row = RowOutcome::Cleared;
        for action in app.on(event, now) {
            if action == Action::Keep {
                row = RowOutcome::Kept;
            }
            if let Err(full) = self.perform(action, now) {
                // The line is not shown as sent, and the actions after it are dropped.
                self.tell(format!("not sent: {full}"));
                break;
            }
        }
        if app.due() < due {
            self.rescheduled.notify_all();
        }
        row
    }

    /// Shows a note of the client.
    pub(crate) fn tell(&self, text: String) {
        self.show(Line::Note(text), Chime::Silent, Now::read());
    }

    /// Lets whoever saves the settings end once everything is saved.
    pub(crate) fn close_saves(&self) {
        lock(&self.saves).take();
    }

    /// Ends the run. The first reason wins: the main thread leaves with it.
    pub(crate) fn end(&self, reason: ExitReason) {
        // A receiver that is gone means that the run is ending already.
        let _ = self.exits.send(reason);
    }

    /// Ends the run for a signal, and the program that has the terminal with it. That program's keys
    /// are its own.
    pub(crate) fn signalled(&self, signal: Signal) {
        let is_key = matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
        let mut terminal = lock(&self.terminal);
        match &mut *terminal {
            Terminal::Lending(_) | Terminal::Lent(_) if is_key => return,
            Terminal::Regained(at) if is_key && at.elapsed() < LATE => return,
            Terminal::Lending(given) => *given = Some(signal),
            // The program may have ended.
            Terminal::Lent(guest) => drop(kill(*guest, signal)),
            _ => {}
        }
        self.end(ExitReason::Signal(signal as i32));
    }

    /// Leaves the terminal to a program that is about to be started.
    pub(crate) fn lend_terminal(&self) {
        *lock(&self.terminal) = Terminal::Lending(None);
    }

    /// Takes note of the program that has been started.
    pub(crate) fn lent_terminal(&self, guest: Pid) {
        let mut terminal = lock(&self.terminal);
        if let Terminal::Lending(Some(signal)) = *terminal {
            // It may have ended.
            let _ = kill(guest, signal);
        }
        *terminal = Terminal::Lent(guest);
    }

    pub(crate) fn regain_terminal(&self) {
        *lock(&self.terminal) = Terminal::Regained(Instant::now());
    }

    fn show(&self, line: Line, chime: Chime, now: Now) {
        let shown = self.stamped(line, chime, now);
        if self.log.is_some() && shown.line.is_logged() {
            self.log(shown.clone());
        }
        self.transcript.push(shown);
    }

    fn log(&self, line: TranscriptLine) {
        if let Some(log) = &self.log {
            log.push(line);
        }
    }

    fn stamped(&self, line: Line, chime: Chime, now: Now) -> TranscriptLine {
        let at = line.said_at().unwrap_or(now.local);
        let time = *lock(&self.time);
        TranscriptLine {
            at,
            time,
            chime,
            line,
        }
    }

    fn perform(&self, action: Action, now: Now) -> Result<(), Full> {
        match action {
            Action::Send(line) => return self.outbox.push(line),
            Action::LogIn(login) => return self.outbox.push(login.line()),
            Action::Show(line) => self.show(line, Chime::Silent, now),
            Action::Ring(line) => self.show(line, Chime::Rings, now),
            Action::Log(line) => self.log(self.stamped(line, Chime::Silent, now)),
            Action::Tell(text) => self.show(Line::Note(text), Chime::Silent, now),
            Action::Ask => {
                self.show(Line::Note(ASK.into()), Chime::Silent, now);
                self.assign(Task::Ask);
            }
            Action::Chat(name) => {
                let before = lock(&self.name).replace(name);
                match before {
                    None => self.assign(Task::Chat),
                    Some(_) => self.transcript.redraw(),
                }
            }
            Action::AskPassword => self.assign(Task::AskPassword),
            Action::Mark(prompt_state) => {
                *lock(&self.prompt_state) = prompt_state;
                self.transcript.redraw();
            }
            Action::CountUnread(unread) => {
                *lock(&self.unread) = unread;
                self.transcript.redraw();
            }
            Action::Notify(text) => {
                // Nobody may want it, or the one before may still be passed on.
                let _ = self.notifications.try_send(text);
            }
            Action::Time(time) => *lock(&self.time) = time,
            Action::Save(settings) => {
                if let Some(saves) = &*lock(&self.saves) {
                    // A receiver that is gone means that the run is ending already.
                    let _ = saves.send(settings);
                }
            }
            // `on_locked` returns the first to the caller; a chat's input is not read on request, and its place is kept in memory.
            Action::Keep | Action::Read | Action::KeepPlace(_) => {}
            Action::Dial(first) => self.dial(first),
            Action::HangUp => self.hang_up(),
            Action::End(reason) => self.end(reason),
        }
        Ok(())
    }

    fn assign(&self, task: Task) {
        // The input thread may have ended; then the run is ending too.
        let _ = self.tasks.send(task);
    }

    fn dial(&self, first: First) {
        // A receiver that is gone means that the run is ending already.
        let _ = self.dials.send(first);
    }

    /// Shuts the connection down; threads blocked on it return.
    fn hang_up(&self) {
        if let Some(connection) = &*self.connection() {
            connection.shut_down();
        }
    }

    fn app(&self) -> MutexGuard<'_, App> {
        lock(&self.app)
    }

    fn connection(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        lock(&self.connection)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
