//! What the client says of its own.

use wac_core::name::NameError;

use crate::commands::{self, Command, Unknown};

pub(super) const NOT_TEXT: &str = "not sent: a line of the input is not UTF-8";
pub(super) const NAME_FIRST: &str = "the chat begins with a name; /quit or Ctrl-D leaves";
pub(super) const HOW_TO_LEAVE: &str = "Ctrl-D or /quit leaves";

pub(super) fn login_refused(why: &str) -> String {
    format!("login refused: {why}")
}

pub(super) fn not_a_name(text: &str, why: &NameError) -> String {
    format!("not a name: {text}: {why}")
}

pub(super) fn usage(command: &Command) -> String {
    format!("wanted: {}", command.usage())
}

/// The whole help, or one command's line of it.
pub(super) fn help(command: Option<&Command>) -> impl Iterator<Item = String> {
    let lines = match command {
        Some(command) => vec![command.explained()],
        None => commands::overview(),
    };
    lines.into_iter()
}

pub(super) fn unknown(word: &str, why: &Unknown) -> String {
    match why {
        Unknown::Ambiguous(words) => {
            format!("/{word} may be /{}; not sent", words.join(" or /"))
        }
        Unknown::Misspelled(meant) => {
            format!("no command /{word}, did you mean /{meant}? Not sent; //{word} says it")
        }
        Unknown::Nothing => format!(
            "no command /{word}; there are {}. Not sent; //{word} says it",
            all_commands()
        ),
    }
}

fn all_commands() -> String {
    let words = commands::COMMANDS
        .iter()
        .map(|command| format!("/{}", command.word));
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn too_long(excess_bytes: usize) -> String {
    format!("not sent: {excess_bytes} bytes too long; the Up key brings it back")
}

pub(super) fn lost(why: Option<String>) -> String {
    match why {
        None => "connection lost: the server has closed it".into(),
        Some(why) => format!("connection lost: {why}"),
    }
}
