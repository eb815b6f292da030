//! Line editor: the row that is being typed, on a thread of its own.

use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::{ColorMode, CompletionType, Config, Editor};

use crate::app::Event;
use crate::app::exit::ExitReason;
use crate::io::history_file::HistoryFile;
use crate::io::hub::{Hub, Task};
use crate::terminal::editor_input::EditorInput;
use crate::terminal::external_editor::ExternalEditor;
use crate::terminal::helper::{EditorHelper, Replacement};
use crate::terminal::keys::{self, KeyContext};
use crate::terminal::line_history::LineHistory;
use crate::terminal::painter::Painter;
use crate::terminal::row;

/// The editor of the row.
pub(crate) struct LineEditor {
    editor: Editor<EditorHelper, LineHistory>,
    context: KeyContext,
}

impl LineEditor {
    /// Edits standard input. At most one editor may exist at a time.
    ///
    /// # Errors
    /// Standard input is not a terminal, or it lacks what the editor needs.
    pub(super) fn open(
        hub: Arc<Hub>,
        painter: Arc<Painter>,
        input: EditorInput,
        history: Option<HistoryFile>,
    ) -> rustyline::Result<Self> {
        let kept = history.as_ref().map(HistoryFile::load).unwrap_or_default();
        let asking = Arc::default();
        let context = KeyContext {
            hub,
            painter,
            entered: LineHistory::new(kept, Arc::clone(&asking)),
            history,
            replacement: Replacement::default(),
            external_editor: ExternalEditor::of_user(|name| env::var(name).ok()),
            asking,
        };
        // Only where there are colours does the editor show its helper what it would draw.
        let config = Config::builder()
            .color_mode(ColorMode::Forced)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_history(config, context.entered.clone())?;
        let helper = EditorHelper::new(
            input,
            context.hub.clone(),
            context.painter.clone(),
            context.replacement.clone(),
        );
        editor.set_helper(Some(helper));
        // The painter does that; here it would be two writes more for each key.
        editor.enable_synchronized_output(false);
        keys::bind(&mut editor, &context);
        Ok(Self { editor, context })
    }

    /// Carries out tasks until the client ends.
    pub(crate) fn run(mut self, tasks: Receiver<Task>) {
        for task in tasks {
            match task {
                Task::Ask => self.ask(),
                // The keyboard takes it.
                Task::AskPassword => {}
                Task::Chat => self.chat(),
            }
        }
    }

    fn ask(&mut self) {
        self.context.asking.store(true, Ordering::Relaxed);
        match self.edit("name: ") {
            Ok(name) => {
                self.context.painter.leave_row();
                self.context.hub.on(Event::Entered(name));
            }
            Err(error) => self.ended(&error),
        }
    }

    /// Edits until the terminal is gone. The key handlers take the lines out of the editor.
    fn chat(&mut self) {
        self.context.asking.store(false, Ordering::Relaxed);
        let error = loop {
            match self.edit(row::CHAT) {
                Ok(line) => {
                    self.context.take(&line);
                }
                Err(error) => break error,
            }
        };
        self.ended(&error);
    }

    fn edit(&mut self, prompt: &str) -> rustyline::Result<String> {
        if let Some(helper) = self.editor.helper() {
            helper.begin()?;
        }
        self.editor.readline(prompt)
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
