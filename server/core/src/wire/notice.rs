//! Notices: the lines from the server that begin with `* `.

use std::fmt;
use std::str::FromStr;

use super::closing::Closing;
use super::command::Row;
use super::history::History;
use super::who::Online;
use crate::name::Name;

const GREETING: &str = "WAC chat; log in with LIN <name>, HELP lists the commands";
const SLOW_DOWN: &str = "slow down: your lines wait";
const PRESENT: &str = "yes";

const WELCOME: &str = "welcome, ";
const JOINED: &str = " joined";
const LEFT: &str = " left";
const MORE_JOINED: &str = " more joined";
const MORE_LEFT: &str = " more left";
const CLOSING: &str = "closing: ";
const SERVER: &str = "server: ";

/// A notice. It displays as the text after `* `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice<'a> {
    /// The first line of a connection.
    Greeting,
    /// The login succeeded, under this name.
    Welcome(&'a str),
    /// A user of this name logged in.
    Joined(&'a str),
    /// The connection of this user ended.
    Left(&'a str),
    /// The numbers of users who joined and left besides those that were named; not both 0.
    Gathered {
        /// The number of further users who joined.
        joined: u32,
        /// The number of further users who left.
        left: u32,
    },
    /// A line of the answer to `WHO`.
    Online(Online<'a>),
    /// A line of the answer to `HELP`.
    Help(&'static Row),
    /// Flood control holds the sender's lines back.
    SlowDown,
    /// The answer to Telnet's "are you there?".
    Present,
    /// The server closes the connection.
    Closing(Closing<'a>),
    /// The operator says something to everybody.
    Server(&'a str),
    /// A line of a replay that is not the room's.
    History(History),
    /// Anything else: the operator's greeting, or a notice of another version.
    Other(&'a str),
}

impl<'a> Notice<'a> {
    /// Parses the text after `* `. The result displays as that text, whatever it is.
    pub fn parse(text: &'a str) -> Self {
        fixed(text)
            .or_else(|| Some(Self::Welcome(name(text.strip_prefix(WELCOME)?)?)))
            .or_else(|| Some(Self::Closing(Closing::parse(text.strip_prefix(CLOSING)?))))
            .or_else(|| Some(Self::Joined(name(text.strip_suffix(JOINED)?)?)))
            .or_else(|| Some(Self::Left(name(text.strip_suffix(LEFT)?)?)))
            .or_else(|| gathered(text))
            .or_else(|| Online::parse(text).map(Self::Online))
            .or_else(|| Row::of_help(text).map(Self::Help))
            .or_else(|| text.strip_prefix(SERVER).map(Self::Server))
            .or_else(|| History::parse(text).map(Self::History))
            .unwrap_or(Self::Other(text))
    }
}

fn fixed(text: &str) -> Option<Notice<'_>> {
    Some(match text {
        GREETING => Notice::Greeting,
        SLOW_DOWN => Notice::SlowDown,
        PRESENT => Notice::Present,
        _ => return None,
    })
}

/// Parses `129 more joined, 12 more left`, or either alone.
fn gathered(text: &str) -> Option<Notice<'_>> {
    let joined = |text: &str| positive(text.strip_suffix(MORE_JOINED)?);
    let left = |text: &str| positive(text.strip_suffix(MORE_LEFT)?);
    let (joined, left) = match text.split_once(", ") {
        Some((came, went)) => (joined(came)?, left(went)?),
        None => match joined(text) {
            Some(joined) => (joined, 0),
            None => (0, left(text)?),
        },
    };
    Some(Notice::Gathered { joined, left })
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Greeting => f.write_str(GREETING),
            Self::Welcome(name) => write!(f, "{WELCOME}{name}"),
            Self::Joined(name) => write!(f, "{name}{JOINED}"),
            Self::Left(name) => write!(f, "{name}{LEFT}"),
            Self::Gathered { joined, left: 0 } => write!(f, "{joined}{MORE_JOINED}"),
            Self::Gathered { joined: 0, left } => write!(f, "{left}{MORE_LEFT}"),
            Self::Gathered { joined, left } => {
                write!(f, "{joined}{MORE_JOINED}, {left}{MORE_LEFT}")
            }
            Self::Online(online) => online.fmt(f),
            Self::Help(row) => row.fmt(f),
            Self::SlowDown => f.write_str(SLOW_DOWN),
            Self::Present => f.write_str(PRESENT),
            Self::Closing(closing) => write!(f, "{CLOSING}{closing}"),
            Self::Server(text) => write!(f, "{SERVER}{text}"),
            Self::History(line) => line.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Returns the text if it is a name as the server spells it.
pub(super) fn name(text: &str) -> Option<&str> {
    let name: Name = text.parse().ok()?;
    (name.as_str() == text).then_some(text)
}

/// Parses a number as it is displayed, from 1.
pub(super) fn positive<N: FromStr>(text: &str) -> Option<N> {
    let begins = text.starts_with(|digit| ('1'..='9').contains(&digit));
    begins.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::unix_time::UnixSeconds;
    use crate::wire::command::COMMANDS;
    use crate::wire::line::ServerLine;

    /// Returns a notice of each kind.
    fn notices<'a>(name: &'a str, text: &'a str, numbers: (u32, u32)) -> Vec<Notice<'a>> {
        let (joined, left) = numbers;
        let mut notices = vec![
            Notice::Greeting,
            Notice::Welcome(name),
            Notice::Joined(name),
            Notice::Left(name),
            Notice::Gathered { joined, left },
            Notice::Gathered { joined: 0, left },
            Notice::Gathered { joined, left: 0 },
            Notice::SlowDown,
            Notice::Present,
            Notice::Closing(Closing::Kicked(None)),
            Notice::Closing(Closing::Kicked(Some(text))),
            Notice::Closing(Closing::Banned(None)),
            Notice::Closing(Closing::Banned(Some(text))),
            Notice::Server(text),
            Notice::History(History::Begins {
                lines: joined.into(),
                since: UnixSeconds(left.into()),
                is_cut: joined > left,
            }),
            Notice::History(History::At(UnixSeconds(u64::from(left) / 60 * 60))),
            Notice::History(History::Ends),
        ];
        notices.extend(Closing::FIXED.map(Notice::Closing));
        notices.extend(COMMANDS.iter().map(Notice::Help));
        notices
    }

    proptest! {
        #[test]
        fn written_text_parses_back_to_the_same_value(
            name in "[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]{0,31}".prop_filter_map("a name", |text| text.parse::<Name>().ok()),
            text in "\\PC{0,40}",
            numbers in (1..u32::MAX, 1..u32::MAX),
        ) {
            for notice in notices(name.as_str(), &text, numbers) {
                let bytes = ServerLine::Notice(notice).to_bytes();
                let line = std::str::from_utf8(&bytes).unwrap().strip_suffix("\r\n").unwrap();
                prop_assert_eq!(ServerLine::parse(line), ServerLine::Notice(notice));
            }
        }

        #[test]
        fn any_text_displays_as_it_was_parsed(
            text in "\\PC{0,40}|(welcome, )?[a-c., \"]{0,3}( joined| left)?|[0-9+]{0,3} more (joined|left)(, [0-9]{0,2} more left)?|(closing: )?(kicked|banned).{0,3}|server:.{0,3}|(history: [0-9,]{0,5} lines? since |at )[0-9: UTC-]{0,23}|online( \\([0-9]{0,2}\\))?[:, ]{0,2}[a-c, ]{0,5}",
        ) {
            prop_assert_eq!(Notice::parse(&text).to_string(), text);
        }

        #[test]
        fn unknown_text_parses_as_other(text in "[A-Z][a-z]{0,9} [a-z, ]{0,20}[.?]") {
            prop_assert_eq!(Notice::parse(&text), Notice::Other(&text));
        }
    }

    #[test]
    fn similar_text_parses_as_other() {
        for text in [
            "",
            "WAC chat",
            "slow down",
            "welcome, all of you",
            "Ann Lee joined",
            " joined",
            "many more joined",
            "0 more left",
            "007 more left",
            "+1 more joined",
            "2 more left, 1 more joined",
            "LIN",
        ] {
            assert_eq!(Notice::parse(text), Notice::Other(text), "{text}");
        }
    }
}
