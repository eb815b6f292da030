//! The commands of a client: one table, read by the parser and by `HELP`.

use std::fmt;

use super::line::ServerLine;
use super::notice::Notice;
use crate::text::is_blank;

/// A row of the command table.
#[derive(Debug)]
pub struct Row {
    /// The command's word; a client may write it in any case.
    pub word: &'static str,
    /// The arguments after the word; empty if there are none.
    pub arguments: &'static str,
    /// The description that `HELP` shows.
    pub does: &'static str,
    /// The cost under flood control.
    pub cost: Cost,
    read: for<'a> fn(&'a str) -> Result<Command<'a>, Malformed>,
}

/// The cost of a command under flood control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Nothing at all.
    Free,
    /// A fifth of a line.
    Fifth,
    /// A line.
    Line,
    /// Five lines, or the whole burst if that is less.
    FiveLines,
    /// The whole burst.
    Burst,
}

/// The number of lines that `HIST` shows by itself, and the most that it shows.
const HISTORY_LINES: u64 = 20;
const MOST_HISTORY_LINES: u64 = 1000;

/// The table of commands.
pub const COMMANDS: &[Row] = &[
    Row {
        word: "LIN",
        arguments: "name",
        does: "log in, once",
        cost: Cost::Fifth,
        read: |rest| Ok(Command::LogIn(LoginWords(rest))),
    },
    Row {
        word: "MSG",
        arguments: "text",
        does: "say something to everyone else",
        cost: Cost::Line,
        read: |rest| {
            if is_blank(rest) {
                Err(Malformed::NoText)
            } else {
                Ok(Command::Message(rest))
            }
        },
    },
    Row {
        word: "W",
        arguments: "name text",
        does: "whisper to one user alone",
        cost: Cost::Line,
        read: whisper,
    },
    Row {
        word: "WHO",
        arguments: "",
        does: "list who is online",
        cost: Cost::FiveLines,
        read: |_| Ok(Command::Who),
    },
    Row {
        word: "SEC",
        arguments: "",
        does: "tell the server's secret",
        cost: Cost::Line,
        read: |_| Ok(Command::Secret),
    },
    Row {
        word: "PING",
        arguments: "[text]",
        does: "answer PONG [text]",
        cost: Cost::Fifth,
        read: |rest| Ok(Command::Ping(Some(rest).filter(|text| !text.is_empty()))),
    },
    Row {
        word: "HIST",
        arguments: "[n]",
        does: "show the room's last n lines, or 20",
        cost: Cost::FiveLines,
        read: |rest| lines(rest).map(Command::History),
    },
    Row {
        word: "MARK",
        arguments: "",
        does: "name this place in the room",
        cost: Cost::Line,
        read: |_| Ok(Command::Mark),
    },
    Row {
        word: "SINCE",
        arguments: "mark",
        does: "show what the room said since a mark",
        cost: Cost::Burst,
        read: |rest| Ok(Command::Since(rest.trim())),
    },
    Row {
        word: "HELP",
        arguments: "",
        does: "list the commands",
        cost: Cost::Line,
        read: |_| Ok(Command::Help),
    },
    Row {
        word: "QUIT",
        arguments: "",
        does: "say goodbye and close",
        cost: Cost::Free,
        read: |_| Ok(Command::Quit),
    },
];

/// A parsed command; its arguments are not checked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// `LIN name`, or `LIN name password` where names are registered.
    LogIn(LoginWords<'a>),
    /// `MSG text`, the text not blank.
    Message(&'a str),
    /// `W name text`, the text not blank.
    Whisper {
        /// The addressee, without quotes.
        to: &'a str,
        /// The text of the whisper.
        text: &'a str,
    },
    /// `WHO`
    Who,
    /// `SEC`
    Secret,
    /// `PING [text]`
    Ping(Option<&'a str>),
    /// `HIST [n]`: the room's last lines.
    History(u64),
    /// `MARK`
    Mark,
    /// `SINCE mark`
    Since(&'a str),
    /// `HELP`
    Help,
    /// `QUIT`
    Quit,
}

/// The words after `LIN`. They show no password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LoginWords<'a>(&'a str);

impl<'a> LoginWords<'a> {
    /// Takes all of them as the name, without quotes and blanks around it.
    pub fn name(self) -> &'a str {
        unquoted(self.0)
    }

    /// Splits them into the name and the password, which is all that stands after the name and one space, if there is more
    /// than blanks.
    pub fn name_and_password(self) -> (&'a str, Option<&'a str>) {
        let (name, password) = addressee(self.0.trim_start());
        (name.trim(), Some(password).filter(|text| !is_blank(text)))
    }
}

impl fmt::Debug for LoginWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginWords")
    }
}

/// A known command whose arguments are missing or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// `MSG` or `W` without a text.
    NoText,
    /// `HIST` with something that is no number of lines.
    NotACount,
}

/// A parsed line of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing but blanks: ignored.
    Blank,
    /// A command of the table.
    Known(&'static Row, Result<Command<'a>, Malformed>),
    /// An unknown command; the word as the client wrote it.
    Unknown(&'a str),
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Row {}

impl Row {
    /// Returns the row that a line of the answer to `HELP` shows.
    pub(super) fn of_help(text: &str) -> Option<&'static Self> {
        let of_its_word = |row: &&Self| text.starts_with(row.word);
        let mut rows = COMMANDS.iter().filter(of_its_word);
        rows.find(|row| row.to_string() == text)
    }
}

