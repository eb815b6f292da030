//! What stands before the row that is being typed: the name, and a sign for the connection.

use std::borrow::Cow;
use std::sync::Arc;

use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use wac_core::name::Name;

use crate::app::Presence;
use crate::hub::Hub;

/// What is entered is sent.
const HERE: &str = "▸ ";
/// What is entered waits. All are as wide as [`HERE`], for the editor counts the columns of that.
const AWAY: &str = "⟳ ";
/// What is entered answers a question.
const ASKED: &str = "? ";

/// Returns the prompt of somebody who is connected.
pub(crate) fn of(name: &Name) -> String {
    format!("{name}{HERE}")
}

/// Draws the prompt whenever the row is drawn: the connection may have gone meanwhile.
#[derive(Debug)]
pub(crate) struct Prompt {
    hub: Arc<Hub>,
}

impl Prompt {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }
}

impl Highlighter for Prompt {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
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

impl Completer for Prompt {
    type Candidate = String;
}

impl Hinter for Prompt {
    type Hint = String;
}

impl Validator for Prompt {}

impl Helper for Prompt {}

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
