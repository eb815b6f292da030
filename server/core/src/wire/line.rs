//! The lines the server sends, written and parsed.

use std::fmt;
use std::io::Write as _;

use super::notice::Notice;
use super::refusal::Refusal;
use crate::mark::may_be_mark;
use crate::name::Name;

/// The ending of every line the server sends, so that telnet displays it correctly.
pub const LINE_END: &[u8] = b"\r\n";

/// A line from the server. Its first characters tell a program what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerLine<'a> {
    /// `name: text`
    Message {
        /// The sender.
        name: &'a str,
        /// The text of the message.
        text: &'a str,
    },
    /// `name whispers, "text"`
    Whisper {
        /// The sender.
        name: &'a str,
        /// The text of the whisper.
        text: &'a str,
    },
    /// `* text`
    Notice(Notice<'a>),
    /// `! text`
    Refusal(Refusal<'a>),
    /// `PONG` or `PONG text`
    Pong(Option<&'a str>),
    /// `MARK token`
    Mark(&'a str),
    /// Anything else.
    Secret(&'a str),
}

impl<'a> ServerLine<'a> {
    /// Parses a line without its ending.
    pub fn parse(line: &'a str) -> Self {
        if let Some(text) = line.strip_prefix("* ") {
            return Self::Notice(Notice::parse(text));
        }
        if let Some(text) = line.strip_prefix("! ") {
            return Self::Refusal(Refusal::parse(text));
        }
        if let Some(text) = line.strip_prefix("PONG") {
            if text.is_empty() {
                return Self::Pong(None);
            }
            if let Some(text) = text.strip_prefix(' ') {
                return Self::Pong(Some(text));
            }
        }
        if let Some(token) = line
            .strip_prefix("MARK ")
            .filter(|token| may_be_mark(token))
        {
            return Self::Mark(token);
        }
        said(line).unwrap_or(Self::Secret(line))
    }

    /// Appends the line with its ending to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let parts: [&str; 4] = match *self {
            Self::Message { name, text } => [name, ": ", text, ""],
            Self::Whisper { name, text } => [name, " whispers, \"", text, "\""],
            Self::Notice(notice) => return write_shown("* ", &notice, out),
            Self::Refusal(refusal) => return write_shown("! ", &refusal, out),
            Self::Pong(None) => ["PONG", "", "", ""],
            Self::Pong(Some(text)) => ["PONG ", text, "", ""],
            Self::Mark(token) => ["MARK ", token, "", ""],
            Self::Secret(text) => [text, "", "", ""],
        };
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(LINE_END);
    }

    /// Returns the line without its ending.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes.truncate(bytes.len() - LINE_END.len());
        String::from_utf8(bytes).expect("it is written from text")
    }

    /// Returns the line with its ending.
    pub fn to_bytes(&self) -> Box<[u8]> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes.into()
    }
}

fn write_shown(mark: &str, text: &dyn fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{mark}{text}").expect("a Vec takes everything");
    out.extend_from_slice(LINE_END);
}

/// Parses `name: text` or `name whispers, "text"`.
fn said(line: &str) -> Option<ServerLine<'_>> {
    let (name, rest) = line.split_at(line.find([':', ' '])?);
    name.parse::<Name>().ok()?;
    if let Some(text) = rest.strip_prefix(": ") {
        return Some(ServerLine::Message { name, text });
    }
    let text = rest.strip_prefix(" whispers, \"")?.strip_suffix('"')?;
    Some(ServerLine::Whisper { name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_line_parses_back_to_the_same_value() {
        let lines = [
            ServerLine::Message {
                name: "Jack",
                text: "hi: there",
            },
            ServerLine::Message {
                name: "Jack",
                text: " whispers, \"x\"",
            },
            ServerLine::Whisper {
                name: "Jack",
                text: "Hi, How are you?",
            },
            ServerLine::Whisper {
                name: "Zoë",
                text: "\"quoted\"",
            },
            ServerLine::Notice(Notice::Welcome("Jack")),
            ServerLine::Refusal(Refusal::NoText),
            ServerLine::Pong(None),
            ServerLine::Pong(Some("x y")),
            ServerLine::Mark("00000000000000a5-7"),
            ServerLine::Secret("0123456789abcdef"),
            ServerLine::Secret("MARK my words"),
            ServerLine::Secret("PONGO is a secret"),
        ];
        for line in lines {
            let bytes = line.to_bytes();
            let text = std::str::from_utf8(&bytes)
                .unwrap()
                .strip_suffix("\r\n")
                .unwrap();
            assert_eq!(ServerLine::parse(text), line);
            assert_eq!(line.to_text(), text);
        }
    }

    #[test]
    fn a_whisper_is_quoted_exactly_as_specified() {
        let line = ServerLine::Whisper {
            name: "Jack",
            text: "Hi, How are you?",
        };
        assert_eq!(
            &*line.to_bytes(),
            b"Jack whispers, \"Hi, How are you?\"\r\n"
        );
    }
}
