//! Where the threads meet: events go in, and what the app decides is performed at once, in order.
//!
//! Nothing here waits, for the thread that reads the socket comes through here.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use wac_core::name::Name;

use crate::app::{Action, App, Event};
use crate::exit::Ending;
use crate::outbox::{Full, Outbox};
use crate::transcript::{Shown, Transcript};

/// What the thread of the input is to do next.
#[derive(Debug)]
pub(crate) enum Task {
    /// Ask for a name.
    Ask,
    /// Chat under this name.
    Chat(Name),
}

/// What the threads share.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Held while actions are performed, so that they take place in the order decided.
    app: Mutex<App>,
    pub(crate) transcript: Transcript,
    pub(crate) outbox: Outbox,
    /// At most one task for each answer to a login.
    tasks: Sender<Task>,
    endings: Sender<Ending>,
}

/// The ends that are read elsewhere.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) tasks: Receiver<Task>,
    pub(crate) endings: Receiver<Ending>,
}

impl Hub {
    pub(crate) fn new(app: App) -> (Self, Ends) {
        let (tasks, tasks_end) = mpsc::channel();
        let (endings, endings_end) = mpsc::channel();
        let hub = Self {
            app: Mutex::new(app),
            transcript: Transcript::default(),
            outbox: Outbox::default(),
            tasks,
            endings,
        };
        let ends = Ends {
            tasks: tasks_end,
            endings: endings_end,
        };
        (hub, ends)
    }

    /// Tells the app what has happened, and does what it decides.
    pub(crate) fn on(&self, event: Event<'_>) {
        let mut app = self.app.lock().unwrap_or_else(PoisonError::into_inner);
        for action in app.on(event) {
            if let Err(full) = self.perform(action) {
                // What belongs to this line is not shown as said, and what follows is not sent.
                self.tell(format!("not sent: {full}"));
                break;
            }
        }
    }

    /// Shows a word of our own.
    pub(crate) fn tell(&self, text: String) {
        self.transcript.push(Shown::Told(text));
    }

    /// Ends the run. The first cause wins, for the reader leaves with it.
    pub(crate) fn end(&self, ending: Ending) {
        // Where nobody waits any more, it is ending already.
        let _ = self.endings.send(ending);
    }

    fn perform(&self, action: Action) -> Result<(), Full> {
        match action {
            Action::Send(line) => return self.outbox.push(line),
            Action::Show(line) => self.transcript.push(Shown::Said(line)),
            Action::Tell(line) => self.tell(line),
            Action::Ask => self.assign(Task::Ask),
            Action::Chat(name) => self.assign(Task::Chat(name)),
            Action::End(ending) => self.end(ending),
        }
        Ok(())
    }

    fn assign(&self, task: Task) {
        // Where the input has ended, nobody can be asked: the end is on its way.
        let _ = self.tasks.send(task);
    }
}
