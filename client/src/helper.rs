//! Helps the editor: draws the prompt, the name and a sign for the connection, and puts something
//! else into the row, the cursor behind it.

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

use crate::app::Presence;
use crate::halt::Halt;
use crate::hub::Hub;

/// What is entered is sent.
const HERE: &str = "▸ ";
/// What is entered waits. All are as wide as [`HERE`], for the editor counts the columns of that.
const AWAY: &str = "⟳ ";
/// What is entered answers a question.
const ASKED: &str = "? ";

/// Returns the prompt of somebody who is connected.
pub(crate) fn prompt(name: &Name) -> String {
    format!("{name}{HERE}")
}

/// A line that is to take the place of the row. The editor's own command for that leaves the cursor
/// before it, but a completion has it behind: so it is brought as one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought(Arc<Mutex<Option<String>>>);

impl Brought {
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

/// The editor's helper.
#[derive(Debug)]
pub(crate) struct RowHelper {
    hub: Arc<Hub>,
    brought: Brought,
    halt: Halt,
    /// As it was drawn last.
    prompt: RefCell<String>,
}

impl RowHelper {
    pub(crate) fn new(hub: Arc<Hub>, brought: Brought, halt: Halt) -> Self {
        let prompt = RefCell::default();
        Self {
            hub,
            brought,
            halt,
            prompt,
        }
    }

    /// The prompt is drawn whenever the row is: the connection may have gone meanwhile.
    fn marked<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        let sign = match self.hub.presence() {
            Presence::Here => return Cow::Borrowed(prompt),
            Presence::Away => AWAY,
            Presence::Asked => ASKED,
        };
        match prompt.strip_suffix(HERE) {
            Some(name) => Cow::Owned(format!("{name}{sign}")),
            None => Cow::Borrowed(prompt),
        }
    }
}

/// Both are asked before anything of the row is drawn.
impl Highlighter for RowHelper {
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

/// There is one candidate at most, which the editor takes without asking for another key.
impl Completer for RowHelper {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..pos];
        let guess = self
            .brought
            .get()
            .or_else(|| self.hub.freeze(before))
            .or_else(|| self.hub.complete(before));
        Ok((0, guess.into_iter().collect()))
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, cl: &mut Changeset) {
        let end = match self.brought.take() {
            Some(_) => line.len(),
            None => line.pos(),
        };
        line.replace(start..end, elected, cl);
    }
}

impl Hinter for RowHelper {
    type Hint = String;
}

impl Validator for RowHelper {}

impl Helper for RowHelper {}

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
