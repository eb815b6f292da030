//! Line editor: the row that is being typed, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use rustyline::error::ReadlineError;
use rustyline::{ColorMode, CompletionType, Config, Editor, ExternalPrinter};
use wac_core::name::Name;

use crate::app::Event;
use crate::app::exit::ExitReason;
use crate::io::history_file::HistoryFile;
use crate::io::hub::{Hub, Task};
use crate::terminal::halt::Halt;
use crate::terminal::helper::{self, EditorHelper, Replacement};
use crate::terminal::keys::{self, KeyContext};
use crate::terminal::line_history::LineHistory;

/// The editor of the row.
pub(crate) struct LineEditor {
    editor: Editor<EditorHelper, LineHistory>,
    context: KeyContext,
}

/// The handle that prints above the row.
pub(crate) type LinePrinter = Box<dyn ExternalPrinter + Send>;

impl LineEditor {
    /// Takes the terminal over. At most one editor may exist at a time.
    ///
    /// # Errors
    /// Standard input is not a terminal, or it lacks what the editor needs.
    pub(crate) fn open(
        hub: Arc<Hub>,
        history: Option<HistoryFile>,
        halt: Halt,
    ) -> rustyline::Result<(Self, LinePrinter)> {
        let kept = history.as_ref().map(HistoryFile::load).unwrap_or_default();
        let context = KeyContext {
            hub,
            entered: LineHistory::new(kept),
            history,
            replacement: Replacement::default(),
            asking: Arc::default(),
        };
        // Colours are decided elsewhere: forced, the editor asks its helper every time.
        let config = Config::builder()
            .color_mode(ColorMode::Forced)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_history(config, context.entered.clone())?;
        let helper = EditorHelper::new(context.hub.clone(), context.replacement.clone(), halt);
        editor.set_helper(Some(helper));
        keys::bind(&mut editor, &context);
        let above = editor.create_external_printer()?;
        Ok((Self { editor, context }, Box::new(above)))
    }

    /// Carries out tasks until the client ends.
    pub(crate) fn run(mut self, tasks: Receiver<Task>) {
        for task in tasks {
            match task {
                Task::Ask => self.ask(),
                Task::Chat(name) => self.chat(&name),
            }
        }
    }

    fn ask(&mut self) {
        self.context.asking.store(true, Ordering::Relaxed);
        match self.editor.readline("name: ") {
            Ok(name) => self.context.hub.on(Event::Entered(name)),
            Err(error) => self.ended(&error),
        }
    }

    /// Edits until the terminal is gone. The key handlers take the lines out of the editor.
    fn chat(&mut self, name: &Name) {
        self.context.asking.store(false, Ordering::Relaxed);
        let prompt = helper::prompt(name);
        let error = loop {
            match self.editor.readline(&prompt) {
                Ok(line) => {
                    self.context.take(&line);
                }
                Err(error) => break error,
            }
        };
        self.ended(&error);
    }

    fn ended(&self, error: &ReadlineError) {
        match error {
            ReadlineError::Eof => self.context.hub.on(Event::InputEnded),
            error => self.context.hub.end(ExitReason::Failed(format!(
                "cannot read the terminal: {error}"
            ))),
        }
    }
}