/// Writes the row as `HELP` shows it.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = format!("{} {}", self.word, self.arguments);
        write!(f, "{usage:<12}  {}", self.does)
    }
}

impl<'a> Line<'a> {
    /// Parses a cleaned line: a word, one space, and the rest.
    pub fn parse(line: &'a str) -> Self {
        if is_blank(line) {
            return Self::Blank;
        }
        let line = line.trim_start();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match COMMANDS
            .iter()
            .find(|row| row.word.eq_ignore_ascii_case(word))
        {
            Some(row) => Self::Known(row, (row.read)(rest)),
            None => Self::Unknown(word),
        }
    }

    /// Returns the cost of the line under flood control.
    pub fn cost(&self) -> Cost {
        match self {
            Self::Known(row, _) => row.cost,
            Self::Blank | Self::Unknown(_) => Cost::Line,
        }
    }
}

/// Parses the number of lines that `HIST` is to show.
fn lines(rest: &str) -> Result<u64, Malformed> {
    match rest.trim() {
        "" => Ok(HISTORY_LINES),
        count => {
            let count = count.parse().map_err(|_| Malformed::NotACount)?;
            let is_count = (1..=MOST_HISTORY_LINES).contains(&count);
            is_count.then_some(count).ok_or(Malformed::NotACount)
        }
    }
}

/// Removes blanks and one pair of double quotes around a name.
fn unquoted(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .map_or(name, str::trim)
}

fn whisper(rest: &str) -> Result<Command<'_>, Malformed> {
    let (to, text) = addressee(rest.trim_start());
    if is_blank(text) {
        Err(Malformed::NoText)
    } else {
        Ok(Command::Whisper { to, text })
    }
}

/// Splits `name text` or `"name" text` after the name.
fn addressee(rest: &str) -> (&str, &str) {
    if let Some((name, text)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        return (name.trim(), text.strip_prefix(' ').unwrap_or(text));
    }
    rest.split_once(' ').unwrap_or((rest, ""))
}

/// Writes the answer to `HELP`: the commands, one notice each.
pub fn write_help(out: &mut Vec<u8>) {
    for row in COMMANDS {
        ServerLine::Notice(Notice::Help(row)).write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command<'_>, Malformed> {
        match Line::parse(line) {
            Line::Known(_, command) => command,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn login(line: &str) -> LoginWords<'_> {
        match read(line) {
            Ok(Command::LogIn(words)) => words,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_password_is_what_stands_after_the_name_and_one_space() {
        for (line, name, password) in [
            ("LIN Jack pw", "Jack", Some("pw")),
            ("LIN  Jack  two words ", "Jack", Some(" two words ")),
            ("LIN \"Jack\" \"pw\"", "Jack", Some("\"pw\"")),
            ("LIN \" Jack \"pw", "Jack", Some("pw")),
            ("LIN Jack", "Jack", None),
            ("LIN Jack  ", "Jack", None),
            ("LIN \tJack\t", "Jack", None),
            ("LIN", "", None),
        ] {
            assert_eq!(login(line).name_and_password(), (name, password), "{line}");
            assert!(!format!("{:?}", Line::parse(line)).contains("pw"));
        }
    }

    #[test]
    fn a_command_is_its_word_one_space_and_the_rest() {
        assert_eq!(read("MSG hi there "), Ok(Command::Message("hi there ")));
        assert_eq!(read("msg  two blanks"), Ok(Command::Message(" two blanks")));
        assert_eq!(
            read("W bob  psst"),
            Ok(Command::Whisper {
                to: "bob",
                text: " psst"
            })
        );
        assert_eq!(read("ping"), Ok(Command::Ping(None)));
        assert_eq!(read("PING a b"), Ok(Command::Ping(Some("a b"))));
        assert_eq!(read("Quit"), Ok(Command::Quit));
    }

    #[test]
    fn quotes_mark_a_name_and_are_ordinary_in_a_text() {
        assert_eq!(login("LIN  \" Jack \" ").name(), "Jack");
        assert_eq!(login("LIN \"").name(), "\"");
        assert_eq!(read("MSG \"hi\""), Ok(Command::Message("\"hi\"")));
        assert_eq!(
            read("W \"Jack\" \"hi\""),
            Ok(Command::Whisper {
                to: "Jack",
                text: "\"hi\""
            })
        );
    }

    #[test]
    fn a_blank_text_is_no_text() {
        for line in ["MSG", "MSG ", "MSG  \t ", "W", "W bob", "W bob  "] {
            assert_eq!(read(line), Err(Malformed::NoText), "{line:?}");
        }
    }

    #[test]
    fn an_unknown_command_keeps_its_word() {
        assert_eq!(Line::parse("hello world"), Line::Unknown("hello"));
        assert_eq!(Line::parse("MSGhello"), Line::Unknown("MSGhello"));
        assert_eq!(Line::parse(" \t"), Line::Blank);
    }

    #[test]
    fn the_readme_has_the_table() {
        let readme = include_str!("../../README.md");
        for row in COMMANDS {
            let usage = format!("{} {}", row.word, row.arguments);
            let line = format!("| `{}` | {} |", usage.trim_end(), row.does);
            assert!(readme.contains(&line), "{line}");
        }
    }

    #[test]
    fn help_has_a_line_for_each_command() {
        let mut out = Vec::new();
        write_help(&mut out);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), COMMANDS.len());
        for (line, row) in lines.iter().zip(COMMANDS) {
            assert!(line.starts_with(&format!("* {}", row.word)), "{line}");
        }
    }
}
