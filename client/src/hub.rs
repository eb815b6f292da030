//! Where the threads meet: events go in, and what the app decides is performed at once, in order.
//!
//! Nothing here waits, for the thread that reads the socket comes through here.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use wac_core::name::Name;

use crate::app::{Action, App, Event, Presence};
use crate::clock::Now;
use crate::exit::Ending;
use crate::line::{Chime, Line, Shown};
use crate::link::Link;
use crate::outbox::{Full, Outbox};
use crate::settings::TimeShown;
use crate::transcript::Transcript;

const ASK: &str = "type the name to chat under, and Enter";

/// What the thread of the input is to do next.
#[derive(Debug)]
pub(crate) enum Task {
    /// Ask for a name.
    Ask,
    /// Chat under this name.
    Chat(Name),
}

/// What becomes of a row that was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    /// It is empty.
    Cleared,
    /// It stays as it is.
    Kept,
}

/// What the threads share.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Held while actions are performed, so that they take place in the order decided.
    app: Mutex<App>,
    /// A tick is due earlier than it was.
    rescheduled: Condvar,
    /// The connection, while there is one.
    link: Mutex<Option<Arc<Link>>>,
    /// How the row is marked.
    presence: Mutex<Presence>,
    /// Where the time is shown.
    time: Mutex<TimeShown>,
    pub(crate) transcript: Transcript,
    /// What is to be logged, if anything is.
    pub(crate) log: Option<Transcript>,
    pub(crate) outbox: Outbox,
    /// At most one task for each answer to a login.
    tasks: Sender<Task>,
    /// At most one, for it is asked for once no connection is left.
    dials: Sender<()>,
    endings: Sender<Ending>,
}

/// The ends that are read elsewhere.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) tasks: Receiver<Task>,
    /// Each asks for a connection.
    pub(crate) dials: Receiver<()>,
    pub(crate) endings: Receiver<Ending>,
}

impl Hub {
    pub(crate) fn new(app: App, time: TimeShown, log: Option<Transcript>) -> (Self, Ends) {
        let (tasks, tasks_end) = mpsc::channel();
        let (dials, dials_end) = mpsc::channel();
        let (endings, endings_end) = mpsc::channel();
        let hub = Self {
            app: Mutex::new(app),
            rescheduled: Condvar::new(),
            link: Mutex::default(),
            presence: Mutex::new(Presence::Here),
            time: Mutex::new(time),
            transcript: Transcript::new("shown"),
            log,
            outbox: Outbox::default(),
            tasks,
            dials,
            endings,
        };
        let ends = Ends {
            tasks: tasks_end,
            dials: dials_end,
            endings: endings_end,
        };
        (hub, ends)
    }

    /// Tells the app what has happened, and does what it decides.
    pub(crate) fn on(&self, event: Event<'_>) {
        self.on_locked(&mut self.app(), event);
    }

    /// Tells the app what was entered; returns what becomes of the row.
    pub(crate) fn entered(&self, line: &str) -> Row {
        self.on_locked(&mut self.app(), Event::Entered(line))
    }

    /// Tells the app that the input has ended; returns whether the row stays, for one does not leave
    /// yet.
    pub(crate) fn input_ended(&self) -> Row {
        self.on_locked(&mut self.app(), Event::InputEnded)
    }

    /// Returns what is to be said of what was never sent, once nothing more is.
    pub(crate) fn left_behind(&self) -> Option<String> {
        let app = self.app();
        app.left_behind(&self.outbox.take_unsent())
    }

    /// Tells whether a line answers a question.
    pub(crate) fn is_answer(&self, line: &str) -> bool {
        self.app().is_answer(line)
    }

    /// Returns what Tab puts before the cursor.
    pub(crate) fn complete(&self, before: &str) -> Option<String> {
        self.app().complete(before)
    }

    /// Returns what a command becomes once the space behind it is typed.
    pub(crate) fn freeze(&self, before: &str) -> Option<String> {
        self.app().freeze(before)
    }

