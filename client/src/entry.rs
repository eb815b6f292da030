//! What a person has entered: one line, or a paste of several.

use std::str::FromStr;

use crate::commands::{self, Command, Unknown, Verb};
use crate::settings::{Bell, TimeShown};

/// What an entered text asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry<'a> {
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
    Bell(Option<Bell>),
    /// `/time`
    Time(TimeShown),
    /// `/help`, of one command or all.
    Help(Option<&'static Command>),
    /// `/quit`
    Quit,
    /// The command wants other arguments.
    Incomplete(&'static Command),
    /// There is no such command.
    Unknown {
        /// As it was typed, without the slash.
        word: &'a str,
        /// Why it is none.
        why: Unknown,
    },
}

impl<'a> Entry<'a> {
    /// Reads what was entered. Of a paste, every line that is not blank is a message's text, never a
    /// command: a text that was pasted is not obeyed.
    pub fn parse(entered: &'a str) -> Self {
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

fn parse_command(command: &str) -> Entry<'_> {
    let (word, rest) = split_word(command);
    match commands::find(word) {
        Ok(command) => with_arguments(command, rest),
        Err(why) => Entry::Unknown { word, why },
    }
}

fn with_arguments<'a>(command: &'static Command, rest: &'a str) -> Entry<'a> {
    match command.verb {
        Verb::Whisper => whisper(command, rest),
        Verb::Help => help(rest),
        Verb::Reply if !rest.is_empty() => Entry::Reply(rest),
        Verb::Grep if !rest.is_empty() => Entry::Grep(rest),
        Verb::Last => last(command, rest),
        // No name has a blank in it.
        Verb::Who | Verb::Mute if rest.contains(char::is_whitespace) => Entry::Incomplete(command),
        Verb::Who => Entry::Who(Some(rest).filter(|part| !part.is_empty())),
        Verb::Mute => Entry::Mute(Some(rest).filter(|name| !name.is_empty())),
        Verb::Bell if rest.is_empty() => Entry::Bell(None),
        Verb::Bell => parsed(command, rest, |bell| Entry::Bell(Some(bell))),
        Verb::Time => parsed(command, rest, Entry::Time),
        Verb::Reply | Verb::Grep => Entry::Incomplete(command),
        _ if !rest.is_empty() => Entry::Incomplete(command),
        Verb::Secret => Entry::Secret,
        Verb::Send => Entry::Send,
        Verb::Drop => Entry::Drop,
        Verb::Reconnect => Entry::Reconnect,
        Verb::Status => Entry::Status,
        Verb::Quit => Entry::Quit,
    }
}

fn whisper<'a>(command: &'static Command, rest: &'a str) -> Entry<'a> {
    let (to, text) = split_word(rest);
    if text.is_empty() {
        Entry::Incomplete(command)
    } else {
        Entry::Whisper { to, text }
    }
}

fn last<'a>(command: &'static Command, rest: &'a str) -> Entry<'a> {
    const USUAL: usize = 10;
    if rest.is_empty() {
        return Entry::Last(USUAL);
    }
    parsed(command, rest, Entry::Last)
}

/// Reads an argument, if it is one of those that are wanted.
fn parsed<'a, T: FromStr>(
    command: &'static Command,
    rest: &str,
    entry: impl Fn(T) -> Entry<'a>,
) -> Entry<'a> {
    rest.parse().map_or(Entry::Incomplete(command), entry)
}

fn help(rest: &str) -> Entry<'_> {
    let word = rest.strip_prefix('/').unwrap_or(rest);
    match commands::find(word) {
        _ if word.is_empty() => Entry::Help(None),
        Ok(command) => Entry::Help(Some(command)),
        Err(why) => Entry::Unknown { word, why },
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
        assert_eq!(Entry::parse("hello"), Entry::Say(vec!["hello"]));
        assert_eq!(Entry::parse("  indented"), Entry::Say(vec!["  indented"]));
        assert_eq!(Entry::parse("W bob x"), Entry::Say(vec!["W bob x"]));
    }

    #[test]
    fn blanks_alone_say_nothing() {
        assert_eq!(Entry::parse(""), Entry::Say(vec![]));
        assert_eq!(Entry::parse(" \t\n \r\n"), Entry::Say(vec![]));
    }

    #[test]
    fn two_slashes_say_one() {
        assert_eq!(Entry::parse("//etc/hosts"), Entry::Say(vec!["/etc/hosts"]));
    }

    #[test]
    fn a_whisper_has_a_name_and_a_text() {
        let (to, text) = ("bob", "see you  there");
        assert_eq!(
            Entry::parse("/w bob see you  there"),
            Entry::Whisper { to, text }
        );
        assert_eq!(Entry::parse(" /W  bob x"), Entry::parse("/w  bob x"));
        assert!(matches!(Entry::parse("/w bob"), Entry::Incomplete(_)));
        assert!(matches!(Entry::parse("/w"), Entry::Incomplete(_)));
    }

    #[test]
    fn commands_stand_alone() {
        assert_eq!(Entry::parse("/who"), Entry::Who(None));
        assert_eq!(Entry::parse("/sec "), Entry::Secret);
        assert_eq!(Entry::parse(" /quit"), Entry::Quit);
        assert!(matches!(Entry::parse("/quit now"), Entry::Incomplete(_)));
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(Entry::parse("/r see you"), Entry::Reply("see you"));
        assert_eq!(Entry::parse("/last"), Entry::Last(10));
        assert_eq!(Entry::parse("/last 3"), Entry::Last(3));
        assert_eq!(Entry::parse("/grep a b"), Entry::Grep("a b"));
        assert_eq!(Entry::parse("/who bo"), Entry::Who(Some("bo")));
        assert_eq!(Entry::parse("/mute"), Entry::Mute(None));
        assert_eq!(Entry::parse("/mute bob"), Entry::Mute(Some("bob")));
        assert_eq!(Entry::parse("/bell"), Entry::Bell(None));
        assert_eq!(Entry::parse("/bell all"), Entry::Bell(Some(Bell::All)));
        assert_eq!(Entry::parse("/time each"), Entry::Time(TimeShown::Each));
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
                matches!(Entry::parse(wrong), Entry::Incomplete(_)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn help_is_of_all_or_of_one() {
        assert_eq!(Entry::parse("/help"), Entry::Help(None));
        let Entry::Help(Some(command)) = Entry::parse("/h /wh") else {
            panic!("of one");
        };
        assert_eq!(command.verb, Verb::Who);
    }

    #[test]
    fn an_unknown_command_is_no_message() {
        let Entry::Unknown { word, why } = Entry::parse("/hlep me") else {
            panic!("unknown");
        };
        assert_eq!((word, why), ("hlep", Unknown::Misspelled("help")));
    }

    #[test]
    fn every_line_of_a_paste_is_a_text() {
        let entry = Entry::parse("one\n/quit\r\n\n  W bob x\r//y\n");
        assert_eq!(entry, Entry::Say(vec!["one", "/quit", "  W bob x", "//y"]));
        assert_eq!(Entry::parse("/quit\n"), Entry::Say(vec!["/quit"]));
    }
}
