//! Input parsing: one line, or a paste of several.

use std::str::FromStr;

use super::{SlashCommand, UnknownCommand, find};
use crate::app::settings::{BellLevel, TimeDisplay};

/// The request that an entered text makes.
#[derive(Debug, PartialEq)]
pub(crate) enum Input<'a> {
    /// Each text is a message to everyone, in this order.
    Say(Vec<&'a str>),
    Whisper {
        to: &'a str,
        text: &'a str,
    },
    /// A whisper to the last whisperer.
    Reply(&'a str),
    /// `/who`, everyone or those whose name contains a part.
    Who(Option<&'a str>),
    Secret,
    Send,
    Drop,
    Reconnect,
    /// `/name`, for another login.
    Name(&'a str),
    Status,
    /// `/last`, this many messages.
    Last(usize),
    Grep(&'a str),
    /// `/mute`, of a person or the list.
    Mute(Option<&'a str>),
    /// `/bell`, to set the level or to show it.
    Bell(Option<BellLevel>),
    Time(TimeDisplay),
    Save,
    /// `/help`, for one command or all.
    Help(Option<&'static SlashCommand>),
    Quit,
    /// The arguments are not as the command describes them.
    Misused(&'static SlashCommand),
    Unknown {
        /// The word as it was typed, without the slash.
        word: &'a str,
        why: UnknownCommand,
    },
    /// `/help` for a word that names no command.
    UnknownHelp {
        word: &'a str,
        why: UnknownCommand,
    },
}

impl<'a> Input<'a> {
    /// Parses an entered text. Every line of a paste that is not blank is a message, never a command:
    /// a pasted text is not obeyed.
    pub(crate) fn parse(entered: &'a str) -> Self {
        if entered.contains(is_line_end) {
            let lines = entered.split(is_line_end);
            return Self::Say(lines.filter(|line| !line.trim().is_empty()).collect());
        }
        let typed = entered.trim_start();
        match typed.strip_prefix('/') {
            Some(literal) if literal.starts_with('/') => Self::Say(vec![literal]),
            Some(command) => parse_command(command),
            None if typed.is_empty() => Self::Say(Vec::new()),
            None => Self::Say(vec![entered]),
        }
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn parse_command(command: &str) -> Input<'_> {
    let (word, rest) = split_word(command);
    match find(word) {
        Ok(command) => (command.parse)(rest).unwrap_or(Input::Misused(command)),
        Err(why) => Input::Unknown { word, why },
    }
}

/// Splits the first word off, and trims the rest.
fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim())
}

/// `NAME TEXT`
pub(super) fn message_to(rest: &str) -> Option<(&str, &str)> {
    let (to, text) = split_word(rest);
    (!text.is_empty()).then_some((to, text))
}

/// `TEXT`
pub(super) fn text(rest: &str) -> Option<&str> {
    (!rest.is_empty()).then_some(rest)
}

/// `[WORD]`, as a part of a name, which has no blanks.
pub(super) fn one_word(rest: &str) -> Option<Option<&str>> {
    (!rest.contains(char::is_whitespace)).then(|| text(rest))
}

/// Nothing; returns `input`.
pub(super) fn no_argument<'a>(rest: &str, input: Input<'a>) -> Option<Input<'a>> {
    rest.is_empty().then_some(input)
}

/// `VALUE`
pub(super) fn value<T: FromStr>(rest: &str) -> Option<T> {
    rest.parse().ok()
}

/// `[VALUE]`
pub(super) fn optional<T: FromStr>(rest: &str) -> Option<Option<T>> {
    if rest.is_empty() {
        return Some(None);
    }
    value(rest).map(Some)
}

/// `[COMMAND]`, with or without its slash.
pub(super) fn help(rest: &str) -> Input<'_> {
    let word = rest.strip_prefix('/').unwrap_or(rest);
    match find(word) {
        _ if word.is_empty() => Input::Help(None),
        Ok(command) => Input::Help(Some(command)),
        Err(why) => Input::UnknownHelp { word, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_said_as_it_was_typed() {
        assert_eq!(Input::parse("hello"), Input::Say(vec!["hello"]));
        assert_eq!(Input::parse("  indented"), Input::Say(vec!["  indented"]));
        assert_eq!(Input::parse("W bob x"), Input::Say(vec!["W bob x"]));
    }

    #[test]
    fn blanks_alone_say_nothing() {
        assert_eq!(Input::parse(""), Input::Say(vec![]));
        assert_eq!(Input::parse(" \t\n \r\n"), Input::Say(vec![]));
    }

    #[test]
    fn two_slashes_say_one() {
        assert_eq!(Input::parse("//etc/hosts"), Input::Say(vec!["/etc/hosts"]));
    }

    #[test]
    fn a_whisper_has_a_name_and_a_text() {
        let (to, text) = ("bob", "see you  there");
        assert_eq!(
            Input::parse("/w bob see you  there"),
            Input::Whisper { to, text }
        );
        assert_eq!(Input::parse(" /W  bob x"), Input::parse("/w  bob x"));
        assert!(matches!(Input::parse("/w bob"), Input::Misused(_)));
        assert!(matches!(Input::parse("/w"), Input::Misused(_)));
    }

    #[test]
    fn commands_stand_alone() {
        assert_eq!(Input::parse("/who"), Input::Who(None));
        assert_eq!(Input::parse("/sec "), Input::Secret);
        assert_eq!(Input::parse(" /quit"), Input::Quit);
        assert!(matches!(Input::parse("/quit now"), Input::Misused(_)));
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(Input::parse("/r see you"), Input::Reply("see you"));
        assert_eq!(Input::parse("/last"), Input::Last(10));
        assert_eq!(Input::parse("/last 3"), Input::Last(3));
        assert_eq!(Input::parse("/grep a b"), Input::Grep("a b"));
        assert_eq!(Input::parse("/who bo"), Input::Who(Some("bo")));
        assert_eq!(Input::parse("/mute"), Input::Mute(None));
        assert_eq!(Input::parse("/mute bob"), Input::Mute(Some("bob")));
        assert_eq!(Input::parse("/bell"), Input::Bell(None));
        assert_eq!(Input::parse("/bell all"), Input::Bell(Some(BellLevel::All)));
        assert_eq!(Input::parse("/time each"), Input::Time(TimeDisplay::Each));
        for wrong in [
            "/r",
            "/who bob x",
            "/mute bob x",
            "/last x",
            "/grep",
            "/bell loud",
            "/time",
        ] {
            assert!(matches!(Input::parse(wrong), Input::Misused(_)), "{wrong}");
        }
    }

    #[test]
    fn help_is_of_all_or_of_one() {
        assert_eq!(Input::parse("/help"), Input::Help(None));
        let Input::Help(Some(command)) = Input::parse("/h /wh") else {
            panic!("of one");
        };
        assert_eq!(command.word, "who");
    }

    #[test]
    fn an_unknown_command_is_no_message() {
        let Input::Unknown { word, why } = Input::parse("/hlep me") else {
            panic!("unknown");
        };
        assert_eq!((word, why), ("hlep", UnknownCommand::Misspelled("help")));
    }

    #[test]
    fn every_line_of_a_paste_is_a_text() {
        let entry = Input::parse("one\n/quit\r\n\n  W bob x\r//y\n");
        assert_eq!(entry, Input::Say(vec!["one", "/quit", "  W bob x", "//y"]));
        assert_eq!(Input::parse("/quit\n"), Input::Say(vec!["/quit"]));
    }
}