    /// Tells of a connection that stands.
    pub(crate) fn connected(&self, link: &Arc<Link>) {
        let mut app = self.app();
        *self.link() = Some(link.clone());
        self.outbox.open();
        self.on_locked(&mut app, Event::Connected);
    }

    /// Tells of a connection that has ended, and of what it did not take any more.
    pub(crate) fn lost(&self, why: Option<String>) {
        let mut app = self.app();
        *self.link() = None;
        let unsent = self.outbox.take_unsent();
        self.on_locked(&mut app, Event::Lost { why, unsent });
    }

    /// Lets time pass, for ever.
    pub(crate) fn keep_time(&self) {
        let mut app = self.app();
        loop {
            let wait = app.due().saturating_sub(Now::read().elapsed);
            let waited = self.rescheduled.wait_timeout(app, wait);
            app = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.on_locked(&mut app, Event::Tick);
        }
    }

    /// Returns how the row is to be marked.
    pub(crate) fn presence(&self) -> Presence {
        *lock(&self.presence)
    }

    fn on_locked(&self, app: &mut App, event: Event<'_>) -> Row {
        let (due, now) = (app.due(), Now::read());
        let mut row = Row::Cleared;
        for action in app.on(event, now) {
            if action == Action::Keep {
                row = Row::Kept;
            }
            if let Err(full) = self.perform(action, now) {
                // What belongs to this line is not shown as said, and what follows is not sent.
                self.tell(format!("not sent: {full}"));
                break;
            }
        }
        if app.due() < due {
            self.rescheduled.notify_all();
        }
        row
    }

    /// Shows a word of our own.
    pub(crate) fn tell(&self, text: String) {
        self.show(Line::Told(text), Chime::Silent, Now::read());
    }

    /// Ends the run. The first cause wins, for the reader leaves with it.
    pub(crate) fn end(&self, ending: Ending) {
        // Where nobody waits any more, it is ending already.
        let _ = self.endings.send(ending);
    }

    fn show(&self, line: Line, chime: Chime, now: Now) {
        let shown = self.stamped(line, chime, now);
        if self.log.is_some() && shown.line.is_logged() {
            self.log(shown.clone());
        }
        self.transcript.push(shown);
    }

    fn log(&self, line: Shown) {
        if let Some(log) = &self.log {
            log.push(line);
        }
    }

    fn stamped(&self, line: Line, chime: Chime, now: Now) -> Shown {
        let (at, time) = (now.local, *lock(&self.time));
        Shown {
            at,
            time,
            chime,
            line,
        }
    }

    fn perform(&self, action: Action, now: Now) -> Result<(), Full> {
        match action {
            Action::Send(line) => return self.outbox.push(line),
            Action::Show(line) => self.show(line, Chime::Silent, now),
            Action::Ring(line) => self.show(line, Chime::Rings, now),
            Action::Log(line) => self.log(self.stamped(line, Chime::Silent, now)),
            Action::Tell(text) => self.show(Line::Told(text), Chime::Silent, now),
            Action::Ask => {
                self.show(Line::Told(ASK.into()), Chime::Silent, now);
                self.assign(Task::Ask);
            }
            Action::Chat(name) => self.assign(Task::Chat(name)),
            Action::Mark(presence) => *lock(&self.presence) = presence,
            Action::Time(time) => *lock(&self.time) = time,
            // It is told to whoever told what was entered.
            Action::Keep => {}
            Action::Dial => self.dial(),
            Action::HangUp => self.hang_up(),
            Action::End(ending) => self.end(ending),
        }
        Ok(())
    }

    fn assign(&self, task: Task) {
        // Where the input has ended, nobody can be asked: the end is on its way.
        let _ = self.tasks.send(task);
    }

    fn dial(&self) {
        // Where nobody dials any more, it is ending already.
        let _ = self.dials.send(());
    }

    /// Ends the connection under the threads that wait for it.
    fn hang_up(&self) {
        if let Some(link) = &*self.link() {
            link.shut_down();
        }
    }

    fn app(&self) -> MutexGuard<'_, App> {
        lock(&self.app)
    }

    fn link(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        lock(&self.link)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
