//! Refusals: the lines from the server that begin with `! ` and say why a command was not performed.

use std::fmt;

const NOT_LOGGED_IN: &str = "log in first: LIN <name>";
const NO_TEXT: &str = "nothing to send";
const TOO_LONG: &str = "line too long (limit 4096 bytes)";
const NOT_UTF_8: &str = "not valid UTF-8";
const PASSWORDS_ONLY: &str = "log in with your password: LIN <name> <password>";
const WRONG_PASSWORD: &str = "wrong name or password";

const NOT_A_COUNT: &str = "how many lines? HIST <1 to 1000>";
const NOT_A_MARK: &str = "not a mark of this room";
const NO_MARK: &str = "no mark now: the history is not being written; try later";

const LOGGED_IN: &str = "you are already ";
const NOT_A_NAME: &str = "not a name: ";
const THE_NAME: &str = "the name ";
const IS_TAKEN: &str = " is taken";
const IS_RESERVED: &str = " is reserved";
const NEEDS_PASSWORD: &str = " needs its password: LIN <name> <password>";
const NO_USER: &str = "no user named ";
const NOT_READING: &str = " is not reading, try later";
const UNKNOWN: &str = "unknown command ";
const SEE_HELP: &str = "; HELP lists them";

/// A refusal. It displays as the text after `! `.
///
/// The echoed part of the client's line has been cleaned and [cut](crate::text::cut).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// The command needs a login.
    NotLoggedIn,
    /// The connection has already logged in, under this name.
    AlreadyLoggedIn(&'a str),
    /// The requested name is not valid, and why.
    NotAName(&'a str),
    /// Somebody has the name, or one too similar.
    Taken(&'a str),
    /// The operator keeps the name.
    Reserved(&'a str),
    /// The name is registered, and no password was given.
    NeedsPassword(&'a str),
    /// The server lets in registered names alone, and no password was given.
    PasswordsOnly,
    /// The password is wrong, or the name is not registered.
    WrongPassword,
    /// Nobody of this name is online.
    NoSuchUser(&'a str),
    /// The addressee has too many unread whispers.
    NotReading(&'a str),
    /// There is no text to send.
    NoText,
    /// The line was too long.
    TooLong,
    /// The line was not UTF-8.
    NotUtf8,
    /// There is no such command.
    UnknownCommand(&'a str),
    /// What was asked for is no number of lines.
    NotACount,
    /// What was given is no mark, or the mark of another room.
    NotAMark,
    /// The room's history can't be written, and a mark may not point beyond it.
    NoMark,
    /// Anything else: a refusal of another version.
    Other(&'a str),
}

impl<'a> Refusal<'a> {
    /// Parses the text after `! `. The result displays as that text, whatever it is.
    pub fn parse(text: &'a str) -> Self {
        fixed(text)
            .or_else(|| Some(Self::AlreadyLoggedIn(text.strip_prefix(LOGGED_IN)?)))
            .or_else(|| Some(Self::NotAName(text.strip_prefix(NOT_A_NAME)?)))
            .or_else(|| Some(Self::Taken(between(text, THE_NAME, IS_TAKEN)?)))
            .or_else(|| Some(Self::Reserved(between(text, THE_NAME, IS_RESERVED)?)))
            .or_else(|| {
                Some(Self::NeedsPassword(between(
                    text,
                    THE_NAME,
                    NEEDS_PASSWORD,
                )?))
            })
            .or_else(|| Some(Self::NoSuchUser(text.strip_prefix(NO_USER)?)))
            .or_else(|| Some(Self::UnknownCommand(between(text, UNKNOWN, SEE_HELP)?)))
            .or_else(|| Some(Self::NotReading(between(text, "", NOT_READING)?)))
            .unwrap_or(Self::Other(text))
    }
}

fn fixed(text: &str) -> Option<Refusal<'_>> {
    Some(match text {
        NOT_LOGGED_IN => Refusal::NotLoggedIn,
        NO_TEXT => Refusal::NoText,
        TOO_LONG => Refusal::TooLong,
        NOT_UTF_8 => Refusal::NotUtf8,
        PASSWORDS_ONLY => Refusal::PasswordsOnly,
        WRONG_PASSWORD => Refusal::WrongPassword,
        NOT_A_COUNT => Refusal::NotACount,
        NOT_A_MARK => Refusal::NotAMark,
        NO_MARK => Refusal::NoMark,
        _ => return None,
    })
}

/// Returns the word between a prefix and a suffix.
fn between<'a>(text: &'a str, begins: &str, ends: &str) -> Option<&'a str> {
    let word = text.strip_prefix(begins)?.strip_suffix(ends)?;
    (!word.contains(' ')).then_some(word)
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotLoggedIn => f.write_str(NOT_LOGGED_IN),
            Self::AlreadyLoggedIn(name) => write!(f, "{LOGGED_IN}{name}"),
            Self::NotAName(why) => write!(f, "{NOT_A_NAME}{why}"),
            Self::Taken(name) => write!(f, "{THE_NAME}{name}{IS_TAKEN}"),
            Self::Reserved(name) => write!(f, "{THE_NAME}{name}{IS_RESERVED}"),
            Self::NeedsPassword(name) => write!(f, "{THE_NAME}{name}{NEEDS_PASSWORD}"),
            Self::PasswordsOnly => f.write_str(PASSWORDS_ONLY),
            Self::WrongPassword => f.write_str(WRONG_PASSWORD),
            Self::NoSuchUser(name) => write!(f, "{NO_USER}{name}"),
            Self::NotReading(name) => write!(f, "{name}{NOT_READING}"),
            Self::NoText => f.write_str(NO_TEXT),
            Self::TooLong => f.write_str(TOO_LONG),
            Self::NotUtf8 => f.write_str(NOT_UTF_8),
            Self::UnknownCommand(word) => write!(f, "{UNKNOWN}{word}{SEE_HELP}"),
            Self::NotACount => f.write_str(NOT_A_COUNT),
            Self::NotAMark => f.write_str(NOT_A_MARK),
            Self::NoMark => f.write_str(NO_MARK),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MAX_CLIENT_LINE_BYTES;
    use crate::wire::line::ServerLine;

    /// Returns a refusal of each kind.
    fn refusals<'a>(word: &'a str, text: &'a str) -> [Refusal<'a>; 17] {
        [
            Refusal::NotLoggedIn,
            Refusal::AlreadyLoggedIn(word),
            Refusal::NotAName(text),
            Refusal::Taken(word),
            Refusal::Reserved(word),
            Refusal::NeedsPassword(word),
            Refusal::PasswordsOnly,
            Refusal::WrongPassword,
            Refusal::NoSuchUser(text),
            Refusal::NotReading(word),
            Refusal::NoText,
            Refusal::TooLong,
            Refusal::NotUtf8,
            Refusal::NotACount,
            Refusal::NotAMark,
            Refusal::NoMark,
            Refusal::UnknownCommand(word),
        ]
    }

    proptest! {
        #[test]
        fn written_text_parses_back_to_the_same_value(word in "[^ \\pC]{1,32}", text in "\\PC{0,32}") {
            for refusal in refusals(&word, &text) {
                let bytes = ServerLine::Refusal(refusal).to_bytes();
                let line = std::str::from_utf8(&bytes).unwrap().strip_suffix("\r\n").unwrap();
                prop_assert_eq!(ServerLine::parse(line), ServerLine::Refusal(refusal));
            }
        }

        #[test]
        fn any_text_displays_as_it_was_parsed(
            text in "\\PC{0,40}|(the name )?[a-c ]{0,3}( is (taken|reserved|not reading, try later)| needs its password: LIN <name> <password>)?|(unknown command )?.{0,3}(; HELP lists them)?",
        ) {
            prop_assert_eq!(Refusal::parse(&text).to_string(), text);
        }

        #[test]
        fn unknown_text_parses_as_other(text in "[A-Z][a-z]{0,9} [a-z, ]{0,20}[.?]") {
            prop_assert_eq!(Refusal::parse(&text), Refusal::Other(&text));
        }
    }

    #[test]
    fn the_refusal_of_an_overlong_line_names_the_limit() {
        assert!(TOO_LONG.contains(&MAX_CLIENT_LINE_BYTES.to_string()));
    }
}
