//! The person at the terminal: the row that is being typed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use rustyline::error::ReadlineError;
use rustyline::{ColorMode, CompletionType, Config, Editor, ExternalPrinter};
use wac_core::name::Name;

use crate::app::Event;
use crate::entered::Entered;
use crate::exit::Ending;
use crate::halt::Halt;
use crate::helper::{self, Brought, RowHelper};
use crate::history::History;
use crate::hub::{Hub, Task};
use crate::keys::{self, Desk};

/// Edits the row.
pub(crate) struct Screen {
    editor: Editor<RowHelper, Entered>,
    desk: Desk,
}

/// Prints above the row.
pub(crate) type Above = Box<dyn ExternalPrinter + Send>;

impl Screen {
    /// Takes the terminal; one at a time.
    ///
    /// # Errors
    /// Where it is none, or cannot do what an editor needs.
    pub(crate) fn open(
        hub: Arc<Hub>,
        history: Option<History>,
        halt: Halt,
    ) -> rustyline::Result<(Self, Above)> {
        let kept = history.as_ref().map(History::load).unwrap_or_default();
        let desk = Desk {
            hub,
            entered: Entered::new(kept),
            history,
            brought: Brought::default(),
            asking: Arc::default(),
        };
        // What is coloured is our own business: the editor is to ask each time.
        let config = Config::builder()
            .color_mode(ColorMode::Forced)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_history(config, desk.entered.clone())?;
        let helper = RowHelper::new(desk.hub.clone(), desk.brought.clone(), halt);
        editor.set_helper(Some(helper));
        keys::bind(&mut editor, &desk);
        let above = editor.create_external_printer()?;
        Ok((Self { editor, desk }, Box::new(above)))
    }

    /// Does what it is told, until the client ends.
    pub(crate) fn run(mut self, tasks: Receiver<Task>) {
        for task in tasks {
            match task {
                Task::Ask => self.ask(),
                Task::Chat(name) => self.chat(&name),
            }
        }
    }

    fn ask(&mut self) {
        self.desk.asking.store(true, Ordering::Relaxed);
        match self.editor.readline("name: ") {
            Ok(name) => self.desk.hub.on(Event::Entered(&name)),
            Err(error) => self.ended(&error),
        }
    }

    /// Edits until the terminal is gone: the keys take the lines out.
    fn chat(&mut self, name: &Name) {
        self.desk.asking.store(false, Ordering::Relaxed);
        let prompt = helper::prompt(name);
        let error = loop {
            match self.editor.readline(&prompt) {
                Ok(line) => {
                    self.desk.take(&line);
                }
                Err(error) => break error,
            }
        };
        self.ended(&error);
    }

    fn ended(&self, error: &ReadlineError) {
        match error {
            ReadlineError::Eof => self.desk.hub.on(Event::InputEnded),
            error => self
                .desk
                .hub
                .end(Ending::Failed(format!("cannot read the terminal: {error}"))),
        }
    }
}
