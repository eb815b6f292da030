//! Editor helper: shows the painter the row as it is edited, and replaces it with another text, the
//! cursor behind it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::Validator;
use rustyline::{Changeset, Context, Helper};

use crate::io::hub::Hub;
use crate::terminal::editor_input::EditorInput;
use crate::terminal::painter::Painter;
use crate::terminal::row::Row;

/// A text that is to replace the row. The editor's own command for that leaves the cursor in front
/// of it; a completion leaves it behind, so the text is delivered as one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replacement(Arc<Mutex<Option<String>>>);

impl Replacement {
    pub(crate) fn set(&self, line: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    fn get(&self) -> Option<String> {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.clone()
    }

    fn take(&self) -> Option<String> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.take()
    }
}

/// The helper that rustyline calls.
pub(super) struct EditorHelper {
    input: EditorInput,
    hub: Arc<Hub>,
    painter: Arc<Painter>,
    replacement: Replacement,
    /// The prompt of the row that is about to be drawn.
    prompt: RefCell<String>,
}

impl EditorHelper {
    pub(super) fn new(
        input: EditorInput,
        hub: Arc<Hub>,
        painter: Arc<Painter>,
        replacement: Replacement,
    ) -> Self {
        Self {
            input,
            hub,
            painter,
            replacement,
            prompt: RefCell::default(),
        }
    }

    /// Prepares for an edit that begins.
    ///
    /// # Errors
    /// The editor cannot be given a terminal.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.input.begin()
    }
}

/// Whatever changes, the editor asks for the prompt and then for the text, and would draw them: so
/// the painter learns of the row. By then it has set up its terminal.
impl Highlighter for EditorHelper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.input.pass_keys();
        self.prompt.replace(prompt.to_owned());
        Cow::Borrowed(prompt)
    }

    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        let (before, behind) = line.split_at(pos);
        self.painter.show_row(Row {
            prompt: self.prompt.borrow().clone(),
            before_cursor: before.to_owned(),
            behind_cursor: behind.to_owned(),
        });
        Cow::Borrowed(line)
    }

    /// Has the editor draw the whole row each time.
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

/// There is at most one candidate, which the editor takes without asking for another key.
impl Completer for EditorHelper {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..pos];
        let guess = self
            .replacement
            .get()
            .or_else(|| self.hub.freeze(before))
            .or_else(|| self.hub.complete(before));
        Ok((0, guess.into_iter().collect()))
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, cl: &mut Changeset) {
        let end = match self.replacement.take() {
            Some(_) => line.len(),
            None => line.pos(),
        };
        line.replace(start..end, elected, cl);
    }
}

impl Hinter for EditorHelper {
    type Hint = String;
}

impl Validator for EditorHelper {}

impl Helper for EditorHelper {}
