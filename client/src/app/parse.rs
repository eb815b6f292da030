//! Input parsing: one line, or a paste of several.

use std::str::FromStr;

use crate::app::commands::{self, SlashCommand, UnknownCommand, Verb};
use crate::app::settings::{BellLevel, TimeDisplay};

/// What an entered text asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// Each a message to everyone, in this order.
    Say(Vec<&'a str>),
    /// `/w`
    Whisper {
        /// To whom.
        to: &'a str,
        /// What.
        text: &'a str,
    },
    /// `/r`
    Reply(&'a str),
    /// `/who`, everybody or whose name holds a part.
    Who(Option<&'a str>),
    /// `/sec`
    Secret,
    /// `/send`
    Send,
    /// `/drop`
    Drop,
    /// `/reconnect`
    Reconnect,
    /// `/status`
    Status,
    /// `/last`, so many messages.
    Last(usize),
    /// `/grep`
    Grep(&'a str),
    /// `/mute`, somebody or nobody.
    Mute(Option<&'a str>),
    /// `/bell`, another or the same.
    Bell(Option<BellLevel>),
    /// `/time`
    Time(TimeDisplay),
    /// `/help`, of one command or all.
    Help(Option<&'static SlashCommand>),
    /// `/quit`
    Quit,
    /// The command wants other arguments.
    Incomplete(&'static SlashCommand),
    /// There is no such command.
    Unknown {
        /// As it was typed, without the slash.
        word: &'a str,
        /// Why it is none.
        why: UnknownCommand,
    },
}

impl<'a> Input<'a> {
    /// Reads what was entered. Of a paste, every line that is not blank is a message's text, never a
    /// command: a text that was pasted is not obeyed.
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
    match commands::find(word) {
        Ok(command) => with_arguments(command, rest),
        Err(why) => Input::Unknown { word, why },
    }
}

fn with_arguments<'a>(command: &'static SlashCommand, rest: &'a str) -> Input<'a> {
    match command.verb {
        Verb::Whisper => whisper(command, rest),
        Verb::Help => help(rest),
        Verb::Reply if !rest.is_empty() => Input::Reply(rest),
        Verb::Grep if !rest.is_empty() => Input::Grep(rest),
        Verb::Last => last(command, rest),
        // No name has a blank in it.
        Verb::Who | Verb::Mute if rest.contains(char::is_whitespace) => Input::Incomplete(command),
        Verb::Who => Input::Who(Some(rest).filter(|part| !part.is_empty())),
        Verb::Mute => Input::Mute(Some(rest).filter(|name| !name.is_empty())),
        Verb::Bell if rest.is_empty() => Input::Bell(None),
        Verb::Bell => parsed(command, rest, |bell| Input::Bell(Some(bell))),
        Verb::Time => parsed(command, rest, Input::Time),
        Verb::Reply | Verb::Grep => Input::Incomplete(command),
        _ if !rest.is_empty() => Input::Incomplete(command),
        Verb::Secret => Input::Secret,
        Verb::Send => Input::Send,
        Verb::Drop => Input::Drop,
        Verb::Reconnect => Input::Reconnect,
        Verb::Status => Input::Status,
        Verb::Quit => Input::Quit,
    }
}

fn whisper<'a>(command: &'static SlashCommand, rest: &'a str) -> Input<'a> {
    let (to, text) = split_word(rest);
    if text.is_empty() {
        Input::Incomplete(command)
    } else {
        Input::Whisper { to, text }
    }
}

fn last<'a>(command: &'static SlashCommand, rest: &'a str) -> Input<'a> {
    const USUAL: usize = 10;
    if rest.is_empty() {
        return Input::Last(USUAL);
    }
    parsed(command, rest, Input::Last)
}

/// Reads an argument, if it is one of those that are wanted.
fn parsed<'a, T: FromStr>(
    command: &'static SlashCommand,
    rest: &str,
    entry: impl Fn(T) -> Input<'a>,
) -> Input<'a> {
    rest.parse().map_or(Input::Incomplete(command), entry)
}

fn help(rest: &str) -> Input<'_> {
    let word = rest.strip_prefix('/').unwrap_or(rest);
    match commands::find(word) {
        _ if word.is_empty() => Input::Help(None),
        Ok(command) => Input::Help(Some(command)),
        Err(why) => Input::Unknown { word, why },
    }
}

/// Splits the first word off, and the blanks around the rest.
fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim())
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
        assert!(matches!(Input::parse("/w bob"), Input::Incomplete(_)));
        assert!(matches!(Input::parse("/w"), Input::Incomplete(_)));
    }

    #[test]
    fn commands_stand_alone() {
        assert_eq!(Input::parse("/who"), Input::Who(None));
        assert_eq!(Input::parse("/sec "), Input::Secret);
        assert_eq!(Input::parse(" /quit"), Input::Quit);
        assert!(matches!(Input::parse("/quit now"), Input::Incomplete(_)));
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
            assert!(
                matches!(Input::parse(wrong), Input::Incomplete(_)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn help_is_of_all_or_of_one() {
        assert_eq!(Input::parse("/help"), Input::Help(None));
        let Input::Help(Some(command)) = Input::parse("/h /wh") else {
            panic!("of one");
        };
        assert_eq!(command.verb, Verb::Who);
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
