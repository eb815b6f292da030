//! Editor helper: draws the prompt (the name and a sign for the connection), and replaces the row
//! with another text, the cursor behind it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::Validator;
use rustyline::{Changeset, Context, Helper};
use wac_core::name::Name;

use crate::app::PromptState;
use crate::io::hub::Hub;
use crate::terminal::halt::Halt;

/// Entered text is sent.
const HERE: &str = "▸ ";
/// Entered text waits. All signs are as wide as [`HERE`], whose columns the editor counts.
const AWAY: &str = "⟳ ";
/// Entered text answers a question.
const ASKED: &str = "? ";

/// Returns the prompt shown while connected.
pub(crate) fn prompt(name: &Name) -> String {
    format!("{name}{HERE}")
}

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
#[derive(Debug)]
pub(crate) struct EditorHelper {
    hub: Arc<Hub>,
    replacement: Replacement,
    halt: Halt,
    /// The prompt as it was drawn last.
    prompt: RefCell<String>,
}

impl EditorHelper {
    pub(crate) fn new(hub: Arc<Hub>, replacement: Replacement, halt: Halt) -> Self {
        let prompt = RefCell::default();
        Self {
            hub,
            replacement,
            halt,
            prompt,
        }
    }

    /// Returns the prompt with the current sign: it is drawn with the row, and the connection may
    /// be gone by then.
    fn marked<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        let sign = match self.hub.prompt_state() {
            PromptState::Here => return Cow::Borrowed(prompt),
            PromptState::Away => AWAY,
            PromptState::Asked => ASKED,
        };
        match prompt.strip_suffix(HERE) {
            Some(name) => Cow::Owned(format!("{name}{sign}")),
            None => Cow::Borrowed(prompt),
        }
    }
}

/// Both are called before any part of the row is drawn.
impl Highlighter for EditorHelper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let marked = self.marked(prompt);
        self.prompt.replace(marked.clone().into_owned());
        marked
    }

    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        self.halt.reached(&self.prompt.borrow(), line);
        Cow::Borrowed(line)
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

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn all_signs_are_as_wide() {
        assert_eq!(HERE.width(), AWAY.width());
        assert_eq!(HERE.width(), ASKED.width());
    }
}
